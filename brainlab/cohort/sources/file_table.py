"""The user's own table of files (`--table`): which file shows whom, of which class."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brainlab.cohort.sources.bids import ACQUISITION, acquisition
from brainlab.cohort.sources.demographics import person
from brainlab.cohort.sources.table_rows import PARTICIPANT_COLUMNS, SESSION_COLUMNS, Row, few, first_cells, read_table
from brainlab.errors import InputError
from brainlab.files.delimited import Table, in_words, lines_in_words

FILE_COLUMNS = ("file", "path", "filename", "source")
MODALITY_COLUMNS = ("modality", "sequence")


def listed_files(table: Path, base: Path, warnings: list[dict[str, str]]) -> list[tuple[Path, dict[str, str]]]:
    """Return the files that a table lists, each with its row; paths are relative to `base` or to the table.

    warnings: gets what the user should know of the table, as {path, reason}.
    Raises InputError when there is no such table, header or column, and when two rows for one file differ.
    """
    if not table.is_file():
        raise InputError(f"--table {table}: no such file; give a CSV with the columns file, participant, class")
    header = first_cells(table)
    column = next((name for name in FILE_COLUMNS if name in (cell.lower() for cell in header)), None)
    if column is None:
        if any(_place(cell, table, base).is_file() for cell in header if cell):
            raise InputError(
                f"--table {table}: needs a header, got a row in line 1; put a line 'file,participant,class' above it"
            )
        raise InputError(f"--table {table}: no column 'file' with the path of each scan; add one")
    content = read_table(table)
    rows_of: dict[Path, list[Row]] = {}
    for line, row in content.rows:
        if column in row:
            rows_of.setdefault(_place(row[column], table, base), []).append((line, row))
    listed = {}
    for path, rows in rows_of.items():
        _refuse_contradictions(table, column, rows)
        listed[path] = rows[0][1]
    notes = [*content.notes, *_notes(content, column, list(rows_of.values()))]
    warnings.extend({"path": str(table), "reason": note} for note in notes)
    return list(listed.items())


def details_of(row: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    """Translate a row of the user's table to columns of `scans.tsv`, None where it says nothing.

    problems: gets a sentence for each cell that says something and cannot be used.
    """
    fields = {field.lower(): field for field, _ in ACQUISITION.values()}
    named = {fields[name]: value for name, value in row.items() if name in fields}
    named |= {ACQUISITION[name][0]: value for name, value in row.items() if name in ACQUISITION}
    return {
        "participant": _first(row, PARTICIPANT_COLUMNS),
        "session": _first(row, SESSION_COLUMNS),
        "modality": _first(row, MODALITY_COLUMNS),
        **person(row, problems=problems),
        **acquisition(named),
    }


def _first(row: Mapping[str, str], columns: tuple[str, ...]) -> str | None:
    return next((row[name] for name in columns if name in row), None)


def _place(name: str, table: Path, base: Path) -> Path:
    """Return where a file of the table lies; a path of Windows is read as one of this system."""
    path = Path(name if Path(name).is_absolute() or "/" in name else name.replace("\\", "/"))
    places = [path] if path.is_absolute() else [base / path, table.parent / path]
    found = next((place for place in places if place.exists()), places[0])
    return Path(os.path.normpath(found))


def _refuse_contradictions(table: Path, column: str, rows: list[Row]) -> None:
    """Refuse two rows for one file that differ in anything."""
    line, first = rows[0]
    for other_line, other in rows[1:]:
        names = [name for name in {**first, **other} if name != column and first.get(name) != other.get(name)]
        if names:
            values = [", ".join(row.get(name, "n/a") for name in names[:3]) for row in (first, other)]
            raise InputError(
                f"--table {table}: lines {line} and {other_line} are both for {first[column]} and differ in "
                f"{in_words(names[:3])} ({values[0]}; {values[1]}); keep one row a file"
            )


def _notes(content: Table, column: str, rows: list[list[Row]]) -> list[str]:
    notes = []
    without_file = [line for line, row in content.rows if column not in row]
    if without_file:
        notes.append(f"{lines_in_words(without_file)}: no {column}: left out")
    for several in (each for each in rows if len(each) > 1):
        notes.append(f"{lines_in_words([line for line, _ in several])}: the same row twice: taken once")
    names_people = any(name in content.columns for name in PARTICIPANT_COLUMNS)
    nameless = [line for line, row in content.rows if names_people and _first(row, PARTICIPANT_COLUMNS) is None]
    if nameless:
        notes.append(f"{lines_in_words(nameless)}: no participant: taken from the path of the file")
    return notes if len(notes) <= 10 else [few(notes, "; ")]
