"""Table 1 of the DWI comparison paper: similarity, diversity and sharpness of samples; and reconstructions.

The paper prints the latter in its text (section 4); here they are columns of the same table.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from brainlab.evaluation.published import DWI, DWI_RECONSTRUCTIONS, DWI_SAMPLES
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
from brainlab.images.laplacian import DISPLAY_RANGE

if TYPE_CHECKING:
    import pandas as pd

    from brainlab.evaluation.scores import Score
    from brainlab.runs.run import Run

ORIGINAL = "original images"
PRESETS = {
    "vanilla VAE": "dwi-vae",
    "DFC VAE": "dwi-dfc-vae",
    "IntroVAE": "dwi-ivae",
    "style-based GAN": "dwi-stylegan",
}
"""Methods as published, each with the preset whose runs, and those of its variants, stand for it."""

SAMPLES = ("dataset_similarity", "isd", "minimum_isd", "sharpness_generated")
RECONSTRUCTIONS = ("mse", "sharpness_reconstructed")
REAL = dict(zip(SAMPLES, ("dataset_similarity_real", "isd_real", "minimum_isd_real", "sharpness_real"), strict=True))
"""What real scans have in the place of samples."""

WITH_SD = ("sharpness_generated", "mse", "sharpness_reconstructed")
SHARPNESS = ("sharpness_generated", "sharpness_reconstructed")
HEADINGS = {
    "dataset_similarity": "similarity",
    "isd": "ISD",
    "minimum_isd": "min. ISD",
    "sharpness_generated": "sharpness",
    "mse": "MSE, reconstr.",
    "sharpness_reconstructed": "sharpness, reconstr.",
}
CONVERSION = (
    f"variance of the 2D Laplacian on the paper's scale of 0 to {DISPLAY_RANGE:g}; what was measured on images of 0 "
    f"to R is multiplied by ({DISPLAY_RANGE:g} / R)^2"
)


def build(sources: Sources) -> Rebuilt:
    """Rebuild the table: a row a run of each method, and rows of the real scans that they were compared with."""
    from brainlab.experiments.tables.runs_at_hand import of_preset

    found = {method: of_preset(sources.runs(), preset) for method, preset in PRESETS.items()}
    rows: list[Row] = []
    originals: list[Row] = []
    read = {}
    for method, preset in PRESETS.items():
        if not found[method]:
            rows.append({"method": method, "missing": no_run(preset)})
        for run in found[method]:
            own, original = _rows(method, run)
            rows.append(own)
            if original is not None:
                originals.append(original)
                read[run.name] = {
                    "samples": own["n"],
                    "original images": original["n"],
                    "held-out scans": own["real_scans"],
                }
    together = merged(originals)
    if not together:
        together = [{"method": ORIGINAL, "missing": "no evaluation of a run tells of the real scans"}]
    return Rebuilt(
        rows=(*together, *rows),
        published=_published(),
        settings={
            "sharpness": CONVERSION,
            "value_range": [0, 1],
            "original images": "the held-out scans that each run was compared with, as many as samples where there are",
            "dataset similarity of original images": "over pairs of scans of different people",
            "n": read,
            "published_data": DWI_SAMPLES.data,
        },
        notes=_notes(together),
    )


def _rows(method: str, run: "Run") -> tuple[Row, Row | None]:
    """Return the row of a run, and that of the real scans it was compared with; None where it was not evaluated."""
    scores, reason = scores_or_reason(run)
    if reason:
        return {"method": method, **named(run), "missing": reason}, None
    on = conditions_of(run, scores)
    own = _cells(scores, {name: name for name in (*SAMPLES, *RECONSTRUCTIONS)})
    real = _cells(scores, REAL)
    counted = scores["isd_real"].n if "isd_real" in scores else on["real_scans"]
    return (
        {"method": method, **named(run), **on, "n": on["samples"], **own},
        {"method": ORIGINAL, "of_runs": [run.name], **on, "n": counted, **real},
    )


def _cells(scores: Mapping[str, "Score"], names: Mapping[str, str]) -> dict[str, Any]:
    """Return value, and deviation where the paper has one, of each column from the metric it is read from."""
    cells: dict[str, Any] = {}
    undefined = {}
    for column, metric in names.items():
        value, sd, reason = _on_paper_scale(scores.get(metric), sharp=column in SHARPNESS)
        cells[column] = value
        if column in WITH_SD:
            cells[f"{column}_sd"] = sd
        if reason:
            undefined[column] = reason
    return {**cells, **({"undefined": undefined} if undefined else {})}


def _on_paper_scale(score: "Score | None", *, sharp: bool) -> tuple[float | None, float | None, str]:
    """Return a score's value and deviation as the paper has them, or the reason why there is none."""
    value, reason = measured(score)
    if score is None or value is None:
        return None, None, reason
    if not sharp:
        return value, score.sd, ""
    span, stencil = score.settings.get("range"), score.settings.get("stencil")
    if stencil != "2D":
        return None, None, f"the paper's is of slices by a 2D stencil, this one by {stencil or 'an unknown one'}"
    if not isinstance(span, list) or len(span) != 2 or span[0] != 0 or not span[1] > 0:
        return None, None, "the range of its images is unknown; run 'brainlab evaluate' again"
    factor = (DISPLAY_RANGE / span[1]) ** 2
    return value * factor, None if score.sd is None else score.sd * factor, ""


def _notes(originals: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    notes = []
    if len(originals) > 1:
        notes.append(NOT_ALIKE.format("original images"))
    for row in originals:
        if row.get("n") is not None and row["samples"] is not None and row["n"] < row["samples"]:
            notes.append(
                f"Only {row['n']:,} real scans stand beside {row['samples']:,} samples ({', '.join(row['of_runs'])}): "
                "minimum ISD falls with the number of images and cannot be compared there."
            )
    if any(row.get("simulated") for row in originals):
        notes.append(SIMULATED)
    return tuple(notes)


def _published() -> tuple[Row, ...]:
    """Return the paper's rows: samples and, of those with an encoder, reconstructions."""
    again = {str(row["model"]): row for row in DWI_RECONSTRUCTIONS.rows if row["model"] != ORIGINAL}
    return tuple(
        {
            "method": row["model"],
            **{
                name: value
                for part in (row, again.get(str(row["model"]), {}))
                for name, value in part.items()
                if name != "model"
            },
        }
        for row in DWI_SAMPLES.rows
    )


def layout(rows: Iterable[Row]) -> "pd.DataFrame":
    """Return the rows as the paper prints them: sharpness and errors with their deviations."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "method": row["method"],
                "run": row.get("run") or ", ".join(row.get("of_runs", [])) or "-",
                "n": f"{row['n']:,}" if row.get("n") is not None else "-",
                **{title: _cell(name, row) for name, title in HEADINGS.items()},
            }
            for row in rows
        ]
    )


def _cell(name: str, row: Row) -> str:
    value, sd = row.get(name), row.get(f"{name}_sd")
    if value is None:
        return "-"
    form = ",.0f" if name in SHARPNESS else ".4f"
    return f"{value:{form}}" if sd is None else f"{value:{form}} ± {sd:{form}}"


TABLE = PaperTable(
    name="dwi-1",
    title="similarity, diversity and sharpness of generated slices, and reconstructions",
    source=f"{DWI}, table 1 and section 4",
    build=build,
    layout=layout,
    reading=(
        "Similarity: mean squared difference of samples and real images, over all pairs; ISD: among samples; min. ISD: "
        "to the nearest other sample (eq. 11 to 13). All are per pixel of images in [0, 1].",
        "An ISD below that of the original images is too little variety; a min. ISD below theirs, groups of nearly "
        "identical images. Sharpness is the variance of the Laplacian of images in 0 to 255, mean ± standard "
        "deviation: less than the originals' is blur, more may be noise.",
    ),
)
