"""Finished readings from a CSV file: answers that were collected elsewhere, for the same report."""

import io
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from brainlab.errors import InputError
from brainlab.reading.answers import FAKE, OPTIONAL, REAL, REQUIRED

LARGEST_BYTES = 5_000_000
LARGEST_ROWS = 20_000
"""Intervals are worked out by resampling all cases at once, which takes memory."""

FIRST_ROW = 2
"""Rows are named as a spreadsheet shows them: the heading is row 1."""

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
COLUMNS = (*REQUIRED, *OPTIONAL, "round")


def read_ratings(source: Path | bytes, name: str = "") -> pd.DataFrame:
    """Return the rows of a CSV file as text, indexed by row; commas, semicolons or tabs part the columns.

    name: what errors call the file, for content that has no path. Column names are taken in any case.
    Raises InputError for what is no table of answers: empty, huge, not UTF-8, columns missing or twice.
    """
    name = name or str(source)
    content = source if isinstance(source, bytes) else _content(source)
    if len(content) > LARGEST_BYTES:
        raise InputError(f"{name}: needed at most {LARGEST_BYTES // 10**6} MB, came {len(content) / 1e6:.0f} MB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise InputError(
            f"{name}: not a CSV table in UTF-8 (row {row}); save it as 'CSV UTF-8' or export it again"
        ) from error
    if not text.strip():
        raise InputError(f"{name}: the file is empty; needed a heading with {', '.join(REQUIRED)} and rows of answers")
    heading = next(line for line in text.splitlines() if line.strip())
    separator = max(SEPARATORS, key=heading.count)
    options: dict[str, Any] = {"dtype": str, "index_col": False, "skip_blank_lines": False}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # of a row with too many cells
            frame = pd.read_csv(io.StringIO(text), sep=separator, keep_default_na=False, na_values=[""], **options)
    except pd.errors.ParserWarning as error:
        raise InputError(f"{name}: some row has more cells than the heading has columns") from error
    except ValueError as error:
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise InputError(f"{name}: not a CSV table ({reason})") from error
    frame.columns = [str(column).strip().lower() for column in frame.columns]
    _check_columns(frame, name, separator)
    frame.index += FIRST_ROW
    frame = frame[frame.notna().any(axis=1)]
    if not len(frame):
        raise InputError(f"{name}: the table has a heading but no rows")
    if len(frame) > LARGEST_ROWS:
        raise InputError(f"{name}: needed at most {LARGEST_ROWS:,} rows, came {len(frame):,}")
    return frame


def check_real_or_fake(frame: pd.DataFrame) -> None:
    """Refuse a label that is neither 'real' nor 'fake' where the others are, naming its row.

    A table without either word holds other labels, such as grades, and passes. An empty answer is missing.
    """
    labels = {column: frame[column].dropna().str.strip() for column in ("answer", "truth") if column in frame}
    known = {column: values.str.lower().isin([REAL, FAKE, ""]) for column, values in labels.items()}
    if not any(values.str.lower().isin([REAL, FAKE]).any() for values in labels.values()):
        return
    for column, right in known.items():
        if not right.all():
            row = right.index[~right][0]
            hint = "; leave a missing answer empty" if column == "answer" else ""
            raise InputError(f"row {row}: {column} is {labels[column][row]!r}; needed real or fake{hint}")


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST_BYTES + 1)


def _check_columns(frame: pd.DataFrame, name: str, separator: str) -> None:
    found = list(frame.columns)
    absent = [column for column in REQUIRED if column not in found]
    if absent:
        raise InputError(
            f"{name}: needed the columns reader, case and answer; {', '.join(absent)} missing "
            f"(came {', '.join(found)}, parted by {SEPARATORS[separator]})"
        )
    # pandas renames a second 'answer' to 'answer.1'.
    twice = [column for column in COLUMNS if f"{column}.1" in found or found.count(column) > 1]
    if twice:
        raise InputError(f"{name}: the column {twice[0]} comes twice; keep one")
