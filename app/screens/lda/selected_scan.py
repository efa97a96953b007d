"""Which scan is chosen on the LDA page, in whichever of its charts and tables that was done."""

from collections.abc import Sequence

import streamlit as st

from brainlab.experiments.analysis.discrimination import LdaResult
from brainlab.experiments.analysis.verdicts import scans

Named = tuple[str, int]
"""Dataset and row of a scan."""

CHOSEN = "lda-chosen"
MARKS = "lda-marks"


def chosen(result: LdaResult) -> Named:
    """Return the chosen scan; the first predicted one where none of this result is chosen."""
    there = scans(result)
    found = st.session_state.get(CHOSEN)
    return found if found in there else there[0]


def choose(scan: Named, by: str | None = None) -> None:
    """Choose a scan in the chart `by`, so that the other charts mark it, too."""
    marks = st.session_state.get(MARKS, {})
    st.session_state[CHOSEN] = scan
    st.session_state[MARKS] = {by: marks[by]} if by in marks else {}


def clicked(chart: str) -> None:
    """Take over a click on a point of a chart; its `customdata` names the scan, if there is an image of it."""
    if points := st.session_state[chart]["selection"]["points"]:
        dataset, row = points[0]["customdata"]
        if dataset:
            choose((str(dataset), int(row)), chart)


def picked(table: str, rows: Sequence[Named]) -> None:
    """Take over a click on a row of a table, whose scans are `rows`."""
    if found := st.session_state[table]["selection"]["rows"]:
        choose(rows[found[0]])


def mark(chart: str, result: LdaResult) -> Named:
    """Return the scan that a chart is drawn with as the marked one.

    A chart marks its own clicks; were it drawn anew for each, its zoom would be lost.
    """
    marks = st.session_state.setdefault(MARKS, {})
    return marks.setdefault(chart, chosen(result))


def forget_marks() -> None:
    """Let every chart be drawn with the chosen scan, as when the whole page is drawn anew."""
    st.session_state[MARKS] = {}
