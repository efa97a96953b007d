"""Machines beside the readers of a study whose truth is known: scores from files, and a network of brainlab's own."""

from pathlib import Path

import pandas as pd
import streamlit as st

from app.components import layout
from brainlab.errors import BrainlabError, InputError
from brainlab.experiments.studies.case_classifier import ClassifierReading, read_by_classifier
from brainlab.files.spreadsheet import csv_text
from brainlab.reading.statistics.paired.machine_scores import (
    LARGEST_BYTES,
    MachineReader,
    check_names,
    read_machine_scores,
)

COLUMNS = (
    "A CSV file with the columns `case` (ids as in the answers' CSV) and `score` (higher: more likely real), and "
    "`reader` where it holds several models. The file is read in memory and not kept."
)
ASKED = "study-classifier-asked"


def machine_readers(frame: pd.DataFrame, key: str, folder: Path | None = None) -> list[MachineReader]:
    """Ask for machines' scores of the cases of `frame`, and return those that are whole.

    folder: of an unblinded study, whose images a network can read. A file that cannot be used is told in one line.
    """
    with st.expander("Machine readers"):
        files = st.file_uploader(
            "Scores of your own model",
            type=["csv", "tsv", "txt"],
            accept_multiple_files=True,
            key=f"machine-files-{key}",
            max_upload_size=LARGEST_BYTES // 10**6,
            help=COLUMNS,
        )
        machines: list[MachineReader] = []
        for file in files:
            try:
                found, notes = read_machine_scores(file.getvalue(), frame, file.name)
                check_names([*machines, *found])
            except InputError as error:
                st.error(str(error))
                continue
            machines += found
            for note in notes:
                st.caption(f"{file.name}: {note}")
        if folder is not None:
            machines += _classifier(folder, machines)
    return machines


def _classifier(folder: Path, others: list[MachineReader]) -> list[MachineReader]:
    """Offer to let a network read the cases; once it has, it stays beside the readers for the session."""
    asked = st.session_state.setdefault(ASKED, set())
    if folder.name not in asked:
        st.caption(
            "A network learns from other images of the study's sources and scores every case. It sees neither the "
            "cases nor other images of their people. This takes a minute or more."
        )
        if not st.button("Score the cases with a network", key=f"classify-{folder.name}"):
            return []
        asked.add(folder.name)
    try:
        reading = _read(str(folder))
        check_names([*others, reading.machine])
    except BrainlabError as error:
        asked.discard(folder.name)
        st.error(str(error))
        return []
    st.caption(
        f"The network learnt from {reading.real} other real images of {reading.people} people and "
        f"{reading.generated} other generated images."
    )
    scores = reading.machine.scores
    table = pd.DataFrame({"case": list(scores), "score": list(scores.values()), "reader": reading.machine.name})
    name = f"{folder.name}-classifier.csv"
    layout.download("Its scores (CSV)", lambda: csv_text(table).encode(), name, f"classifier-{folder.name}")
    return [reading.machine]


@st.cache_data(max_entries=8, show_spinner="The network learns and reads")
def _read(folder: str) -> ClassifierReading:
    """The scores of an unblinded study, which never change."""
    return read_by_classifier(Path(folder))
