"""Readers' personal links on the study desk: make them, show them once, say how long they work, end them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from app.server.routes import base_url
from brainlab.reading.desk import lifecycle
from brainlab.reading.record.tokens import LOCAL_APP

LINKS = "study-links"
TERMS = {"As long as the study is open": None, "1 week": 7, "2 weeks": 14, "4 weeks": 28, "12 weeks": 84, "1 year": 365}


def links(folder: Path, status: lifecycle.StudyStatus) -> None:
    """Make personal links and show them once."""
    st.subheader("Personal links", anchor=False)
    fresh = st.session_state.get(LINKS, {}).get(str(folder), [])
    if fresh:
        _show_once(folder, fresh, {reader.reader: reader for reader in status.readers})
        return
    readers = reading_on(status)
    if not readers:
        st.caption("Every reader has withdrawn.")
        return
    known = {reader.reader: reader for reader in status.readers}
    st.markdown("  \n".join(f"**{code}** · {_describe(known[code])}" for code in readers))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        term = st.selectbox("New links are valid", list(TERMS), key=f"term-{folder.name}", width=300)
        days = TERMS[term]
        if without := [code for code in readers if not known[code].has_link]:
            label = f"Make links for {', '.join(without)}"
            if st.button(label, type="primary", key=f"links-{folder.name}"):
                _issue(folder, tuple(without), days, reissue=False)
        if linked := [code for code in readers if known[code].has_link]:
            _change(folder, linked, days)
    if days is not None:
        st.caption(f"Links created now are valid until {_day(datetime.now(UTC) + timedelta(days=days))}.")


def reading_on(status: lifecycle.StudyStatus) -> list[str]:
    """Return the codes of the readers who have not withdrawn; a status has a row for every reading."""
    return list(dict.fromkeys(reader.reader for reader in status.readers if not reader.withdrawn))


def _change(folder: Path, linked: list[str], days: float | None) -> None:
    """Offer to replace or end the link of one reader."""
    with st.popover("Change a link"):
        reader = st.selectbox("Reader", linked, key=f"relink-{folder.name}")
        st.markdown("The link stops working immediately, also in open tabs. Answers are kept.")
        if st.button(f"Make a new link for {reader}", key=f"reissue-{folder.name}"):
            _issue(folder, (reader,), days, reissue=True)
        if st.button(f"End the link of {reader}", key=f"revoke-{folder.name}"):
            lifecycle.revoke_link(folder, reader)
            st.rerun()


def _show_once(folder: Path, fresh: list[lifecycle.Link], known: dict[str, lifecycle.ReaderStatus]) -> None:
    st.warning("Copy these links now: they are shown once, and only a hash of each is stored.")
    for link in fresh:
        st.markdown(f"**{link.reader}** · {_describe(known[link.reader])}")
        st.code(link.url, language=None, wrap_lines=True)
    if st.button("I have copied them", key=f"copied-{folder.name}"):
        st.session_state[LINKS].pop(str(folder))
        st.rerun()


def _issue(folder: Path, readers: tuple[str, ...], days: float | None, *, reissue: bool) -> None:
    """Make links that lead to this server as the researcher sees it."""
    at = urlsplit(st.context.url or LOCAL_APP)
    made = lifecycle.issue_links(folder, f"{at.scheme}://{at.netloc}{base_url()}", readers, reissue, days)
    st.session_state.setdefault(LINKS, {})[str(folder)] = made
    st.rerun()


def _describe(reader: lifecycle.ReaderStatus) -> str:
    if not reader.has_link:
        return "no link"
    if reader.link_until is None:
        return "link valid while the study is open"
    until = datetime.fromisoformat(reader.link_until)
    return f"link {'works until' if until > datetime.now(UTC) else 'ended on'} {_day(until)}"


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}, {at:%H:%M} UTC"
