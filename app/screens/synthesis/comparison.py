"""How far a synthesised scan is from the true one, as a table that a reader can follow."""

import pandas as pd
import streamlit as st

from app.components import layout
from app.data import resources, translations
from app.data.translations import CohortVisit
from brainlab.errors import BrainlabError
from brainlab.runs.run import Run

MEANING = {
    "mse": ("Squared error", "Mean squared difference, in squared standard deviations. 0 is perfect."),
    "mse_of_mean": ("... of a flat image", "The same for the true mean everywhere: a run must stay below."),
    "psnr": (
        "Peak signal to noise",
        "Decibels: 20 is an error of 1/10 of the brightest voxel, 40 of 1/100.",
    ),
    "ssim": ("Structural similarity", "Local pattern, 1 is the same. It hardly notices blur."),
    "normalised_mutual_information": ("Shared information", "1: one image says nothing of the other. 2: all of it."),
    "blur_ratio": ("Detail kept", "Sharpness over that of the true image: 1 is as sharp, below is blurred."),
    "mean_white": ("White matter", "Mean intensity of white matter outside lesions, in units of the sequence."),
    "mean_lesions": ("Lesions", "The same of lesions."),
    "lesion_contrast": ("Lesions to white matter", "Brightness of lesions over that of all normal white matter."),
    "lesion_contrast_near": ("... around them", "The same for the white matter within 5 voxels of them."),
    "lesion_dice": ("Lesions found in both", "Overlap of the lesions that one rule finds in either image, 1 is all."),
}
"""Title of each measure, and what it means."""
TRUE = {name: f"{name}_real" for name in ("mean_white", "mean_lesions", "lesion_contrast", "lesion_contrast_near")}
"""Measures that the true image has as well."""


def show(run: Run, visit: CohortVisit) -> None:
    """Show each measure of a visit with what it means."""
    st.subheader(f"Synthesised beside true {run.config.target}", anchor=False)
    try:
        with st.spinner("Comparing with the true image"):
            found = translations.measures(visit)
    except BrainlabError as error:
        st.error(str(error))
        return
    rows = [
        {
            "measure": title,
            "synthesised": _figure(found[name]),
            "true": _figure(found[TRUE[name]]) if name in TRUE else "",
            "what it means": meaning,
        }
        for name, (title, meaning) in MEANING.items()
    ]
    layout.table(
        pd.DataFrame(rows),
        f"{run.name}-{visit.cohort}-{visit.row}",
        "synthesis-measures",
        column_config=WIDTHS,
        height="content",
    )
    over = "the brain" if resources.cohort(visit.cohort).segmentations is not None else "the whole image"
    st.caption(f"Over {over} of this visit alone. `brainlab evaluate` measures all held-out scans.")


WIDTHS = {
    "measure": st.column_config.Column(width=170),
    "synthesised": st.column_config.Column(width=96),
    "true": st.column_config.Column(width=60),
}


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
