"""The images of a visit under one crosshair: synthesised, true and their difference; the inputs and their saliency."""

from typing import Any

import streamlit as st

from app.components import layout
from app.components.volume_viewer import Overlay, Panel, volume_viewer
from app.data import resources, translations
from app.data.translations import (
    CohortVisit,
    SaliencyMap,
    SaliencyMaps,
    Synthesised,
    TargetDifference,
    Visit,
    inputs_of,
    true_target,
    unit_of,
)
from app.data.uploaded_visits import UploadedScans
from app.screens.synthesis import contributions
from brainlab.errors import BrainlabError
from brainlab.runs.run import Run

TOGETHER = "synthesis"
"""All images of the page share crosshair, window and zoom."""
WINDOW = {"low": 21, "high": 212}
"""Grey levels of the target that are black and white at first, z-scores of -1.5 and 3: the same for each visit and for
true and synthesised, and not what the first image to be loaded asks for."""
TARGETS = 3
"""Images of the target in a row: synthesised, true, difference."""
IN_A_ROW = 5
LIMITS_SD = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Differences that have full colour, in standard deviations of the target."""


def show(run: Run, visit: Visit) -> None:
    """Show all images of a visit, and what each input contributes.

    The saliency takes several times as long as the translation: it is shown when asked for, after the target.
    """
    with layout.wrapping("synthesis-controls", 2):
        first, second, _ = st.columns([1.4, 1.5, 1.1], vertical_alignment="bottom")
    known = isinstance(visit, CohortVisit) and translations.knows_truth(visit)
    limit = _choose_limit(run, first) if known else 1.0
    salient = (second if known else first).toggle(
        "Saliency of the inputs",
        key="synthesis-saliency",
        help="On which input each voxel depends. It takes several times as long as the translation.",
    )
    _viewer("synthesis-target", _of_target(run, visit, limit), TARGETS, window=WINDOW)
    maps = _saliency(visit) if salient else None
    inputs = _of_inputs(run, visit, salient=maps is not None)
    beside = len(inputs) < TARGETS  # the bars have room there
    place, bars = st.columns([len(inputs), TARGETS - len(inputs)]) if beside else (st.container(), st.container())
    with place:
        _viewer("synthesis-inputs", inputs, len(inputs) if beside else min(IN_A_ROW, len(inputs)), ownWindow=True)
    if maps is not None:
        with bars:
            contributions.show(run, maps)
    st.caption(
        "Wheel: slices. Click: crosshair, in all images. Right-drag: window. Colours are of the brain alone."
        + (" Saliency of 1: the highest half per cent, alike for all inputs." if maps is not None else "")
    )


def _saliency(visit: Visit) -> SaliencyMaps | None:
    """Return the saliency of a visit's inputs; None, said in a line, where it cannot be taken."""
    try:
        with st.spinner("Asking on which input each voxel depends (several times as long as the translation)"):
            return translations.saliency_maps(visit)
    except BrainlabError as error:
        st.error(str(error))
        return None


def _viewer(key: str, panels: list[Panel], columns: int, **options: Any) -> None:
    volume_viewer(
        panels, key=key, group=TOGETHER, columns=columns, layout="column", toolbar=False, readout=False, **options
    )


def _choose_limit(run: Run, place: st.delta_generator.DeltaGenerator) -> float:
    unit = unit_of(run)
    return place.select_slider(
        f"Difference in full colour from ± {unit.name}",
        LIMITS_SD,
        1.0,
        format_func=lambda limit: f"{limit * unit.per_sd:.2g}",
        key="synthesis-limit",
    )


def _of_target(run: Run, visit: Visit, limit: float) -> list[Panel]:
    """Return the panels of the target: synthesised, and where the truth is known this and the difference."""
    made, name = Synthesised(visit), run.config.target
    panels = [Panel(made, title=f"Synthesised {name}", note=_note(visit))]
    if isinstance(visit, CohortVisit) and translations.knows_truth(visit):
        true, unit = true_target(visit), unit_of(run)
        difference = Overlay(
            TargetDifference(visit, limit),
            opacity=0.9,
            label="synthesised less true",
            gain=1.0,
            scale=limit * unit.per_sd,
            unit=unit.name,
        )
        panels += [
            Panel(true, title=f"True {name}", note=true.note),
            Panel(true, title="Difference", overlay=difference),
        ]
    return panels


def _of_inputs(run: Run, visit: Visit, *, salient: bool) -> list[Panel]:
    """Return a panel for each input, its saliency over it."""
    panels = []
    for place, (name, source) in enumerate(zip(run.config.inputs, inputs_of(visit), strict=True)):
        over = Overlay(SaliencyMap(visit, place), map="hot", label="saliency") if salient else None
        panels.append(Panel(source, title=name, note="input", overlay=over))
    return panels


def _note(visit: Visit) -> str:
    """Return the badge of a synthesised image: simulated where its scans are."""
    if isinstance(visit, UploadedScans):
        simulated = visit.own.simulated
    else:
        simulated = resources.cohort(visit.cohort).simulated
    return "simulated" if simulated else "translated"
