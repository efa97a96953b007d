"""Losses of the IXI thesis's VAE and VQ-VAE at the end of training, and what became of their codes and images.

The thesis prints curves of its losses (figure 3.16) and no table: this one tells where the curves of runs at hand end,
whether the posterior collapsed, how many codes are used, and how near to real slices the images are.
"""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from brainlab.errors import InputError
from brainlab.experiments.tables.registry import PaperTable, Rebuilt, Row, Sources
from brainlab.experiments.tables.run_rows import SIMULATED

if TYPE_CHECKING:
    import pandas as pd

    from brainlab.runs.run import Run

PRESETS = {"VAE": "vae2d-1024", "VQ-VAE": "vqvae2d"}
"""Methods of the thesis, each with the preset whose runs, and those of its variants, stand for it."""

COLLAPSED_BELOW = 0.05
"""A posterior counts as collapsed where a smaller share of the dimensions is active. Codes of the thesis's length that
are in full use have hundreds of active dimensions; collapsed ones, a handful."""

LOSSES = ("epochs", "loss", "loss_divisor", "reconstruction")
OF_KL = ("kl", "active_units", "latent_dim", "collapsed")
OF_CODEBOOK = ("codebook_perplexity", "codes")
SHARES = ("sharpness_reconstructed", "sharpness_generated")
"""Columns read from the evaluation, as a share of the sharpness of real slices."""

NO_KL = "its code is discrete and has no KL"
NO_CODEBOOK = "its code is continuous and has no codebook"
NOT_LOGGED = "not in the last epoch's line of metrics.jsonl; train the run again"
OLD = "not in this evaluation; run 'brainlab evaluate' again"

PUBLISHED: tuple[Row, ...] = (
    {"method": "VAE", "epochs": 500, "kl": 11.0, "latent_dim": 1024},
    {"method": "VQ-VAE", "epochs": 500, "codes": 128},
)


def build(sources: Sources) -> Rebuilt:
    """Rebuild the table: a row a run of each method."""
    from brainlab.experiments.analysis.thesis_losses import SCALE
    from brainlab.experiments.tables.runs_at_hand import of_preset
    from brainlab.training.diagnostics import ACTIVE_KL

    rows: list[Row] = []
    for method, preset in PRESETS.items():
        runs = of_preset(sources.runs(), preset)
        if not runs:
            rows.append({"method": method, "missing": f"no run of the preset {preset} or a variant of it is at hand"})
        rows += [_row(method, run) for run in runs]
    return Rebuilt(
        rows=tuple(rows),
        published=PUBLISHED,
        settings={
            "loss": "a run's objective divided by loss_divisor, so that its reconstruction part is `reconstruction`",
            "reconstruction": f"{SCALE:g} times the mean squared error of a pixel, over the last line's slices",
            "kl": "nats a slice, over the slices of the last line of losses",
            "active_units": f"dimensions whose mean KL over held-out slices is above {ACTIVE_KL:g} nats",
            "collapsed": f"fewer than {COLLAPSED_BELOW:.0%} of the dimensions are active",
            "codebook_perplexity": "of how often each code was chosen, by the last line of losses",
            "mse": "of held-out slices",
            "sharpness": "variance of the Laplacian, as a share of that of the real slices of the same evaluation",
        },
        notes=(
            "The thesis prints curves of its losses and no numbers, hence '-'. The KL of its VAE, about 11 nats over "
            "1,024 dimensions, is where its own training log ends.",
            *((SIMULATED,) if any(row.get("simulated") for row in rows) else ()),
        ),
    )


def _row(method: str, run: "Run") -> Row:
    """Return the row of a run; what was not logged or not measured is None and says why."""
    trained, undefined = _training(run)
    measured, unmeasured = _evaluation(run)
    undefined |= unmeasured
    named = {"method": method, "run": run.name, "preset": run.preset, "simulated": run.simulated}
    return {**named, **trained, **measured, **({"undefined": undefined} if undefined else {})}


def _training(run: "Run") -> tuple[dict[str, Any], dict[str, str]]:
    """Return what a run logged of its last epoch, and why the rest is not there."""
    from brainlab.experiments.analysis.thesis_losses import thesis_losses
    from brainlab.generators.vqvae import VQVAEConfig

    try:
        losses = thesis_losses(run)
    except InputError as error:
        names = (*LOSSES, *OF_KL, *OF_CODEBOOK)
        return dict.fromkeys(names), dict.fromkeys(names, str(error))
    cells: dict[str, Any] = {
        "epochs": int(losses.epochs[-1]),
        "loss": float(losses.total[-1]),
        "loss_divisor": losses.divisor,
        "reconstruction": float(losses.reconstruction[-1]),
    }
    if isinstance(run.config, VQVAEConfig):
        found = {"codebook_perplexity": _number(losses.last, "codebook_perplexity"), "codes": run.config.entries}
        never = dict.fromkeys(OF_KL, NO_KL)
    else:
        active = _number(losses.last, "active_units")
        found = {
            "kl": float(losses.code[-1]),
            "active_units": None if active is None else int(active),
            "latent_dim": run.latent_dim,
            "collapsed": None if active is None else active < COLLAPSED_BELOW * run.latent_dim,
        }
        never = dict.fromkeys(OF_CODEBOOK, NO_CODEBOOK)
    unknown = {name: NOT_LOGGED for name, value in found.items() if value is None}
    return {**cells, **dict.fromkeys(never), **found}, {**never, **unknown}


def _evaluation(run: "Run") -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the evaluation says of a run's images, and why the rest is not there."""
    from brainlab.experiments.evaluation.run_scores import scores_of

    names = ("mse", *SHARES)
    try:
        scores = scores_of(run)
    except InputError as error:
        return dict.fromkeys(names), dict.fromkeys(names, str(error))
    cells: dict[str, Any] = {}
    undefined = {}
    for name in names:
        needed = (name, "sharpness_real") if name in SHARES else (name,)
        found = [scores.get(metric) for metric in needed]
        reason = next((score.undefined if score else OLD for score in found if not score or score.value is None), "")
        values = [score.value for score in found if score and score.value is not None]
        if not reason and name in SHARES and not values[1] > 0:
            reason = "real slices without sharpness have no share"
        if not reason and len({str(score.settings.get("range")) for score in found if score}) > 1:
            reason = "of images in another range than the real ones; run 'brainlab evaluate' again"
        cells[name] = None if reason else values[0] / (values[1] if name in SHARES else 1)
        if reason:
            undefined[name] = reason
    return cells, undefined


def _number(line: Mapping[str, Any], name: str) -> float | None:
    """Return a finite number of a line of `metrics.jsonl`, else None."""
    value = line.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def layout(rows: Iterable[Row]) -> "pd.DataFrame":
    """Return the rows with a column for each loss, each part of the code in use, and each measure of the images."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "method": row["method"],
                "run": row.get("run", "-"),
                "epochs": _shown(row.get("epochs"), ",d"),
                "loss": _shown(row.get("loss"), ",.2f"),
                "reconstruction": _shown(row.get("reconstruction"), ",.2f"),
                "KL, nats": _shown(row.get("kl"), ",.1f"),
                "active units": _of(row.get("active_units"), row.get("latent_dim"), ",d"),
                "collapsed": {True: "yes", False: "no"}.get(row.get("collapsed"), "-"),  # type: ignore[arg-type]
                "codes in use": _of(row.get("codebook_perplexity"), row.get("codes"), ",.1f"),
                "MSE, reconstr.": _shown(row.get("mse"), ".4f"),
                "sharpness, reconstr.": _shown(row.get("sharpness_reconstructed"), ".2f"),
                "sharpness, samples": _shown(row.get("sharpness_generated"), ".2f"),
            }
            for row in rows
        ]
    )


def _shown(value: float | None, form: str) -> str:
    return "-" if value is None else f"{value:{form}}"


def _of(value: float | None, whole: int | None, form: str) -> str:
    return "-" if value is None and whole is None else f"{_shown(value, form)} of {_shown(whole, ',d')}"


TABLE = PaperTable(
    name="ixi-losses",
    title="losses at the end of training, codes in use, and likeness of images",
    source="IXI thesis, section 3.3.6 and figure 3.16",
    build=build,
    layout=layout,
    reading=(
        "Loss and reconstruction: of the training slices since the line of losses before (of the last epoch, where "
        "there are few), on the thesis's scale: reconstruction is 1,000 "
        "times the mean squared error of a pixel (intensities from 0 to 1), and the loss adds what a code costs. MSE: "
        "of held-out slices.",
        "Active units: dimensions whose mean KL is above 0.01 nats; the posterior counts as collapsed where fewer "
        f"than {COLLAPSED_BELOW:.0%} of them are. A collapsed posterior leaves the other dimensions at the prior "
        "whatever the slice, and blurs images. The thesis takes its rising KL for an error: it is the price of what a "
        "code says, and rises as a few dimensions begin to say something.",
        "Codes in use: perplexity of the codebook, of how many codes. Sharpness: variance of the Laplacian, as a share "
        "of that of held-out slices: below 1 is blur, above may be noise.",
    ),
)
