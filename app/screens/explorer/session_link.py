"""What the address of a session asks the explorer to open, with what differs here from where the link was made."""

from collections.abc import Callable
from typing import TypeVar, cast

import streamlit as st

from app.components import layout
from app.data import resources
from app.data.volumes import Scan

T = TypeVar("T")


def opened(run: str, mark: str, read: Callable[[str], T | str], scan_of: Callable[[T], Scan | None]) -> T | None:
    """Return what the address of this session asks of this run; say why where it cannot be shown.

    It is read when the session first comes to that run, and stays until the page is opened anew.
    mark: the part of the address that only links of this kind have.  read: returns what a run is asked for, or why it
    cannot be shown.  scan_of: the scan that it starts from, if any.
    """
    query, key = st.query_params, f"linked-{mark}"
    if key not in st.session_state and query.get("run") == run and mark in query:
        st.session_state[key] = run, read(run)
    asked, found = st.session_state.get(key, (None, None))
    if asked != run:
        return None
    if isinstance(found, str):
        layout.note(found)
        return None
    linked = cast("T", found)
    if not resources.run(run).sha256.startswith(query.get("sha", "")):
        layout.note(f"{run} has other weights here than in the link, so the image differs")
    scan = scan_of(linked)
    if scan and not resources.cohort(scan.cohort).sha256.startswith(query.get("cohort_sha", "")):
        layout.note(f"{scan.cohort} has other scans here than in the link, so the image differs")
    return linked


MISSING_SCAN = "The scan in this link does not exist here"


def damaged(error: Exception) -> str:
    """Return why a link that cannot be read opens nothing."""
    return f"The link is damaged ({error}); copy it whole"
