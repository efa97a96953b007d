"""The user's own table of files (`--table`): which file shows whom, of which class."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from brainlab.cohort.sources.bids import ACQUISITION, SEQUENCES, acquisition
from brainlab.cohort.sources.demographics import AGE_COLUMNS, SEX_COLUMNS, is_age, person
from brainlab.cohort.sources.names.scan_names import take_apart
from brainlab.cohort.sources.table_rows import PARTICIPANT_COLUMNS, SESSION_COLUMNS, Row, few, first_cells, read_table
from brainlab.errors import InputError
from brainlab.files.delimited import DOUBTFUL_WORDS, FURTHER_LINES, MISSING_WORDS, Table, in_words, lines_in_words
from brainlab.files.textfile import read_text

FILE_COLUMNS = ("file", "path", "filename", "source")
MODALITY_COLUMNS = ("modality", "sequence")
USED_COLUMNS = {
    *FILE_COLUMNS,
    *PARTICIPANT_COLUMNS,
    *SESSION_COLUMNS,
    *MODALITY_COLUMNS,
    *AGE_COLUMNS,
    *SEX_COLUMNS,
    *ACQUISITION,
    *(field.lower() for field, _ in ACQUISITION.values()),
}
"""Beside those of classes, and of ages in other units (`is_age`)."""
WORKBOOK_MARKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How files of Excel and LibreOffice begin."""


def listed_files(table: Path, base: Path, warnings: list[dict[str, str]]) -> list[tuple[Path, dict[str, str]]]:
    """Return the files that a table lists, each with its row; paths are relative to `base` or to the table.

    warnings: gets what the user should know of the table, as {path, reason}.
    Raises InputError when there is no such table, header or column, and when two rows for one file differ.
    """
    if not table.is_file():
        raise InputError(f"--table {table}: no such file; give a CSV with the columns file, participant, class")
    _refuse_what_is_no_text(table)
    header = first_cells(table)
    column = next((name for name in FILE_COLUMNS if name in (cell.lower() for cell in header)), None)
    if column is None:
        raise InputError(f"--table {table}: {_without_file_column(header, table, base)}")
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
        "modality": None if (modality := _first(row, MODALITY_COLUMNS)) is None else _sequence(modality),
        **person(row, problems=problems),
        **acquisition(named),
    }


def take_spelling_of_table(named: Iterable[str], guessed: Sequence[dict[str, Any]]) -> list[str]:
    """Take a guessed person for the one that the table names alike, `anna` for `Anna`; returns what was taken.

    named: participants of the table's rows. guessed: the details of scans whose rows name nobody, changed here.
    """
    spellings: dict[str, set[str]] = defaultdict(set)
    for name in named:
        spellings[_bare(name)].add(name)
    taken: dict[str, None] = {}
    for details in guessed:
        guess, known = details["participant"], spellings.get(_bare(details["participant"]), set())
        if len(known) == 1 and guess not in known:
            (details["participant"],) = known
            taken[f"'{guess}' for '{details['participant']}'"] = None
    return [f"no participant in the row: by the path, {few(taken)} of the table"] if taken else []


def doubts(scans: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what looks wrong with the people of a table: spellings of one id, ids that are none, two sexes or classes.

    scans: the details of each, their classes included.
    """
    counts = Counter(details["participant"] for details in scans)
    groups: dict[str, list[str]] = defaultdict(list)
    for name, count in counts.items():
        groups[_bare(name)].append(f"'{name}' ({count})")
    several = [in_words(group) for group in groups.values() if len(group) > 1]
    notes = []
    if several:
        notes.append(
            f"participants {few(several, '; ')} differ only in case, blanks, leading zeros or .0: they are taken for "
            "different people, and training and test may share a person; write one id for each"
        )
    notes += [
        f"'{name}' ({count}) is taken as a participant, one person; write n/a where the participant is not known"
        for name, count in counts.items()
        if name.lower() in MISSING_WORDS | DOUBTFUL_WORDS
    ]
    for column, words in (("sex", "sexes"), ("class", "classes")):
        values: dict[str, dict[str, None]] = defaultdict(dict)
        for details in scans:
            if details.get(column) is not None:
                values[details["participant"]][details[column]] = None
        differing = [f"'{name}' ({', '.join(found)})" for name, found in values.items() if len(found) > 1]
        if differing:
            notes.append(f"one person has several {words}: {few(differing)}; correct the table if that is a mistake")
    return notes


def unused_columns(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the columns, in order, with a value in any row that nothing is read from, classes apart."""
    names = dict.fromkeys(name for row in rows for name in row)
    return [name for name in names if name not in USED_COLUMNS and not is_age(name)]


def _bare(name: str) -> str:
    """Return an id without what is written in different ways: case, blanks, leading zeros, and `.0` of a number."""
    bare = re.sub(r"^(\d+)\.0+$", r"\1", "".join(name.casefold().split()))
    return re.sub(r"(?<![\d.])0+(?=\d)", "", bare)


def _sequence(text: str) -> str:
    """Return the sequence that a cell means by its words, as in file names (`t2`, `T2 FLAIR`); others as they are."""
    known = {name.casefold(): name for name in SEQUENCES}
    if text.casefold() in known:
        return known[text.casefold()]
    told = take_apart(re.sub(r"[-_ ]*weighted", "w", text.replace("*", "star"), flags=re.IGNORECASE))
    return told.sequence if told.sequence and not told.rest and told.session is None else text


def _refuse_what_is_no_text(table: Path) -> None:
    if table.read_bytes()[:4].startswith(WORKBOOK_MARKS):
        raise InputError(f"--table {table}: needs a CSV or TSV, got a workbook; save it as 'CSV UTF-8'")
    text = read_text(table)
    if "\0" in text:
        raise InputError(
            f"--table {table}: needs a text file, got binary content, or UTF-16 without a byte-order mark; save it as "
            "'CSV UTF-8'"
        )
    if not any(first_cells(table)):
        raise InputError(f"--table {table}: is empty; give a CSV with the columns file, participant, class")


def _without_file_column(header: Sequence[str], table: Path, base: Path) -> str:
    """Say what is wrong with a first line that names no column of files."""
    places = [_place(cell, table, base) for cell in header if cell]
    if any(_exists(place) and place.is_file() for place in places):
        return "needs a header, got a row in line 1; put a line 'file,participant,class' above it"
    *most, last = FILE_COLUMNS
    needed = f"needs a column {', '.join(most)} or {last}, got {few(filter(None, header))} in the first line"
    for number, line in enumerate(read_text(table).splitlines()[:FURTHER_LINES], 1):
        if {cell.strip().strip('"').lower() for cell in re.split("[,;\t|]", line)} & {*FILE_COLUMNS}:
            return f"{needed}; line {number} has one: delete the lines above it"
    return f"{needed}; call the column with the path of each scan '{FILE_COLUMNS[0]}'"


def _first(row: Mapping[str, str], columns: tuple[str, ...]) -> str | None:
    return next((row[name] for name in columns if name in row), None)


def _place(name: str, table: Path, base: Path) -> Path:
    """Return where a file of the table lies; a path of Windows is read as one of this system."""
    path = Path(name if Path(name).is_absolute() or "/" in name else name.replace("\\", "/"))
    places = [path] if path.is_absolute() else [base / path, table.parent / path]
    found = next(filter(_exists, places), places[0])
    return Path(os.path.normpath(found))


def _exists(path: Path) -> bool:
    """Whether there is such a file or folder; none has a name as long as a sentence, which the system refuses."""
    try:
        return path.exists()
    except OSError:
        return False


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
    if "split" in content.columns:
        notes.append("column split: not used; the split is by a hash of the participant")
    names_people = any(name in content.columns for name in PARTICIPANT_COLUMNS)
    nameless = [line for line, row in content.rows if names_people and _first(row, PARTICIPANT_COLUMNS) is None]
    if nameless:
        notes.append(f"{lines_in_words(nameless)}: no participant: taken from the path of the file")
    return notes if len(notes) <= 10 else [few(notes, "; ")]
