"""For a first look at the study desk: a finished study in one click, and ten cases to read that need no design."""

from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from app.screens.study.conduct import watch
from app.screens.study.designing.protocol_sources import own_design
from app.server.routes import base_url
from brainlab.errors import BrainlabError
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import TRIAL_TITLE, Protocol, new_seed
from brainlab.reading.record.tokens import LOCAL_APP

LINK = "desk-trial-link"


def offer() -> None:
    """Offer both where there are images to read."""
    design = own_design(new_seed())
    if design is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        seen = st.button("See a finished study", key="desk-demonstration", icon=":material/lab_profile:")
        tried = st.button("Try ten cases yourself", key="desk-trial", icon=":material/visibility:")
    st.caption("The finished study was read by three scripts, not by people.")
    try:
        if seen:
            _demonstrate(design)
        if tried:
            _try(design)
    except BrainlabError as error:
        st.error(str(error))
    if link := st.session_state.get(LINK):
        st.link_button("Begin: opens the reading room in a new tab", link, type="primary")


def result(folder: Path, status: lifecycle.StudyStatus) -> None:
    """Offer the report of ten cases to try, once they are read."""
    if status.title != TRIAL_TITLE:
        return
    if any(reader.done < reader.total for reader in status.readers):
        if link := st.session_state.get(LINK):
            st.link_button("Begin: opens the reading room in a new tab", link, type="primary")
        return
    if st.button("Show me how I did", type="primary", key=f"desk-result-{folder.name}"):
        lifecycle.close(folder)
        lifecycle.unblind(folder, "whoever tried the ten cases")
        st.session_state.pop(LINK, None)
        st.rerun()


def _demonstrate(design: Protocol) -> None:
    from brainlab.experiments.studies.demonstration import demonstration

    st.session_state["desk-next"] = demonstration(design, watch).name
    st.rerun()


def _try(design: Protocol) -> None:
    from brainlab.experiments.studies.demonstration import trial

    at = urlsplit(st.context.url or LOCAL_APP)
    study, link = trial(design, f"{at.scheme}://{at.netloc}{base_url()}", watch)
    st.session_state[LINK] = link.url
    st.session_state["desk-next"] = study
    st.rerun()
