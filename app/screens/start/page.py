"""Start: contents of the workspace, the workflow, next steps, and a live latent space."""

import streamlit as st

from app.components import layout
from app.data import resources
from app.screens.start import latent_preview, overview
from brainlab.counted import noun
from brainlab.workspace import studies_folder


def show() -> None:
    """Show a live brain, the counts and the path."""
    cohorts, runs = resources.cohorts(), resources.runs()
    layout.head(
        "brainlab",
        "Generative models of brain MRI, and blinded reading studies of their images.",
        layout.badges(*(data.origin.words for data in cohorts.values())),
    )
    latent_preview.show(runs, cohorts)
    layout.unopened(cohort=resources.unopened_cohorts(), run=resources.unopened_runs())
    studies = sorted(path.parent.name for path in studies_folder().glob("*/study.db"))
    overview.cards(
        [
            ("cohort", noun(len(cohorts), "Cohort"), len(cohorts), ", ".join(cohorts) or "none yet: import scans"),
            ("explorer", noun(len(runs), "Trained run"), len(runs), ", ".join(runs) or "none yet: train one"),
            (
                "study_desk",
                noun(len(studies), "Reading study", "Reading studies"),
                len(studies),
                f"{len(studies)} in this workspace" if studies else "none yet: design one",
            ),
        ]
    )
    st.subheader("Workflow", anchor=False)
    overview.path_picture()
    st.subheader("Next steps", anchor=False)
    overview.next_steps(bool(cohorts), bool(runs), bool(studies))
