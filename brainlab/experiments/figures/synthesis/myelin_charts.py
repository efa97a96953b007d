"""Figures 3.8, 4.4 and 4.5 of Wei's thesis: loss and repair of myelin of each patient, true beside synthesised."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from brainlab.experiments.figures.synthesis.at_hand import REFERENCE, report_at_hand
from brainlab.figures.agreement import paired_bars
from brainlab.figures.charts import key
from brainlab.figures.sheet import BODY_IN, Sheet
from brainlab.types import FloatArray

Reports = Mapping[str, Mapping[str, Any]]

SHARE = "share of lesion load"
PANELS: dict[str, tuple[tuple[str, str, str, str | None], ...]] = {
    "3.8": (("demyelinated_t0", "Demyelinated at baseline", SHARE, "t0"),),
    "4.4": (
        ("demyelinated_t0", "Demyelinated at baseline (t0)", SHARE, "t0"),
        ("demyelinated_t1", "Demyelinated at follow-up (t1)", SHARE, "t1"),
    ),
    "4.5": (
        ("global_change", "Global change: above 0, more was lost than repaired", SHARE, None),
        ("dynamic_demyelination", "Dynamic demyelination", "share of normal voxels", "demyelinating"),
        ("dynamic_remyelination", "Dynamic remyelination", "share of demyelinated", "remyelinating"),
    ),
}
"""By figure: of each panel the index, its title, what it is a share of, and the maps whose Dice is told."""

TITLES = {
    "3.8": "Demyelinated share of the lesions of each patient",
    "4.4": "Demyelinated share of the lesions of each patient, at both visits",
    "4.5": "Change of myelin of each patient",
}
TOLD = {
    "3.8": "A voxel is demyelinated where its DVR is below mean - 1 sd of controls at the same distance from fluid.",
    "4.4": "A voxel is demyelinated where its DVR is below mean - 1 sd of controls at the same distance from fluid.",
    "4.5": "Demyelinating: normal at baseline and demyelinated at follow-up, as a share of what was normal; "
    "remyelinating: the reverse, as a share of what was demyelinated. The lesion load is that at baseline.",
}
ROW_IN = 1.75


def by_patient(number: str, reports: Reports) -> Sheet:
    """Figures 3.8, 4.4 and 4.5: an index of each patient by true and by synthesised PET, sorted by the true one."""
    report = report_at_hand(reports, f"wei-{number}")
    panels = PANELS[number]
    height = 0.22 + len(panels) * ROW_IN
    simulated = ["Simulated data"] if report["simulated"] else []
    sheet = Sheet(
        height,
        TITLES[number],
        " · ".join([*simulated, f"myelin report of {len(report['patients'])} patients, true and synthesised PET"]),
        f"""After figure {number} of Wei's thesis. {TOLD[number]} Each panel is sorted by true PET, so that one place
        can be another patient in the next. r: correlation over patients; Dice: mean over patients of the overlap of the
        two maps of voxels. Synthesised PET is judged by the thresholds of true PET. Patients of whom an index is not
        defined are left out of its panel. {REFERENCE}""",
    )
    drawn = None
    for place, (index, title, unit, maps) in enumerate(panels):
        true, made = indices_of(report, index)
        axes = sheet.axes(0.55, 0.42 + place * ROW_IN, BODY_IN - 0.6, ROW_IN - 0.5)
        paired_bars(axes, true, made)
        axes.set_title(f"{title} ({_told(true, made, report, maps)})", loc="left", pad=3)
        axes.set_ylabel(unit)
        drawn = drawn or axes
    if drawn is not None:
        sheet.text(0.55, 0.1 + len(panels) * ROW_IN, "patients, sorted by true PET", fontsize=7)
        key(sheet.axes(0, 0, BODY_IN - 0.05, 0.2), drawn)
    return sheet


def indices_of(report: Mapping[str, Any], index: str) -> tuple[FloatArray, FloatArray]:
    """Return an index of true and of synthesised PET of the patients that have both, by the true one, highest first."""
    both = [
        tuple(patient[source][index]["value"] for source in ("true", "synthesised")) for patient in report["patients"]
    ]
    known = sorted((pair for pair in both if None not in pair), reverse=True)
    true, made = np.array(known, np.float64).reshape(-1, 2).T
    return true, made


def _told(true: FloatArray, made: FloatArray, report: Mapping[str, Any], maps: str | None) -> str:
    told = [f"n = {len(true)}"]
    if len(true) > 2 and np.ptp(true) > 0 and np.ptp(made) > 0:
        told.append(f"r = {np.corrcoef(true, made)[0, 1]:.2f}")
    mean = None if maps is None else report["dice"][maps]["mean"]
    return ", ".join([*told, *([] if mean is None else [f"Dice {mean:.2f}"])])
