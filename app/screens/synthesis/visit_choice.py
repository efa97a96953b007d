"""The widgets that choose a visit of a cohort, and what is said of it."""

import numpy as np
import streamlit as st

from app.components import layout
from app.components.scan_choice import pick_scan
from app.data import resources, translations
from app.data.exports import nifti_of
from app.data.translations import CohortVisit, Synthesised, Visit
from brainlab.experiments.export import scan_name
from brainlab.experiments.synthesis.whole_scans import other_scale_warning
from brainlab.runs.matching.own_recipe import own_recipe_warning
from brainlab.runs.provenance import recognise
from brainlab.runs.run import Run


def choose(run: str, cohorts: list[str]) -> CohortVisit:
    """Ask for a cohort and a visit of it, those that the run was not trained on first, and say which it is."""
    left, right = st.columns([1, 1.6])
    name = left.selectbox("Cohort", cohorts, key=f"synthesis-cohort-{run}")
    found, data = resources.run(run), resources.cohort(name)
    with st.spinner("Looking whether the run was trained on these people (once per cohort)"):
        known = recognise(found, data)
    order = np.argsort(~known.unseen, kind="stable").tolist()
    with right:
        row = pick_scan(name, f"synthesis-visit-{run}-{name}", "Visit", order=order)
    st.caption(_said(bool(known.seen[row]), bool(known.unseen[row]), str(data.scans["split"].iloc[row])))
    if known.gap and not known.seen[row]:
        layout.note(known.gap)
    for warning in (own_recipe_warning(found, data), other_scale_warning(found, data)):
        if warning:
            layout.note(warning)
    return CohortVisit(run, name, row)


def _said(seen: bool, unseen: bool, split: str) -> str:
    """Say whether the run was trained on a person. split: of the cohort, which a run need not have gone by."""
    if seen:
        return (
            ":orange[:material/model_training:] **The run was trained on this person**: it does better here than with "
            "anyone else."
        )
    if unseen:
        although = ", although the cohort has the person in its training split" if split == "train" else ""
        return f":green[:material/check:] **Held out**: the run was not trained on this person{although}."
    return ":orange[:material/help:] Whether the run was trained on this person is not known."


def offer(run: Run, visit: CohortVisit) -> None:
    """Offer what was made as a file, as `brainlab translate` writes it."""
    data = resources.cohort(visit.cohort)
    name = f"{scan_name(data.scans.iloc[visit.row], visit.row)}_{run.config.target}.nii.gz"
    offer_file(run, visit, name)


def offer_file(run: Run, visit: Visit, name: str) -> None:
    """Offer what a run made of a visit as a NIfTI of a name."""
    layout.download(
        f"Download the synthesised {run.config.target}",
        lambda: nifti_of(translations.volume(visit), Synthesised(visit).provenance),
        name,
        "synthesis-download",
        icon=":material/download:",
    )
