"""Readings that were collected elsewhere: the same report from a CSV file of answers."""

from pathlib import PurePath
from typing import Any

import pandas as pd
import streamlit as st

from app.screens.study.machine_readers import machine_readers
from app.screens.study.report import show_report
from brainlab.errors import InputError
from brainlab.reading.report.study_report import report_from_answers
from brainlab.reading.statistics.paired.machine_scores import MachineReader
from brainlab.reading.statistics.ratings import LARGEST_BYTES, LARGEST_ROWS, read_ratings
from brainlab.reading.statistics.reading_rules import READING_RULES

COLUMNS = {
    "reader": "who answered, as a code",
    "case": "which image, the same for all readers",
    "answer": "real or fake, or any other labels; empty where missing",
    "truth": "real or fake, once per case or in each of its rows",
    "source": "where the image is from, such as a model's name",
    "class": "disease class",
    "confidence": "1 (guess) to 5 (certain)",
    "phase": "main, repeat or practice",
    "round": "1, 2, ... for further readings",
    "condition": "with and without a cue, for example, where readers judged the same cases under several",
    "position": "position in the reader's order",
    "active_ms": "reading time in milliseconds",
}
REQUIRED = 3
EXAMPLE = """reader,case,answer,truth,source,confidence
R1,001,real,real,scans,4
R2,001,fake,real,scans,2
R1,002,fake,fake,my-model,5
R2,002,real,fake,my-model,1
"""


def show() -> None:
    """Ask for a file and show its report, or in one line what is wrong with it."""
    file = st.file_uploader(
        "CSV file of answers",
        type=["csv", "tsv", "txt"],
        key="import-file",
        max_upload_size=LARGEST_BYTES // 10**6,
        help=f"One row per answer; at most {LARGEST_ROWS:,} rows. The file is read in memory and not kept.",
    )
    if file is None:
        _explain()
        return
    try:
        frame, notes = _ratings(file.getvalue(), file.name)
        if notes:
            st.info("\n".join(["How the file was read:", *(f"- {note}" for note in notes)]))
        name = _stem(file.name)
        report = _report(frame, notes, name, machine_readers(frame, name))
    except InputError as error:
        st.error(str(error))
        _explain()
        return
    show_report(report, frame, name)


def _explain() -> None:
    """Say which columns a file may have."""
    rows = [
        {"column": name, "needed": "yes" if number < REQUIRED else "", "what": what}
        for number, (name, what) in enumerate(COLUMNS.items())
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="content", height="content")
    st.caption(f"{READING_RULES} For example:")
    st.code(EXAMPLE, language=None)


@st.cache_data(max_entries=8, show_spinner=False)
def _ratings(content: bytes, name: str) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows of a file and what was mended in them."""
    frame, notes = read_ratings(content, name)
    return frame, notes


@st.cache_data(max_entries=8, show_spinner="Computing the statistics")
def _report(frame: pd.DataFrame, notes: list[str], title: str, machines: list[MachineReader]) -> dict[str, Any]:
    """Return the report of a file, whose name is the title."""
    return {**report_from_answers(frame, notes=notes, machines=machines), "title": title}


def _stem(name: str) -> str:
    return PurePath(name).stem or "readings"
