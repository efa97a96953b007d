"""Study desk: design, lock, distribute, monitor, close, unblind and report a blinded reading study.

What locks and what reports load the libraries of statistics and figures; neither is imported before it is asked for.
"""

import streamlit as st

from app.components import layout
from app.data import resources
from app.screens.study import backup, conduct, first_look
from app.screens.study.designing.form import design_form
from app.screens.study.designing.protocol_sources import SEED, choose_start
from app.screens.study.designing.source_notes import source_notes
from app.screens.study.planning.planner import planner
from app.screens.study.progress import progress
from app.screens.study.reader_links import links
from brainlab.counted import counted
from brainlab.reading.desk import lifecycle
from brainlab.reading.desk.lifecycle import StudyStatus
from brainlab.reading.protocol.allocation import share_in_words
from brainlab.reading.protocol.design import Protocol

NEW, FINISHED = "new", "finished"
CHOICES = {NEW: "New study", FINISHED: "Finished readings from a CSV file"}
STEPS = ("draft", "locked", "closed", "unblinded")


def show() -> None:
    """Choose a study or begin one; show what its state allows."""
    studies = {status.study: status for status in lifecycle.list_studies()}
    layout.head(
        "Study desk",
        "Can readers distinguish real from generated images, and do they agree?",
        layout.badges(*(data.origin.words for data in resources.cohorts().values())),
    )
    if st.session_state.get("desk-next"):
        st.session_state["desk-study"] = st.session_state.pop("desk-next")
    elif st.session_state.get("desk-study") not in {*CHOICES, *studies}:
        st.session_state["desk-study"] = next(iter(studies), NEW)
    names = CHOICES | {study: f"{status.title} · {status.state} · {study}" for study, status in studies.items()}
    chosen = st.selectbox("Study", [*CHOICES, *studies], format_func=names.__getitem__, key="desk-study")
    if chosen == NEW:
        design_study({study: names[study] for study, status in studies.items() if status.state != "damaged"})
    elif chosen == FINISHED:
        from app.screens.study import imports

        imports.show()
    else:
        show_study(studies[chosen])


def design_study(earlier: dict[str, str]) -> None:
    """Show the form of a new study, which may begin as one of the `earlier` (id to name)."""
    first_look.offer()
    start, key = choose_start(earlier)
    protocol = design_form(start, key) if start else None
    if protocol:
        readable = source_notes(protocol)
        planner(protocol, key)
        if readable and st.button("Create the study", type="primary", key="desk-create"):
            from brainlab.experiments.studies.locking import open_sources

            open_sources(protocol)
            st.session_state["desk-next"] = lifecycle.create_study(protocol)
            del st.session_state[SEED]  # the next design gets another
            st.rerun()


def _of_images(protocol: Protocol) -> str:
    """How many images a case has where it has several."""
    return f" of {len(protocol.questions[0].places)} images" if protocol.grouped else ""


def _each(protocol: Protocol) -> str:
    """How many cases of a pool a reader reads."""
    if protocol.allocation is None:
        return ""
    return f", of which each reader reads {share_in_words(protocol.allocation, protocol.cases, len(protocol.readers))}"


def show_study(status: StudyStatus) -> None:
    """Show one study's state, and what can be done in it."""
    folder = lifecycle.study_folder(status.study)
    protocol = lifecycle.load_protocol(folder)
    marks = [f"**:green[{step}]**" if step == status.state else f":gray[{step}]" for step in STEPS]
    st.markdown("  →  ".join(marks))
    sources = ", ".join(f"{source.n} from {source.name}" for source in protocol.sources)
    st.caption(
        f"{counted(protocol.cases, 'case')}{_of_images(protocol)} ({sources}){_each(protocol)}, "
        f"{counted(protocol.repeats, 'hidden repeat')}, "
        f"{counted(protocol.practice, 'practice case')}"
    )
    if status.state == "draft":
        source_notes(protocol)
        planner(protocol, status.study)
        conduct.lock(folder, protocol)
    elif status.state == "locked":
        first_look.result(folder, status)
        links(folder, status)
        st.subheader("Progress", anchor=False)
        progress(folder)
        with st.container(horizontal=True):
            conduct.withdraw(folder, status)
            conduct.close(folder, status)
        conduct.checks(folder)
    elif status.state == "closed":
        conduct.unblind(folder, status.title)
        st.subheader("Progress", anchor=False)
        progress(folder)
        conduct.withdraw(folder, status)
        conduct.checks(folder)
    else:
        from app.screens.study import report

        report.show(folder)
    layout.download(
        "Protocol (JSON)",
        protocol.to_json(),
        f"{status.study}-protocol.json",
        "desk-protocol",
        type="tertiary",
        icon=":material/download:",
    )
    backup.show(folder)
