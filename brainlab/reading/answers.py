"""Readers' answers as statistics need them: one row an answer; practice, repeats and missing told apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from brainlab.errors import InputError
from brainlab.reading.agreement import MISSING
from brainlab.reading.questions import SIDES
from brainlab.types import IntArray

REAL, FAKE = "real", "fake"
REQUIRED = ("reader", "case", "answer")
OPTIONAL = ("truth", "confidence", "source", "class", "phase", "position", "active_ms")
PHASES = ("practice", "main", "repeat")


@dataclass(frozen=True)
class Answers:
    """Answers of all readers: `main` counts, `repeats` are second looks at the same case, practice is gone.

    Both tables have the columns reader, case, answer (None where missing) and, where given, truth, confidence, source,
    class, position and active_ms. `categories` is the full list of answers that can occur.
    """

    main: pd.DataFrame
    repeats: pd.DataFrame
    categories: tuple[str, ...]

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, categories: Sequence[str] = ()) -> "Answers":
        """Check and tidy a table with the columns reader, case, answer and any of truth, confidence, source, class.

        categories: every answer that the question allows, if known; an unused one counts for agreement by chance.
        A column `phase` may mark rows as practice (dropped), main or repeat. Raises InputError naming the fault,
        and the row by the table's index.
        """
        absent = [name for name in REQUIRED if name not in frame.columns]
        if absent:
            raise InputError(
                f"answers need the columns reader, case and answer; {', '.join(absent)} missing "
                f"(columns here: {', '.join(map(str, frame.columns))})"
            )
        table = frame[[name for name in (*REQUIRED, *OPTIONAL) if name in frame.columns]].copy()
        for name in table.columns.intersection(["reader", "case", "answer", "truth", "source", "class", "phase"]):
            fold = name in ("answer", "truth")
            labels = [_fold(_text(value)) if fold else _text(value) for value in table[name]]
            table[name] = pd.Series(labels, index=table.index, dtype=object)
        for name in table.columns.intersection(["confidence", "position", "active_ms"]):
            table[name] = numbers(table[name])
        if "confidence" in table and (table["confidence"] <= 0).any():
            row = table.index[table["confidence"] <= 0][0]
            raise InputError(f"confidence must be above 0, such as 1 to 5; row {row} has {table['confidence'][row]:g}")
        for name in ("reader", "case"):
            if table[name].isna().any():
                raise InputError(f"every row needs a {name}; row {table.index[table[name].isna()][0]} has none")
        if "truth" in table and (table["truth"].isna().all() or _another_question(table)):
            del table["truth"]
        phase = table.pop("phase").fillna("main") if "phase" in table else pd.Series("main", index=table.index)
        if not phase.isin(PHASES).all():
            row = phase.index[~phase.isin(PHASES)][0]
            raise InputError(f"phase must be one of {', '.join(PHASES)}; row {row} has {phase[row]!r}")
        main, repeats = table[phase == "main"], table[phase == "repeat"]
        double = main.duplicated(["reader", "case"])
        if double.any():
            row = main.index[double][0]
            reader, case = main.loc[row, "reader"], main.loc[row, "case"]
            earlier = main.index[(main["reader"] == reader) & (main["case"] == case)][0]
            raise InputError(
                f"reader {reader} has two answers to case {case} (rows {earlier} and {row}); keep one, or mark the "
                "second with 'repeat' in a column 'phase'"
            )
        for name in table.columns.intersection(["truth", "source"]):
            of_case = table.groupby("case")[name].nunique()
            if (of_case > 1).any():
                case = of_case.index[of_case > 1][0]
                raise InputError(f"case {case} has {of_case[case]} different values of {name}; a case has one")
        return cls(main.reset_index(drop=True), repeats.reset_index(drop=True), _categories(table, categories))

    @cached_property
    def readers(self) -> list[str]:
        """Readers in the order of their first row."""
        return list(dict.fromkeys(self.main["reader"]))

    @cached_property
    def codes(self) -> IntArray:
        """Answers as category numbers, [cases, readers], -1 where missing."""
        wide = self.main.pivot(index="case", columns="reader", values="answer")[self.readers]
        return self._encode(wide)

    @cached_property
    def strata(self) -> list[str] | None:
        """Source of each case ('' where unknown), in the order of `codes`; None where no source is known."""
        if "source" not in self.main or self.main["source"].isna().all():
            return None
        return [source or "" for source in self.main.groupby("case")["source"].first()]

    def repeated_codes(self, reader: str) -> IntArray:
        """First and second answers of one reader to the repeated cases, [cases, 2]."""
        first = self.main[self.main["reader"] == reader].set_index("case")["answer"]
        second = self.repeats[self.repeats["reader"] == reader].groupby("case")["answer"].first()
        return self._encode(pd.concat([first.reindex(second.index), second], axis=1))

    def _encode(self, wide: pd.DataFrame) -> IntArray:
        number = {label: position for position, label in enumerate(self.categories)}
        return np.array(
            [[number.get(value, MISSING) for value in row] for row in wide.to_numpy(dtype=object)], dtype=int
        )

    @property
    def real_or_fake(self) -> bool:
        """Whether the question was real or fake."""
        return set(self.categories) == {REAL, FAKE}


def by_round(frame: pd.DataFrame) -> dict[int, pd.DataFrame]:
    """Split a table by its column `round` (1 where there is none, or it is empty), first reading first."""
    if "round" not in frame.columns:
        return {1: frame}
    rounds = numbers(frame["round"]).fillna(1)
    wrong = (rounds < 1) | (rounds % 1 != 0)
    if wrong.any():
        row = rounds.index[wrong][0]
        raise InputError(f"round must be 1, 2, ...; row {row} has {frame['round'][row]!r}")
    return {int(value): frame[rounds == value] for value in sorted(rounds.unique())} or {1: frame}


def numbers(column: pd.Series) -> pd.Series:
    """Return a column as floats, empty cells as nan; raises InputError naming the first cell that is no number."""
    values = pd.to_numeric(column, errors="coerce").astype(float)
    bad = column.notna() & ~np.isfinite(values) & (column.astype(str).str.strip() != "")
    if bad.any():
        row = column.index[bad][0]
        raise InputError(f"{column.name} must be a number; row {row} has {column[row]!r}")
    return values


def _another_question(table: pd.DataFrame) -> bool:
    """Whether the answers are not about the truth: grades, say, of cases that are real or fake."""
    truth, given = (set(table[name].dropna()) for name in ("truth", "answer"))
    apart = not truth & given and not truth | given <= {REAL, FAKE} and not truth | given <= set(SIDES)
    return bool(given) and apart


def _text(value: object) -> str | None:
    """Return a label without surrounding space; None for an empty one. 3.0, as pandas reads 3 beside blanks, is '3'."""
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() or None


def _fold(value: str | None) -> str | None:
    """Return 'Real' and 'FAKE' in lower case, other labels as they are."""
    return value.lower() if value is not None and value.lower() in (REAL, FAKE) else value


def _categories(table: pd.DataFrame, known: Sequence[str]) -> tuple[str, ...]:
    """Return all labels of answers and truth, numbers in numeric order; real and fake always come as a pair.

    known: what the question allows, in its order, where that is known.
    """
    labels = set(table["answer"].dropna()) | set(known)
    if "truth" in table:
        labels |= set(table["truth"].dropna())
    if labels & {REAL, FAKE} and labels <= {REAL, FAKE}:
        return FAKE, REAL
    if set(known) == labels:
        return tuple(known)
    try:
        return tuple(sorted(labels, key=float))
    except ValueError:
        return tuple(sorted(labels))
