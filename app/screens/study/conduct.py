"""What a researcher does with a study after its design: lock, withdraw a reader, close, unblind."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import streamlit as st

from app.components import layout
from app.screens.study.designing.source_notes import TRUTH_BADGES
from app.screens.study.reader_links import reading_on
from brainlab.counted import counted
from brainlab.errors import BrainlabError, LockRefusedError
from brainlab.images.grid import Grid
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol
from brainlab.reading.record.lock_record import lock_findings, lock_warnings, people_of_sources

REFUSED = "study-lock-refused"


def lock(folder: Path, protocol: Protocol) -> None:
    """Offer to see the images, to lock, and to delete the draft. A refused lock may be made with a recorded reason."""
    st.markdown(
        "**Locking** renders every image, draws each reader's order and seals the truth. Nothing changes afterwards."
    )
    refused = st.session_state.get(REFUSED, {}).get(str(folder))
    reason = ""
    if refused:
        st.error(refused)
        reason = st.text_input("Reason to lock regardless", key=f"override-{folder.name}")
    with st.container(horizontal=True):
        look = st.button("See sample images", key=f"preview-{folder.name}")
        act = st.button("Lock the study", type="primary", key=f"lock-{folder.name}")
        _delete(folder)
    if look:
        _preview(protocol)
    if not act:
        return
    from brainlab.experiments.studies.locking import lock_study

    try:
        with st.spinner("Images are drawn, rendered, checked and sealed"):
            lock_study(folder, override=reason, watch=watch)
    except LockRefusedError as error:
        st.session_state.setdefault(REFUSED, {})[str(folder)] = f"{error.reason[0].upper()}{error.reason[1:]}."
        st.rerun()
    except BrainlabError as error:
        st.error(str(error))
        return
    _show_again(folder)


def _delete(folder: Path) -> None:
    """Offer to delete a draft, with a confirmation."""
    with st.popover("Delete the draft"):
        st.markdown("A design can be changed by starting a new study from it. This cannot be taken back.")
        if st.button("Delete it now", type="primary", key=f"delete-{folder.name}"):
            lifecycle.delete_draft(folder)
            st.rerun()


def checks(folder: Path) -> None:
    """Show what was found when the study was locked; warnings openly, the rest folded away."""
    found = lifecycle.lock_checks(folder)
    warned = lock_warnings(found)
    lines = [*(f"Real cases: {line}." for line in people_of_sources(found.get("sources", ()))), *lock_findings(found)]
    if warned:
        st.warning("  \n".join(warned), icon=":material/visibility:")
    if lines:
        with st.expander("Checks at the lock"):
            st.markdown("\n".join(f"- {line}" for line in lines))


def withdraw(folder: Path, status: lifecycle.StudyStatus) -> None:
    """Offer to withdraw a reader, with a confirmation."""
    readers = reading_on(status)
    if not readers:
        return
    with st.popover("Withdraw a reader"):
        reader = st.selectbox("Reader", readers, key=f"withdraw-who-{folder.name}")
        st.markdown("The link ends, the name is erased and reports leave the answers out. This cannot be taken back.")
        if st.button(f"Withdraw {reader} now", type="primary", key=f"withdraw-{folder.name}"):
            lifecycle.withdraw_reader(folder, reader)
            st.rerun()


def close(folder: Path, status: lifecycle.StudyStatus) -> None:
    """Offer to close a study, with a confirmation."""
    with st.popover("Close the study"):
        st.markdown("No more answers will be taken. This cannot be taken back.")
        unread = sum(reader.total - reader.done for reader in status.readers if not reader.withdrawn)
        if unread:
            st.markdown(f":orange[{counted(unread, 'case')} of {sum(r.total for r in status.readers)} not read yet.]")
        if st.button("Close it now", type="primary", key=f"close-{folder.name}"):
            lifecycle.close(folder)
            _show_again(folder)


def unblind(folder: Path, title: str) -> None:
    """Offer to unblind a study, confirmed by its title and a name."""
    st.subheader("Unblind", anchor=False)
    st.markdown("Unblinding reveals the truth permanently and is recorded. Type the title of the study to confirm.")
    with st.form(f"unblind-{folder.name}", border=False, width=560):
        typed = st.text_input("Title of the study", placeholder=title)
        actor = st.text_input("Your name, for the record")
        sent = st.form_submit_button("Unblind", type="primary")
    if not sent:
        return
    if typed.strip() != title.strip():
        st.error("The title does not match; the study remains blinded.")
        return
    lifecycle.unblind(folder, actor)
    _show_again(folder)


def _show_again(folder: Path) -> None:
    """Begin the page anew with the study chosen, whose name in the list says its new state."""
    st.session_state["desk-next"] = folder.name
    st.rerun()


@st.dialog("Images as readers will see them", width="large")
def _preview(protocol: Protocol) -> None:
    """Show two rendered images of each source; of volumes the middle axial slice, in the convention readers see."""
    from brainlab.experiments.studies.locking import preview

    with st.spinner("Rendering"):
        images = preview(protocol, per_source=2)
    truths = {source.name: source.truth for source in protocol.sources}
    for source, pictures in images.items():
        st.markdown(f"{TRUTH_BADGES[truths[source]]} **{layout.literal(source)}**")
        columns = st.columns(4)
        for column, picture in zip(columns, pictures, strict=False):
            shown = picture if picture.ndim == 2 else Grid.unplaced(picture.shape).view(picture, "axial")
            column.image(shown, output_format="PNG")


def watch(items: Iterable[Any], description: str, total: int) -> Iterator[Any]:
    """Show a bar while items are worked through."""
    bar = st.progress(0.0, description)
    for number, item in enumerate(items):
        bar.progress(number / max(total, 1), f"{description} {number + 1} of {total}")
        yield item
    bar.progress(1.0, f"{description}: done")
