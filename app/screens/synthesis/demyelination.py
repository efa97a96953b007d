"""Myelin of the lesions of a visit, from true and from synthesised PET, and where the two agree."""

import streamlit as st

from app.components import layout
from app.components.volume_viewer import Overlay, Panel, volume_viewer
from app.data import translations
from app.data.translations import AgreementMap, CohortVisit, Synthesised, true_target
from app.screens.synthesis.figure import TARGETS, TOGETHER, WINDOW
from brainlab.errors import BrainlabError
from brainlab.experiments.myelin.visits import CHANNEL
from brainlab.myelin.indices import Index
from brainlab.myelin.overlap import AGREEMENT
from brainlab.runs.run import Run


def show(run: Run, visit: CohortVisit) -> None:
    """Show where lesions have lost myelin; nothing unless the target is the DVR of a myelin tracer."""
    if run.config.target != CHANNEL:
        return
    st.subheader("Myelin of the lesions", anchor=False)
    try:
        with st.spinner("Comparing lesions with healthy white matter (once per cohort)"):
            found = translations.lesion_myelin(visit)
    except BrainlabError as error:
        layout.note(f"Not compared: {error}")
        return
    if found is None:
        st.caption("This visit has no lesion.")
        return
    (dvr, made_dvr), (bare, made_bare) = found.dvr, found.demyelinated
    layout.figures(
        [
            ("Lesion DVR, true", _figure(dvr), "Mean binding of the tracer in the lesions: more myelin, higher DVR."),
            ("Lesion DVR, synthesised", _figure(made_dvr), "The same in what the run made."),
            ("Demyelinated, true", _share(bare), "Lesion voxels below the mean less one SD of healthy controls."),
            ("Demyelinated, synthesised", _share(made_bare), "The same, by the same thresholds."),
            ("Overlap", _figure(found.overlap), "Dice of the demyelinated voxels: 0 none in common, 1 the same."),
        ]
    )
    over = Overlay(
        AgreementMap(visit), map="category", opacity=0.9, label="demyelinated by", names=tuple(AGREEMENT.values())[1:]
    )
    panels = [
        Panel(true_target(visit), title="Agreement, over true PET", overlay=over),
        Panel(Synthesised(visit), title="Agreement, over synthesised PET", overlay=over),
    ]
    volume_viewer(
        panels,
        key="synthesis-myelin",
        group=TOGETHER,
        columns=TARGETS,
        layout="column",
        toolbar=False,
        readout=False,
        window=WINDOW,
    )
    st.caption(
        "Each lesion voxel is compared with controls' white matter at the same distance from fluid, by true PET's "
        "thresholds for both. Of all patients and between visits: `brainlab myelin`."
    )


def _figure(index: Index) -> str:
    return "–" if index.value is None else f"{index.value:.2f}"


def _share(index: Index) -> str:
    return "–" if index.value is None else f"{index.value:.0%}"
