"""Table 1 of the slice VAE paper: distance and variety of generated volumes; and the realistic atlas score (figure 4).

The paper shows the score in a figure without numbers; here it is a column, as is how well slices fit to their
neighbours, which the paper says but does not measure.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from brainlab.evaluation.published import SLICE_VAE, SLICE_VAE_VOLUMES
from brainlab.experiments.tables.registry import PaperTable, Rebuilt, Row, Sources
from brainlab.experiments.tables.run_rows import (
    NOT_ALIKE,
    SIMULATED,
    conditions_of,
    measured,
    merged,
    named,
    no_run,
    scores_or_reason,
)

if TYPE_CHECKING:
    import pandas as pd

    from brainlab.evaluation.scores import Score
    from brainlab.runs.run import Run

REAL = "real scans"
PRESETS = {
    "3D WGAN-GP": "wgan-gp",
    "3D VAE-GAN": "vae-gan",
    "3D alpha-GAN": "alpha-gan",
    "3D alpha-WGAN": "alpha-wgan",
    "3D VAE": "vae3d",
    "slice VAE": "slice-vae",
}
"""Methods as published, each with the preset whose runs, and those of its variants, stand for it: `NAME-64`."""

SIZES = (64, 128, 256)
COLUMNS = {
    "mmd_kwon": "MMD",
    "ms_ssim_kwon": "MS-SSIM",
    "mmd_unbiased": "MMD, unbiased",
    "ms_ssim": "MS-SSIM, standard",
    "ras": "RAS",
    "slice_difference_coronal": "coronal steps",
    "slice_difference_axial": "axial steps",
    "slice_difference_sagittal": "sagittal steps",
}
"""Metrics with their headings: the paper's own, as others define the same, and what goes beyond the table."""

OF_REAL = {"ms_ssim_kwon": "ms_ssim_kwon", "ms_ssim": "ms_ssim", "ras": "ras_real"}
"""What real scans have in the place of samples: the value beside a metric's, or a metric of its own."""

STEPS = tuple(name for name in COLUMNS if name.startswith("slice_difference"))
DECIMALS = {"mmd_kwon": ",.0f", "mmd_unbiased": ",.0f", "ras": ".3f", **dict.fromkeys(STEPS, ".2f")}


def build(sources: Sources) -> Rebuilt:
    """Rebuild the table: a row a run of each method and size, and rows of the real scans they were compared with."""
    from brainlab.experiments.tables.runs_at_hand import of_preset

    rows: list[Row] = []
    real: list[Row] = []
    for side in SIZES:
        printed = {row["model"] for row in SLICE_VAE_VOLUMES.rows if row["voxels a side"] == side}
        for method, preset in PRESETS.items():
            runs = of_preset(sources.runs(), f"{preset}-{side}")
            if not runs and method in printed:
                rows.append({"side": side, "method": method, "missing": no_run(f"{preset}-{side}")})
            for run in runs:
                own, original = _rows(side, method, run)
                rows.append(own)
                if original is not None:
                    real.append(original)
    together = merged(real)
    rows = sorted([*rows, *together], key=lambda row: SIZES.index(row["side"]))
    notes = [NOT_ALIKE.format(REAL)] if len(together) > len({row["side"] for row in together}) else []
    references = {row["ras_reference"] for row in rows if row.get("ras_reference")}
    if references:
        notes.append(f"RAS compares with {' or, by run, with '.join(sorted(references))}.")
    if any(row["simulated"] for row in together):
        notes.append(SIMULATED)
    return Rebuilt(
        rows=tuple(rows),
        published=tuple(
            {
                "side": row["voxels a side"],
                "method": row["model"],
                **{name: row[name] for name in COLUMNS if name in row},
            }
            for row in SLICE_VAE_VOLUMES.rows
        ),
        settings={"published_data": SLICE_VAE_VOLUMES.data, "value_range": [0, 1]},
        notes=tuple(notes),
    )


def _rows(side: int, method: str, run: "Run") -> tuple[Row, Row | None]:
    """Return the row of a run, and that of the real scans it was compared with; None where it was not evaluated."""
    scores, reason = scores_or_reason(run)
    if reason:
        return {"side": side, "method": method, **named(run), "missing": reason}, None
    on = conditions_of(run, scores)
    cells: dict[str, Any] = {}
    undefined = {}
    for name in COLUMNS:
        cells[name], why = measured(scores.get(name))
        if why:
            undefined[name] = why
    of_real: dict[str, Any] = {}
    for name, source in OF_REAL.items():
        score = scores.get(source)
        if score is not None:
            of_real[name] = score.value if source != name else score.settings.get("real")
    return (
        {
            "side": side,
            "method": method,
            **named(run),
            **on,
            "n": on["samples"],
            **cells,
            "ras_reference": _reference(scores),
            **({"undefined": undefined} if undefined else {}),
        },
        {"side": side, "method": REAL, "of_runs": [run.name], **on, "n": on["real_scans"], **of_real},
    )


def _reference(scores: "Mapping[str, Score]") -> str | None:
    """Return whose labels of real scans the atlas score compares with."""
    return scores["ras"].settings.get("reference") if "ras" in scores else None


def layout(rows: Iterable[Row]) -> "pd.DataFrame":
    """Return the rows as the paper prints them, with what goes beyond it where anything does."""
    import pandas as pd

    rows = list(rows)
    shown = [name for name in COLUMNS if any(row.get(name) is not None for row in rows)]
    return pd.DataFrame(
        [
            {
                "side": str(row["side"]),
                "method": row["method"],
                "run": row.get("run") or ", ".join(row.get("of_runs", [])) or "-",
                "n": f"{row['n']:,}" if row.get("n") is not None else "-",
                **{COLUMNS[name]: _cell(name, row.get(name)) for name in shown},
            }
            for row in rows
        ]
    )


def _cell(name: str, value: float | None) -> str:
    return "-" if value is None else f"{value:{DECIMALS.get(name, '.4f')}}"


TABLE = PaperTable(
    name="slice-1",
    title="distance and variety of generated volumes",
    source=f"{SLICE_VAE}, table 1",
    build=build,
    layout=layout,
    reading=(
        "MMD: squared distance of the mean images of batches (Kwon et al.), a sum over voxels in [-1, 1], so that it "
        "compares within one size only; lower is nearer to real scans, though it sees mean images alone. MS-SSIM (Kwon "
        "et al.): likeness of pairs; above that of real scans is too little variety, far below is disorder.",
        "RAS: Dice of structures in samples, registered to real scans, with those of the scans; among real scans it is "
        "what people reach, and blurred volumes can exceed it. Steps: difference of neighbouring slices of a plane "
        "over that of real scans; above 1 in the plane of slices that were made one by one and do not fit, below 1 in "
        "all planes where they are blurred.",
    ),
)
