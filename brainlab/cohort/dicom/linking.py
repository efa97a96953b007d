"""Which patient became which participant: a table for those who may know it, outside the dataset."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from brainlab.cohort.dicom.headers.frames import Origin
from brainlab.errors import InputError
from brainlab.files.spreadsheet import csv_text
from brainlab.files.whole import whole_file

COLUMNS = ("participant", "session", "patient_id", "patient_name", "birth_date", "study_date")


def check_linking_table(path: Path | None, dataset: Path) -> None:
    """Raise InputError where the table would lie in the dataset, or replace a file."""
    if path is None:
        return
    if dataset.resolve() in path.resolve().parents:
        raise InputError(f"{path}: lies in the dataset, which must not say whose its images are; choose another place")
    if path.exists():
        raise InputError(f"{path}: is there already; choose another name for the table")
    if not path.resolve().parent.is_dir():
        raise InputError(f"{path}: its folder does not exist; make it, or choose another place")


def write_linking_table(path: Path, visits: Iterable[tuple[str, str, Origin]]) -> None:
    """Write a CSV that only its owner may read, one row for each visit: its labels and whose it is."""
    rows = {
        (person, visit): {
            "participant": person,
            "session": visit,
            "patient_id": origin.person["PatientID"],
            "patient_name": origin.person["PatientName"],
            "birth_date": origin.person["PatientBirthDate"],
            "study_date": origin.study_date,
        }
        for person, visit, origin in visits
    }
    table = pd.DataFrame([rows[key] for key in sorted(rows)], columns=list(COLUMNS))
    with whole_file(path, mode=0o600) as scratch:
        scratch.write_text(csv_text(table), encoding="utf-8")
