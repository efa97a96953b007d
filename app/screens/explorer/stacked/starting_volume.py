"""The widgets that choose what is moved: the mean volume, a draw, a scan of a cohort, or one that a visitor brings."""

import streamlit as st

from app.components.draw_choice import choose_seed, choose_truncation
from app.components.scan_choice import pick_scan
from app.data import resources, uploads
from app.data.stacks import Draw, MeanCode, Start
from app.data.volumes import Scan
from app.screens.explorer import uploaded_head
from app.screens.explorer.starting_codes import MEAN, OWN, RANDOM, SCAN


def choose(run: str, linked: Start | None) -> Start | None:
    """Show the widgets; None until an upload has come. linked: the start of a share link, which comes first."""
    found = resources.run(run)
    fitting = list(resources.fitting(found))
    kinds = [MEAN, RANDOM, *([SCAN] if fitting else []), *([OWN] if uploads.takes_upload(found) else [])]
    first = {Draw: RANDOM, Scan: SCAN}.get(type(linked), MEAN)
    kind = st.segmented_control("Start from", kinds, default=first, key="stack-kind", required=True) or first
    if kind == RANDOM:
        asked = linked if isinstance(linked, Draw) else Draw(0, 1.0)
        left, right = st.columns(2)
        seed = choose_seed(left, "stack-seed", first=asked.seed)
        return Draw(seed, choose_truncation(right, "stack-truncation", asked.truncation))
    if kind == SCAN:
        return _scan(fitting, linked)
    return uploaded_head.choose(run) if kind == OWN else MeanCode()


def title(start: Start) -> str:
    """Name the run's own image of a start."""
    if isinstance(start, Draw):
        return f"start: draw {start.seed} at {start.truncation:.2f}"
    return "start: mean of training codes" if isinstance(start, MeanCode) else "start: reconstruction"


def _scan(fitting: list[str], linked: Start | None) -> Scan:
    if isinstance(linked, Scan) and "stack-scan" not in st.session_state:
        st.session_state["stack-cohort"], st.session_state["stack-scan"] = linked.cohort, linked.row
    left, right = st.columns([1, 2])
    cohort = left.selectbox("Cohort", fitting, key="stack-cohort")
    with right:
        return Scan(cohort, pick_scan(cohort, "stack-scan"))
