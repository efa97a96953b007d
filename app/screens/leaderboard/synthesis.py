"""The leaderboard of runs that make one sequence from others: what each makes of held-out scans, beside the truth."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.components.translation_measures import MEANING, TRUE
from app.screens.leaderboard.columns import Column
from app.screens.leaderboard.evaluations import Evaluations, read_evaluations, say_unmeasured
from app.screens.leaderboard.score_table import group_labels, has_values, show_table
from brainlab.experiments.synthesis.measure import BETTER
from brainlab.runs.run import Run

SHOWN = {
    "mse": ("voxels", "squared error"),
    "ssim": ("pattern", "SSIM"),
    "blur_ratio": ("detail", "detail kept"),
    "lesion_contrast": ("lesions", "contrast"),
    "lesion_contrast_real": ("lesions", "true contrast"),
    "lesion_dice": ("lesions", "Dice"),
    "normalised_mutual_information": ("further", "shared information"),
    "psnr": ("further", "PSNR dB"),
}
"""Group and heading of each measure."""
READ = (
    "Means over held-out scans, over the brain where the data say where it is; in brackets: 95% interval over people. "
    "Compare runs only where they make the same sequence and were measured on the same scans. No measure replaces a "
    "look at the images, on the page Synthesis."
)


def show(runs: Mapping[str, Run]) -> None:
    """Show the measures of all runs that translate, and how to measure those without."""
    found = read_evaluations(runs)
    for line in found.damaged:
        st.caption(f":orange[:material/warning:] {line}")
    if found.measured:
        _measured(found)
    say_unmeasured(found)


def _measured(found: Evaluations) -> None:
    measured = list(found.measured.values())
    shown = [column for column in map(_column, SHOWN) if has_values(measured, column)]
    labels = group_labels(found.conditions)
    show_table(found, labels, shown, "leaderboard-synthesis")
    made = [f"**{one.run.name}**: {' + '.join(one.run.config.inputs)} to {one.run.config.target}" for one in measured]
    counted = [f"**{label}**: {_scans(conditions.real_scans)}" for conditions, label in labels.items()]
    st.caption("  \n".join([*made, *counted, READ]))


def _scans(count: Any) -> str:
    return "an unknown number of held-out scans" if count is None else f"{count} held-out scan{'s' * (count != 1)}"


def _column(name: str) -> Column:
    of_truth = {true: measure for measure, true in TRUE.items()}
    title, definition = MEANING[of_truth.get(name, name)]
    aspect, short = SHOWN[name]
    return Column(
        name=name,
        short=short,
        title=title,
        definition=f"{definition} Here: of the true scans." if name in of_truth else definition,
        aspect=aspect,
        better=BETTER[name],
        metric=name,
    )
