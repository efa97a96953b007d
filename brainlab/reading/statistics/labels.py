"""Labels that people typed: spellings of one label, words for a missing answer, and cells that are no label at all.

Columns are series of text, None where a cell is empty, indexed by line. Each step returns what it made of them and says
in sentences what it took for what.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from decimal import Decimal

import pandas as pd

from brainlab.errors import InputError
from brainlab.files.delimited import DOUBTFUL_WORDS, MISSING_WORDS, in_words, lines_in_words
from brainlab.reading.statistics.answers import FAKE, REAL

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
FORMULA = re.compile(r"=.+", re.DOTALL)
"""A lone '=' is an answer beside '<' and '>'."""
QUOTED_BY_FORMULA = re.compile(r'^="([^"]*)"$')
"""How some programs keep the zeros of '001' from a spreadsheet."""
SPREADSHEET_ERROR = re.compile(r"#(REF|VALUE|DIV/0|NUM|NULL|NAME|SPILL|CALC)[!?]", re.IGNORECASE)
MOST_NAMED = 5
"""So many groups of spellings are named in a note."""

Notes = list[str]
Key = str | Decimal


def tidy_text(label: str) -> str:
    """Return a label in Unicode's compatible form (NFKC), with plain minus signs and single blanks."""
    return " ".join(unicodedata.normalize("NFKC", label).replace("\N{MINUS SIGN}", "-").replace("\ufeff", "").split())


def label_key(label: str, *, numbers: bool = True) -> Key:
    """Return what spellings of one label have in common: the number, or the text without regard to capitals.

    numbers: whether `1`, `1.0` and `01` are one label, as grades are; not so for names of models (`1.1`, `1.10`).
    """
    text = tidy_text(label)
    return Decimal(text) if numbers and NUMBER.fullmatch(text) else text.lower()


def check_cells(column: pd.Series) -> pd.Series:
    """Return a column with `="001"` as `001`; raises InputError for formulas and a spreadsheet's error values."""

    cells = column.str.replace(QUOTED_BY_FORMULA, r"\1", regex=True).str.strip()
    for kind, pattern in (("a formula", FORMULA), ("an error value", SPREADSHEET_ERROR)):
        wrong = cells[cells.str.fullmatch(pattern).eq(True)]
        for line, cell in wrong.items():
            raise InputError(f"line {line}: {column.name} needs a value, got {kind}: {cell!r}; export the values")
    return _made(column, [None if pd.isna(cell) else cell or None for cell in cells])


def without_missing_words(column: pd.Series, *, findings: bool) -> tuple[pd.Series, Notes]:
    """Return a column in which words such as `NA` and `n/a` are None.

    findings: whether the column holds labels, among which `none` and `unknown` may be a finding. They are missing only
    where all other labels are numbers, or real and fake. `-` is a finding beside `+`.
    """
    given = {cell: label_key(cell) for cell in column.dropna().unique()}
    signs = findings and any(set(cell) == {"+"} for cell in given)
    missing = {cell for cell, key in given.items() if key in MISSING_WORDS and not (signs and set(cell) == {"-"})}
    doubtful = {cell for cell, key in given.items() if key in DOUBTFUL_WORDS}
    others = {key for cell, key in given.items() if cell not in missing | doubtful}
    numbers = all(isinstance(key, Decimal) for key in others)
    no_finding = not findings or (bool(others) and (numbers or others <= {REAL, FAKE}))
    notes = [f"{column.name}: {_counted(column, missing)} taken as missing"] if missing else []
    if doubtful and no_finding:
        why = f", as the others are {'numbers' if numbers else 'real and fake'}" if findings else ""
        notes.append(f"{column.name}: {_counted(column, doubtful)} taken as missing{why}")
        missing |= doubtful
    elif doubtful and column.name == "answer":
        notes.append(f"answer: {_counted(column, doubtful)} taken as an answer; leave the cell empty if it is missing")
    return _made(column, [None if cell in missing else cell for cell in column]), notes


def with_decimal_points(column: pd.Series) -> tuple[pd.Series, Notes]:
    """Return a column of numbers with decimal points; one that holds other text than numbers comes back as it is."""
    cells = column.dropna()
    commas = cells[cells.str.fullmatch(DECIMAL_COMMA)]
    if commas.empty or not cells.str.fullmatch(rf"{NUMBER.pattern}|{DECIMAL_COMMA.pattern}").all():
        return column, []
    pointed = _made(column, [cell and cell.replace(",", ".") for cell in column])
    return pointed, [f"{column.name}: decimal commas read as points ({commas.iloc[0]!r} in line {commas.index[0]})"]


def in_one_spelling(
    columns: Sequence[pd.Series], *, numbers: bool, lower: Collection[str] = ()
) -> tuple[list[pd.Series], Notes]:
    """Return columns in which all spellings of a label are the most usual one, the earliest of equally usual ones.

    Labels of all `columns` together count as one list. numbers: see `label_key`. lower: labels that are written in
    lower case, however usual another spelling, and without a word about it.
    """
    counts: dict[Key, dict[str, int]] = {}
    for cell in pd.concat(columns).dropna():
        spellings = counts.setdefault(label_key(cell, numbers=numbers), {})
        spellings[cell] = spellings.get(cell, 0) + 1
    usual = {key: tidy_text(max(found, key=found.__getitem__)) for key, found in counts.items()}
    chosen = usual | {key: key for key in lower}
    made = [_made(column, [cell and chosen[label_key(cell, numbers=numbers)] for cell in column]) for column in columns]
    merged = [found for key, found in counts.items() if len(found) > 1 and key not in lower]
    said = [in_words([f"{spelling!r} ({count})" for spelling, count in found.items()]) for found in merged]
    more = [f"{len(said) - MOST_NAMED} more such groups"] if len(said) > MOST_NAMED else []
    names = in_words([str(column.name) for column in columns])
    return made, [f"{names}: taken as one: {'; '.join([*said[:MOST_NAMED], *more])}"] if said else []


def look_alikes(column: pd.Series) -> Notes:
    """Say which labels of a column stay apart although they differ in capitals, blanks or zeros only."""
    found: dict[Key, list[str]] = {}
    for cell in column.dropna().unique():
        found.setdefault(label_key(cell), []).append(cell)
    groups = [in_words([repr(cell) for cell in cells]) for cells in found.values() if len(cells) > 1]
    more = [f"{len(groups) - MOST_NAMED} more such groups"] if len(groups) > MOST_NAMED else []
    shown = "; ".join([*groups[:MOST_NAMED], *more])
    return [f"{column.name}: kept apart: {shown}; write them alike if they are one"] if groups else []


def check_real_or_fake(frame: pd.DataFrame) -> None:
    """Refuse a label that is neither real nor fake in a column whose others are, naming its line.

    Where answers are real or fake, so must the truth be. A table of other labels, such as grades, passes.
    """
    answers_are = frame["answer"].isin([REAL, FAKE]).any()
    for name in ("answer", "truth"):
        if name not in frame:
            continue
        labels = frame[name].dropna()
        known = labels.isin([REAL, FAKE])
        if not known.all() and (answers_are or known.any()):
            hint = " or an empty cell" if name == "answer" else ""
            raise InputError(
                f"{lines_in_words(list(labels.index[~known]))}: {name} needs real or fake{hint}, "
                f"got {labels[~known].iloc[0]!r}"
            )


def _made(column: pd.Series, cells: Sequence[str | None]) -> pd.Series:
    return pd.Series(cells, index=column.index, name=column.name, dtype=object)


def _counted(column: pd.Series, labels: set[str]) -> str:
    counts = column[column.isin(labels)].value_counts(sort=False)
    return in_words([f"{label!r} ({count})" for label, count in counts.items()])
