"""Finished readings from a CSV file: answers that were collected elsewhere, for the same report."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.files.delimited import Table, in_words, parse_table
from brainlab.files.textfile import decode_text
from brainlab.reading.statistics.answers import (
    FAKE,
    OPTIONAL,
    PHASES,
    REAL,
    REQUIRED,
    Answers,
    another_question,
    by_condition,
    by_round,
    fill_case_facts,
    numbers,
)
from brainlab.reading.statistics.labels import (
    check_cells,
    check_real_or_fake,
    in_one_spelling,
    look_alikes,
    with_decimal_points,
    without_missing_words,
)

LARGEST_BYTES = 5_000_000
LARGEST_ROWS = 20_000
"""Intervals are worked out by resampling all cases at once, which takes memory."""

COLUMNS = (*REQUIRED, *OPTIONAL, "round", "condition")
SPELLINGS = (
    (("answer", "truth"), True, (REAL, FAKE)),
    (("class",), True, ()),
    (("source",), False, ()),
    (("condition",), False, ()),
    (("phase",), False, PHASES),
    (("round",), True, ()),
)
"""Columns whose labels are brought to one spelling together; whether 1 and 1.0 are one; labels in lower case."""
HIGHEST_CONFIDENCE = 5
NUMBERS = ("confidence", "position", "active_ms", "round")


class Ratings(NamedTuple):
    """The answers of a file as text, one row an answer, indexed by line, None where empty; and what was mended."""

    frame: pd.DataFrame
    notes: list[str]


def read_ratings(source: Path | str | bytes, name: str = "") -> Ratings:
    """Read a CSV file of answers; commas, semicolons or tabs part the columns.

    name: what errors call the file, for content that has no path. Column names are taken in any case, columns of other
    names left out. Labels are brought to one spelling, words for missing answers to None (`labels`), readers' codes to
    one spelling; truth, source and class to all rows of a case. `notes` say each of these.
    Raises InputError for what is no table of answers: empty, huge, damaged, columns missing or twice, labels that
    contradict each other, or no answer at all.
    """
    name = name or str(source)
    content = source if isinstance(source, bytes) else _content(Path(source))
    if len(content) > LARGEST_BYTES:
        raise InputError(f"{name}: needs at most {LARGEST_BYTES // 10**6} MB, got {len(content) / 1e6:.0f} MB")
    text = decode_text(content)
    table = parse_table(text, name, REQUIRED)
    if not table.columns:
        raise InputError(f"{name}: the file is empty; needs a header with {in_words(REQUIRED)}, and rows of answers")
    if not table.rows:
        raise InputError(f"{name}: the table has a header but no rows; needs one row an answer")
    if len(table.rows) > LARGEST_ROWS:
        raise InputError(f"{name}: needs at most {LARGEST_ROWS:,} rows, got {len(table.rows):,}")
    notes = list(table.notes)
    if not text.isascii() and text.encode("latin-1", "ignore") == content:  # in UTF-8 such letters take several bytes
        notes.append("not in UTF-8: read as Latin-1; save as 'CSV UTF-8' if letters look wrong")
    if other := [column for column in table.columns if column not in COLUMNS]:
        notes.append(f"columns of other names left out: {in_words(other)}")
    try:
        return _tidied(table, notes)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST_BYTES + 1)


def _tidied(table: Table, notes: list[str]) -> Ratings:
    """Return the known columns of a table with one spelling a label, and what was taken for what."""
    lines = [line for line, _ in table.rows]
    frame = pd.DataFrame(index=lines)
    for column in (column for column in COLUMNS if column in table.columns):
        cells = pd.Series([row[column] or None for _, row in table.rows], index=lines, name=column, dtype=object)
        cells = check_cells(cells)
        if column not in ("reader", "case"):  # people may be called 'NA'
            cells, said = without_missing_words(cells, findings=column not in NUMBERS)
            notes += said
        if table.delimiter != "," and column in ("answer", "truth", *NUMBERS):
            cells, said = with_decimal_points(cells)
            notes += said
        frame[column] = cells
    for names, by_number, lower in SPELLINGS:
        if present := [name for name in names if name in frame]:
            made, said = in_one_spelling([frame[name] for name in present], numbers=by_number, lower=lower)
            frame[present] = pd.concat(made, axis=1)
            notes += said
    _merge_readers(frame, notes)
    check_real_or_fake(frame)
    if frame["answer"].isna().all():
        why = "; ".join(notes) or "all are empty"
        raise InputError(f"needs at least one answer, got none in {counted(len(frame), 'row')}: {why}")
    for column in ("reader", "case"):
        notes += look_alikes(frame[column])
    conditions = by_condition(frame)
    for part in conditions.values():
        for one in by_round(part).values():
            Answers.from_frame(one)
    if "condition" in frame and len(conditions) == 1:
        notes.append("condition: no reader judged a case under two; left out")
        del frame["condition"]
    frame = fill_case_facts(frame)  # over all rounds
    if "truth" in frame and another_question(frame):
        notes.append("truth: none of its labels is an answer; taken as of another question and left out")
    if "confidence" in frame and (highest := numbers(frame["confidence"]).max()) > HIGHEST_CONFIDENCE:
        notes.append(f"confidence goes up to {highest:g}, not {HIGHEST_CONFIDENCE}: only its order counts")
    return Ratings(frame, notes)


def _merge_readers(frame: pd.DataFrame, notes: list[str]) -> None:
    """Give a reader whose code is written `R1` and `r1` one code; refuse where both answer the same case."""
    (merged,), said = in_one_spelling([frame["reader"]], numbers=False)
    if said:
        usual = {"case": "", "phase": "main", "round": "1", "condition": ""}
        place = [column for column in usual if column in frame]
        keys = frame[place].fillna(usual).assign(reader=merged)
        first: dict[tuple[str, ...], int] = {}
        for line, key in zip(frame.index, keys.itertuples(index=False), strict=True):
            earlier = first.setdefault(tuple(key), line)
            codes = [frame["reader"][earlier], frame["reader"][line]]
            if codes[0] != codes[1]:
                raise InputError(
                    f"lines {earlier} and {line}: {in_words([repr(code) for code in codes])} both answer case "
                    f"{frame['case'][line]}; write one code alike in all rows, two readers' codes less alike"
                )
    frame["reader"] = merged
    notes += said
