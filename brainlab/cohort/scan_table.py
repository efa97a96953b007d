"""`scans.tsv` of a prepared dataset: one row a volume, written and read back so that names stay what they were."""

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from brainlab.errors import InputError
from brainlab.files.delimited import DOUBTFUL_WORDS, MISSING_WORDS, Table, in_words, lines_in_words, parse_table
from brainlab.files.textfile import read_text

ACQUISITION_COLUMNS = (
    "echo_time_s",
    "repetition_time_s",
    "inversion_time_s",
    "pixel_bandwidth_hz",
    "field_strength_t",
)
"""What the scanner was told to do; the FLAIR paper's figure 11 shows the first ones differing between its classes."""

COLUMNS = (
    "participant",
    "session",
    "modality",
    "class",
    "age_years",
    "sex",
    *ACQUISITION_COLUMNS,
    "split",
    "source",
    "sha256",
)
"""Columns of `scans.tsv`; a simulated cohort adds its truth (`lesion_volume_ml`, `ventricle_volume_ml`, ...)."""

NEEDED = ("participant", "class", "split")
"""Columns without which nothing can be trained or tested; the others are filled up as missing."""
NUMBERS = ("age_years", *ACQUISITION_COLUMNS)
NAMES = ("participant", "session", "class")
"""Columns whose cells are names, whatever they look like: `01`, `NA` and `None` are people and classes too."""
SPLITS = ("train", "test")
MISSING = "n/a"
"""The one cell that stands for a missing name or text, besides an empty one."""
NO_NUMBER = MISSING_WORDS | DOUBTFUL_WORDS
"""Cells, in lower case, that stand for a missing number."""
UNLABELLED = "unlabelled"
"""What is shown, and never stored, as the class of a scan without one."""


def read_scans(path: Path) -> pd.DataFrame:
    """Read `scans.tsv`, also after a spreadsheet or an editor had it: any order of columns, blank lines, other marks.

    Needs the columns participant, class and split; every row needs a participant and a split of train or test, the same
    in all rows of a participant. Other columns of `COLUMNS` that are gone are missing values throughout. Age,
    acquisition and volumes (`*_ml`) are floats, further columns numbers where all their cells are, and all else text.
    Raises InputError with the line and the value for what does not fit.
    """
    try:
        text = read_text(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); prepare the scans again") from error
    first = next((line for line in text.splitlines() if line.strip()), "")
    table = parse_table(text, str(path), delimiter="\t" if "\t" in first else None)
    absent = [name for name in NEEDED if name not in table.columns]
    if absent:
        raise InputError(
            f"{path}: needs the columns {in_words(NEEDED)}, got none named {in_words(absent)}; put the column back, or "
            "prepare the scans again"
        )
    _check_rows(table, path)
    return pd.DataFrame({name: _column(table, name, path) for name in (*table.columns, *_gone(table))})


def write_scans(path: Path, scans: pd.DataFrame) -> None:
    """Write `scans.tsv`; missing cells become `n/a`.

    Raises InputError for a name that a table cannot hold, such as a participant called `n/a`.
    """
    scans.to_csv(path, sep="\t", index=False, na_rep=MISSING)
    read = read_scans(path)
    for name in NAMES:
        written = scans[name] if name in scans else read[name]
        for row, (before, after) in enumerate(zip(written, read[name], strict=True)):
            lost = not pd.isna(before) and str(before) != after and (name, before) != ("class", UNLABELLED)
            if lost or (name == "participant" and pd.isna(before)):
                raise InputError(f"row {row}: needs a {name} that a table can hold, got {before!r}; rename it")


def row_order(scans: pd.DataFrame) -> str | None:
    """Return a hash of the rows' order, by the hashes of their files; None where a row does not have one.

    Volumes are stored without names, so that a table that was sorted by hand would give each the class of another.
    """
    if "sha256" not in scans or scans["sha256"].isna().any():
        return None
    return hashlib.sha256("\n".join(scans["sha256"].astype(str)).encode()).hexdigest()


def _gone(table: Table) -> list[str]:
    return [name for name in COLUMNS if name not in table.columns]


def _check_rows(table: Table, path: Path) -> None:
    """Refuse rows without participant or split, and people on both sides of the split."""
    first_of: dict[str, tuple[int, str]] = {}
    for line, row in table.rows:
        person, split = row["participant"], row["split"]
        if person in ("", MISSING):
            raise InputError(f"{path}: line {line}: needs a participant, got {person!r}; fill it in")
        if split not in SPLITS:
            raise InputError(f"{path}: line {line}: needs split {' or '.join(SPLITS)}, got {split!r}; correct it")
        earlier, other = first_of.setdefault(person, (line, split))
        if other != split:
            raise InputError(
                f"{path}: {lines_in_words([earlier, line])}: participant {person!r} is in both splits, so that a test "
                "would measure memory; put all scans of a person into one split"
            )


def _column(table: Table, name: str, path: Path) -> pd.Series:
    if name not in table.columns:
        cells: Sequence[str] = [""] * len(table.rows)
    else:
        cells = [row[name] for _, row in table.rows]
    if name in NUMBERS or name.endswith("_ml"):
        lines = [line for line, _ in table.rows]
        return pd.Series(
            [_number(cell, name, line, path) for cell, line in zip(cells, lines, strict=True)], dtype=float
        )
    if name not in COLUMNS and any(not _is_missing(cell) for cell in cells):
        try:
            return pd.to_numeric(pd.Series([np.nan if _is_missing(cell) else cell for cell in cells]))
        except ValueError:
            pass  # a column of words
    missing = ("", MISSING, UNLABELLED) if name == "class" else ("", MISSING)
    return pd.Series([np.nan if cell in missing else cell for cell in cells], dtype=str)


def _is_missing(cell: str) -> bool:
    return cell.lower() in NO_NUMBER


def _number(cell: str, name: str, line: int, path: Path) -> float:
    if _is_missing(cell):
        return math.nan
    try:
        value = float(cell)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        raise InputError(
            f"{path}: line {line}: needs a number for {name}, got {cell!r}; correct it, or write {MISSING}"
        )
    return value
