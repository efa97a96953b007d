"""Readings that were finished elsewhere: a CSV file of answers in, the same report out."""

from pathlib import PurePath
from typing import Any

import pandas as pd
import streamlit as st

from app import study_report
from brainlab.errors import InputError
from brainlab.reading.ratings import LARGEST_BYTES, LARGEST_ROWS, check_real_or_fake, read_ratings
from brainlab.reading.report import study_report as make_report

COLUMNS = {
    "reader": "who answered, as a code",
    "case": "which image, the same for all readers",
    "answer": "real or fake, empty where missing",
    "truth": "real or fake",
    "source": "where the image is from, such as a model's name",
    "class": "disease class",
    "confidence": "1 (guess) to 5 (certain)",
    "phase": "main, repeat or practice",
    "round": "1, 2, ... for further readings",
    "position": "place in the reader's own order",
    "active_ms": "time on the case in milliseconds",
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
        help=f"One row an answer; at most {LARGEST_ROWS:,} rows. The file is read in memory and not kept.",
    )
    if file is None:
        _explain()
        return
    try:
        report, frame = _report(file.getvalue(), file.name)
    except InputError as error:
        st.error(str(error))
        _explain()
        return
    study_report.show_report(report, frame, _stem(file.name))


def _explain() -> None:
    """Say which columns a file may have."""
    rows = [
        {"column": name, "needed": "yes" if number < REQUIRED else "", "what": what}
        for number, (name, what) in enumerate(COLUMNS.items())
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="content", height="content")
    st.caption("Commas, semicolons or tabs part the columns, in UTF-8. For example:")
    st.code(EXAMPLE, language=None)


@st.cache_data(max_entries=8, show_spinner="Working out the statistics")
def _report(content: bytes, name: str) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return the report of a file and its rows; the file's name is the title."""
    frame = read_ratings(content, name)
    check_real_or_fake(frame)
    return {**make_report(frame), "title": _stem(name)}, frame


def _stem(name: str) -> str:
    return PurePath(name).stem or "readings"
