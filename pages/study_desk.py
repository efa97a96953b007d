"""Study desk: design, lock, hand out, follow, close, unblind and report a blinded reading study."""

import streamlit as st

from app import layout, resources, study_backup, study_conduct, study_import, study_report
from app.study_design import design_form
from app.study_links import links
from app.study_planner import planner
from app.study_progress import progress
from app.study_starts import SEED, choose_start
from brainlab.experiments.studies import open_sources
from brainlab.reading import desk

NEW, FINISHED = "new", "finished"
CHOICES = {NEW: "New study", FINISHED: "Finished readings from a CSV file"}
STEPS = ("draft", "locked", "closed", "unblinded")

studies = {status.study: status for status in desk.list_studies()}
simulated = any(data.simulated for data in resources.cohorts().values())
layout.head(
    "Study desk", "Can readers tell real images from generated ones, and do they agree?", layout.badges(simulated)
)


def name(study: str) -> str:
    """Title and state of a study, or what the choice does."""
    return CHOICES.get(study) or f"{studies[study].title} · {studies[study].state} · {study}"


if st.session_state.get("desk-next"):
    st.session_state["desk-study"] = st.session_state.pop("desk-next")
elif st.session_state.get("desk-study") not in {*CHOICES, *studies}:
    st.session_state["desk-study"] = next(iter(studies), NEW)
chosen = st.selectbox("Study", [*CHOICES, *studies], format_func=name, key="desk-study")

if chosen == NEW:
    start, key = choose_start({study: name(study) for study, status in studies.items() if status.state != "damaged"})
    protocol = design_form(start, key) if start else None
    if protocol:
        planner(protocol, key)
        if st.button("Create the study", type="primary", key="desk-create"):
            open_sources(protocol)
            st.session_state["desk-next"] = desk.create_study(protocol)
            del st.session_state[SEED]  # the next design gets another
            st.rerun()
elif chosen == FINISHED:
    study_import.show()
else:
    status, folder = studies[chosen], desk.study_folder(chosen)
    protocol = desk.load_protocol(folder)
    marks = [f"**:green[{step}]**" if step == status.state else f":gray[{step}]" for step in STEPS]
    st.markdown("  →  ".join(marks))
    sources = ", ".join(f"{source.n} from {source.name}" for source in protocol.sources)
    st.caption(
        f"{protocol.cases} cases ({sources}), {protocol.repeats} hidden repeats, {protocol.practice} practice cases"
    )
    if status.state == "draft":
        planner(protocol, chosen)
        study_conduct.lock(folder, protocol)
    elif status.state == "locked":
        links(folder, status)
        st.subheader("Progress", anchor=False)
        progress(folder)
        with st.container(horizontal=True):
            study_conduct.withdraw(folder, status)
            study_conduct.close(folder)
        study_conduct.checks(folder)
    elif status.state == "closed":
        progress(folder)
        study_conduct.withdraw(folder, status)
        study_conduct.checks(folder)
        study_conduct.unblind(folder, status.title)
    else:
        study_report.show(folder)
    layout.download(
        "Protocol (JSON)",
        protocol.to_json(),
        f"{chosen}-protocol.json",
        "desk-protocol",
        type="tertiary",
        icon=":material/download:",
    )
    study_backup.show(folder)
