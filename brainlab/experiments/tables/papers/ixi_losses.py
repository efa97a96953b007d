"""The losses of the IXI thesis' VAE and VQ-VAE at the end of training (section 3.3.6), and what they come to.

The thesis shows losses as curves and pictures by eye; what tells whether a code carries anything, how many codes are
used and how sharp the images are stands beside them here.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from brainlab.errors import InputError
from brainlab.experiments.tables.registry import PaperTable, Rebuilt, Row, Sources

if TYPE_CHECKING:
    import pandas as pd

    from brainlab.runs.run import Run

VAE, VQVAE = "VAE", "VQ-VAE"
PRESETS = {VAE: "vae2d-1024", VQVAE: "vqvae2d"}
"""Methods as published, each with the preset whose runs, and those of its variants, stand for it."""

COLLAPSED_BELOW = 0.1
"""Share of active units under which a posterior counts as collapsed: the others are the prior, whatever the image."""

OF_DISTRIBUTIONS = ("kl", "active_units", "active_share", "collapsed")
OF_CODES = ("codebook_perplexity",)
SHARES_OF_REAL = ("sharpness_reconstructed", "sharpness_generated")
PUBLISHED: tuple[Row, ...] = (
    {"method": VAE, "epochs": 500, "latent_dim": 1024, "kl": 11.0},
    {"method": VQVAE, "epochs": 500, "codes": 128},
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
            "reconstruction_loss": f"{SCALE:g} x mean squared error of a pixel, over the last epoch's training images",
            "loss": "a run's objective divided by loss_divisor, so that its reconstruction part is reconstruction_loss",
            "kl": "nats, over the last epoch's training images",
            "active_unit": f"a dimension whose KL over held-out images is above {ACTIVE_KL:g} nats on average",
            "collapsed": f"fewer than {COLLAPSED_BELOW:.0%} of the dimensions are active units",
            "codebook_perplexity": "of the entries chosen in the last epoch",
            "sharpness": "variance of the Laplacian, as a share of that of the real slices of the same evaluation",
            "published_data": "T1-weighted axial slices of 128 x 128 pixels, of IXI",
        },
        notes=("The rebuilt rows are of simulated scans.",) if any(row.get("simulated") for row in rows) else (),
    )


def _row(method: str, run: "Run") -> Row:
    """Return the row of a run: what it logged of its last epoch, and what its evaluation says."""
    from brainlab.experiments.analysis.thesis_losses import thesis_losses

    row: dict[str, Any] = {"method": method, "run": run.name, "preset": run.preset, "simulated": run.simulated}
    try:
        losses = thesis_losses(run)
    except InputError as error:
        return {**row, "missing": str(error)}
    row |= {
        "epochs": int(losses.epochs[-1]),
        "epochs_planned": run.schedule.epochs,
        "loss": float(losses.total[-1]),
        "loss_divisor": losses.divisor,
        "reconstruction_loss": float(losses.reconstruction[-1]),
    }
    undefined: dict[str, str] = {}
    if method == VAE:
        row |= {"latent_dim": run.latent_dim, "kl": float(losses.code[-1]), "codebook_perplexity": None}
        undefined |= dict.fromkeys(OF_CODES, "a VAE has no codebook")
        row |= _activity(losses.last.get("active_units"), run.latent_dim, undefined)
    else:
        row |= {"codes": run.config.entries, **dict.fromkeys(OF_DISTRIBUTIONS)}
        undefined |= dict.fromkeys(OF_DISTRIBUTIONS, "a code is entries of a codebook, without a distribution")
        row["codebook_perplexity"] = _number(losses.last, "codebook_perplexity", undefined)
    row |= _evaluated(run, undefined)
    return {**row, "undefined": undefined} if undefined else row


def _activity(active: Any, latent_dim: int, undefined: dict[str, str]) -> dict[str, Any]:
    """Return how many dimensions carry something, and whether that is a collapse."""
    if not isinstance(active, int):
        undefined |= dict.fromkeys(OF_DISTRIBUTIONS[1:], "not in the last line of metrics.jsonl; train the run again")
        return dict.fromkeys(OF_DISTRIBUTIONS[1:])
    share = active / latent_dim
    return {"active_units": active, "active_share": share, "collapsed": share < COLLAPSED_BELOW}


def _number(line: dict[str, Any], name: str, undefined: dict[str, str]) -> float | None:
    value = line.get(name)
    if isinstance(value, int | float):
        return float(value)
    undefined[name] = "not in the last line of metrics.jsonl; train the run again"
    return None


def _evaluated(run: "Run", undefined: dict[str, str]) -> dict[str, Any]:
    """Return the error of held-out reconstructions, and how sharp they and samples are beside real slices."""
    from brainlab.experiments.evaluation.run_scores import scores_of

    names = ("mse", *SHARES_OF_REAL)
    try:
        scores = scores_of(run)
    except InputError as error:
        undefined |= dict.fromkeys(names, str(error))
        return dict.fromkeys(names)
    conditions = next(iter(scores.values())).conditions
    cells: dict[str, Any] = {
        "data": conditions.data,
        "data_sha256": conditions.data_sha256,
        "real_scans": conditions.real_scans,
        "n": conditions.generated,
    }
    real = scores.get("sharpness_real")
    for name in names:
        score = scores.get(name)
        cells[name] = None
        if score is None or (name != "mse" and real is None):
            undefined[name] = "not in this evaluation; run 'brainlab evaluate' again"
        elif score.value is None:
            undefined[name] = score.undefined
        elif name == "mse" or real is None:
            cells[name] = score.value
        elif not real.value:
            undefined[name] = real.undefined or "real slices without any sharpness"
        elif score.settings.get("range") != real.settings.get("range"):
            undefined[name] = "of images in another range than the real ones; run 'brainlab evaluate' again"
        else:
            cells[name] = score.value / real.value
    return cells


def layout(rows: Iterable[Row]) -> "pd.DataFrame":
    """Return the rows with losses first, then what the code carries, then images."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "method": row["method"],
                "run": row.get("run", "-"),
                "epochs": _of(row.get("epochs"), row.get("epochs_planned")),
                "loss": _text(row.get("loss"), ".2f"),
                "reconstr. loss": _text(row.get("reconstruction_loss"), ".2f"),
                "KL, nats": _text(row.get("kl"), ".1f"),
                "active units": _of(row.get("active_units"), row.get("latent_dim")),
                "collapsed": _yes_or_no(row.get("collapsed")),
                "perplexity": _of(row.get("codebook_perplexity"), row.get("codes"), ".0f"),
                "MSE, held-out": _text(row.get("mse"), ".4f"),
                "sharpness, reconstr.": _text(row.get("sharpness_reconstructed"), ".2f"),
                "sharpness, samples": _text(row.get("sharpness_generated"), ".2f"),
            }
            for row in rows
        ]
    )


def _text(value: float | None, form: str) -> str:
    return "-" if value is None else f"{value:{form}}"


def _yes_or_no(value: bool | None) -> str:
    return "-" if value is None else "yes" if value else "no"


def _of(value: float | None, whole: int | None, form: str = ".0f") -> str:
    """Return a number of a whole, with `-` for what is not known."""
    if whole is None:
        return _text(value, form)
    return f"{_text(value, form)} of {whole:,}"


TABLE = PaperTable(
    name="ixi-losses",
    title="losses at the end of training, and what code and images come to",
    source="IXI thesis, section 3.3.6 and figure 3.16",
    build=build,
    layout=layout,
    reading=(
        "The thesis prints its losses as curves (figure 3.16) and no figure of any of them, hence the dashes. That its "
        "VAE's KL ends near 11 nats is from the logs of its public code.",
        "Losses are on the thesis' scale, on which the reconstruction loss is 1,000 times the mean squared error of a "
        "pixel; they are of training images, the held-out MSE of others.",
        "The thesis takes the KL that rises over the epochs for an error. It is the price of what a code says: 0 nats "
        "would say nothing. With few active units the posterior has collapsed: nearly all dimensions are the prior "
        "whatever the image, and images are blurred.",
        "Perplexity: how many codes, all used alike, would be as hard to guess. Sharpness is a share of that of real "
        "slices: below 1 is blur, above may be noise.",
    ),
)
