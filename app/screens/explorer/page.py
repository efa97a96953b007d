"""Latent explorer: edit a latent code with sliders and see the decoded image."""

import streamlit as st

from app.components import layout
from app.components.draw_choice import W, Z, choose_styles
from app.components.volume_viewer import latent_explorer
from app.data import resources
from app.data.codes import from_base64, from_steps
from app.screens.explorer import edited_scan, explorer_tabs, starting_codes
from app.screens.explorer.explorer_data import explorer_data
from app.screens.explorer.latent_view import class_note, revision
from app.screens.explorer.stacked import moved_volume
from brainlab.errors import BrainlabError
from brainlab.methods.method import lacking
from brainlab.runs.run import Run


def show() -> None:
    """Choose a run and a start, then explore."""
    runs = resources.explorable()
    layout.head(
        "Latent explorer",
        "How does the brain change along a direction of a model's latent space, or with age, sex and class?",
        layout.badges(*(run.origin for run in runs.values())),
    )
    layout.unopened(run=resources.unopened_runs())
    if not runs:
        layout.empty(
            "No trained run with a latent space yet.",
            "Train one on the page Train, or with the command below.",
            layout.TRAIN,
        )
        return
    with layout.wrapping("explorer-head", 2):
        left, middle, right = st.columns([1, 1, 3.1])
    names = list(runs)
    asked, note = layout.asked_run(names, resources.runs(), lacking("walk"))
    left_out = [name for name in resources.runs() if name not in runs]
    hidden = f"Not offered: {', '.join(left_out)} ({lacking('walk')})." if left_out else None
    run = left.selectbox("Run", names, index=names.index(asked), key="explorer-run", help=hidden)
    if note:
        st.caption(note)
    if runs[run].can("stack"):
        moved_volume.show(run, middle, right)
        return
    if not runs[run].can("walk"):
        edited_scan.show(run, middle, right)
        return
    with middle:
        styles = choose_styles(run, "explorer-space", W if st.query_params.get("space") == W else Z)
        cohort = None if styles else _choose_cohort(runs[run])
    with st.spinner("Encoding the cohort (once per run)"):
        try:
            if cohort and (note := class_note(run, cohort)):
                st.caption(f":orange[:material/info:] {note}")
            if cohort:
                layout.other_recipe(runs[run], resources.cohort(cohort))
        except BrainlabError as error:
            st.caption(f":orange[:material/info:] Shown without the classes of {cohort}: {error}")
            cohort = None
    with right:
        start = starting_codes.choose(run, cohort, styles=styles)
    explore(run, cohort, start)
    if note := starting_codes.fidelity_note(run, start):
        st.caption(note)
    explorer_tabs.show(run, cohort, start)


def _choose_cohort(run: Run) -> str | None:
    """Ask for the cohort whose scans the run's codes are described by, where it encodes."""
    if not run.can("encode"):
        return None
    cohort: str | None = st.selectbox(
        "Classes from", list(resources.fitting(run)), key="explorer-cohort", help="Sorts and annotates the sliders."
    )
    return cohort


@st.fragment
def explore(run: str, cohort: str | None, start: starting_codes.Start) -> None:
    """Show the sliders with their brain; all that runs when a slider is let go."""
    extra = [start.way] if start.way else []
    known = revision("explorer", run, cohort, start.identity)
    data = explorer_data(run, cohort, start.steps, known, extra, styles=start.styles)
    data["title"], data["note"] = f"{run} · {start.label}", "simulated" if resources.run(run).simulated else "generated"
    released = latent_explorer(data, start.image(run), key="explorer", on_release=lambda: None)
    if not released or released["revision"] != data["revision"]:
        released = {"code": data["code"], "revision": data["revision"], "at": 0}
    st.session_state["explorer-released"] = released
    current = from_base64(released["code"])
    if cohort and (
        note := starting_codes.distance_note(run, cohort, from_steps(current, resources.run(run).latent_dim))
    ):
        st.caption(f":orange[:material/explore_off:] {note}")
