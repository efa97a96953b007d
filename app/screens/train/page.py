"""Train: start a training in a process of its own, follow it, stop and resume it."""

import streamlit as st

from app.components import layout
from app.data import resources
from app.screens.train import new_training, trainings


def show() -> None:
    """Ask for a new training above; show those of the workspace below."""
    cohorts = resources.cohorts()
    layout.head(
        "Train",
        "What does a model learn from a cohort, and how far is each training?",
        layout.badges(*(data.origin.words for data in cohorts.values())),
    )
    layout.unopened(cohort=resources.unopened_cohorts())
    if cohorts:
        new_training.show()
    else:
        layout.empty(
            "No cohort to train on yet.", "Import scans on the page Cohort, or simulate some.", layout.SIMULATE
        )
    st.subheader("Trainings", anchor=False)
    trainings.show()
