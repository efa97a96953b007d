"""Losses of the IXI thesis's VAE and VQ-VAE at the end of training, and what became of their codes and images.

The thesis prints curves of its losses (figure 3.16) and no table: this one names where the curves of runs at hand end.
"""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from brainlab.errors import InputError
from brainlab.experiments.tables.registry import PaperTable, Rebuilt, Row, Sources

if TYPE_CHECKING:
    import pandas as pd

    from brainlab.runs.run import Run

PRESETS = {"VAE": "vae2d-1024", "VQ-VAE": "vqvae2d"}
"""Methods of the thesis, each with the preset whose runs, and those of its variants, stand for it."""

THESIS_SCALE = 1000.0
"""The thesis's reconstruction loss is so many times the mean squared error of a pixel (spelt out in its code)."""

COLLAPSED_BELOW = 0.05
"""A posterior counts as collapsed where a smaller share of the dimensions is active. Codes of the thesis's length that
are in full use have hundreds of active dimensions; collapsed ones, a handful."""

MEASURED = ("mse", "sharpness_reconstructed", "sharpness_generated")
SHARES = ("sharpness_reconstructed", "sharpness_generated")
"""Columns read from the evaluation; the latter as a share of the sharpness of real slices."""

OF_KL = ("kl", "active_units", "latent_dim", "collapsed")
OF_CODEBOOK = ("codebook_perplexity", "codes")
NO_KL = "its code is discrete and has no KL"
NO_CODEBOOK = "its code is continuous and has no codebook"
NOT_LOGGED = "not in the last epoch's line of metrics.jsonl"
OLD = "not in this evaluation; run 'brainlab evaluate' again"


def build(sources: Sources) -> Rebuilt:
    """Rebuild the table: a row a run of each method."""
    from brainlab.experiments.tables.runs_at_hand import of_preset

    rows: list[Row] = []
    simulated = False
    for method, preset in PRESETS.items():
        runs = of_preset(sources.runs(), preset)
        if not runs:
            rows.append({"method": method, "missing": f"no run of the preset {preset} or a variant of it is at hand"})
        for run in runs:
            rows.append(_row(method, run))
            simulated = simulated or run.simulated
    return Rebuilt(
        rows=tuple(rows),
        published=(
            {"method": "VAE", "kl": 11.0, "latent_dim": 1024},
            {"method": "VQ-VAE", "codes": 128},
        ),
        settings={
            "loss": "mean over the last epoch of what was minimised, in the units of each method",
            "reconstruction": f"{THESIS_SCALE:g} times the mean squared error a pixel, mean over the last epoch",
            "kl": "nats a slice, mean over the last epoch",
            "active_units": "dimensions of mean KL above 0.01 nats on held-out slices",
            "collapsed": f"fewer than {COLLAPSED_BELOW:.0%} of the dimensions are active",
            "codebook_perplexity": "of how often each code was chosen in the last epoch",
            "sharpness": "variance of the Laplacian as a share of that of real slices",
        },
        notes=(
            "The thesis prints curves of its losses and no numbers, hence '-'. The KL of its VAE, about 11 nats over "
            "1,024 dimensions, is where its own training log ends.",
            *(("The rebuilt rows are of simulated scans.",) if simulated else ()),
        ),
    )


def _row(method: str, run: "Run") -> dict[str, Any]:
    """Return the row of a run; what was not logged or not measured is None and says why."""
    trained, undefined = _training(run)
    measured, unmeasured = _evaluation(run)
    undefined |= unmeasured
    named = {"method": method, "run": run.name, "preset": run.preset, "simulated": run.simulated}
    return {**named, **trained, **measured, **({"undefined": undefined} if undefined else {})}


def _training(run: "Run") -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the last epoch's line of a run says, and why the rest is not there."""
    unknown = NOT_LOGGED
    try:
        lines = [line for line in run.metrics().to_dict("records") if line["kind"] == "epoch"]
    except InputError as error:
        lines, unknown = [], str(error)
    last: dict[Any, Any] = lines[-1] if lines else {}
    discrete = run.method.name == "vqvae"
    error_sum, active = _number(last, "squared_error"), _number(last, "active_units")
    cells = {
        "epochs": _whole(_number(last, "epoch")),
        "loss": _number(last, "loss"),
        "reconstruction": None if error_sum is None else THESIS_SCALE * error_sum / math.prod(run.outline.sample_shape),
        "kl": _number(last, "kl_real"),
        "active_units": _whole(active),
        "latent_dim": None if discrete else run.latent_dim,
        "collapsed": None if active is None else active < COLLAPSED_BELOW * run.latent_dim,
        "codebook_perplexity": _number(last, "codebook_perplexity"),
        "codes": run.config.entries if discrete else None,
    }
    never = dict.fromkeys(OF_KL, NO_KL) if discrete else dict.fromkeys(OF_CODEBOOK, NO_CODEBOOK)
    return cells, {name: never.get(name, unknown) for name, value in cells.items() if value is None}


def _evaluation(run: "Run") -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the evaluation says of a run's images, and why the rest is not there."""
    from brainlab.experiments.evaluation.run_scores import scores_of

    try:
        scores = scores_of(run)
    except InputError as error:
        return dict.fromkeys(MEASURED), dict.fromkeys(MEASURED, str(error))
    cells: dict[str, Any] = {}
    undefined = {}
    for name in MEASURED:
        needed = (name, "sharpness_real") if name in SHARES else (name,)
        found = [scores.get(metric) for metric in needed]
        reason = next((score.undefined if score else OLD for score in found if not score or score.value is None), "")
        values = [score.value for score in found if score and score.value is not None]
        if not reason and name in SHARES and not values[1] > 0:
            reason = "real slices without sharpness have no share"
        cells[name] = None if reason else values[0] / (values[1] if name in SHARES else 1)
        if reason:
            undefined[name] = reason
    return cells, undefined


def _number(line: Mapping[Any, Any], name: str) -> float | None:
    """Return a finite number of a line of `metrics.jsonl`, else None."""
    value = line.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def layout(rows: Iterable[Row]) -> "pd.DataFrame":
    """Return the rows with a column for each loss, each part of the code in use, and each measure of the images."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "method": row["method"],
                "run": row.get("run", "-"),
                "epochs": _shown(row.get("epochs"), ",d"),
                "training loss": _shown(row.get("loss"), ",.2f"),
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
        "Training loss: what was minimised, in the units of each method, so that it cannot be compared between them. "
        f"Reconstruction: {THESIS_SCALE:,.0f} times the mean squared error a pixel of training slices in [0, 1], as in "
        "the thesis. MSE: of held-out slices.",
        "Active units: dimensions whose mean KL is above 0.01 nats; the posterior counts as collapsed where fewer than "
        f"{COLLAPSED_BELOW:.0%} of them are. The thesis takes its rising KL for an error: it is what a collapsed "
        "posterior looks like while a few dimensions begin to carry something.",
        "Codes in use: perplexity of the codebook, of how many codes. Sharpness: variance of the Laplacian, as a share "
        "of that of held-out slices.",
    ),
)
