"""Readers' answers as statistics need them: one row an answer; practice, repeats and missing told apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from brainlab.errors import InputError
from brainlab.measures.agreement import MISSING
from brainlab.reading.protocol.questions import SIDES
from brainlab.types import IntArray

REAL, FAKE = "real", "fake"
REQUIRED = ("reader", "case", "answer")
OPTIONAL = ("truth", "confidence", "source", "class", "phase", "position", "active_ms")
CASE_FACTS = ("truth", "source", "class")
"""Columns that are the same in all rows of a case."""
NO_NUMBERS = pd.Series(dtype=float)
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
        and the line by the table's index.
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
        for name, wrong, bound in (
            ("confidence", table.get("confidence", NO_NUMBERS) <= 0, "above 0, such as 1 to 5"),
            ("active_ms", table.get("active_ms", NO_NUMBERS) < 0, "0 or more"),
        ):
            if wrong.any():
                line = wrong.index[wrong][0]
                raise InputError(f"{name} must be {bound}; line {line} has {table.loc[line, name]:g}")
        for name in ("reader", "case"):
            if table[name].isna().any():
                raise InputError(f"every row needs a {name}; line {table.index[table[name].isna()][0]} has none")
        phase = table.pop("phase").fillna("main") if "phase" in table else pd.Series("main", index=table.index)
        if not phase.isin(PHASES).all():
            line = phase.index[~phase.isin(PHASES)][0]
            raise InputError(f"phase must be one of {', '.join(PHASES)}; line {line} has {phase[line]!r}")
        for part, what, advice in (
            ("main", "answers", "keep one, or mark the second with 'repeat' in a column 'phase'"),
            ("repeat", "repeats", "keep one"),
        ):
            rows = table[phase == part]
            double = rows.duplicated(["reader", "case"])
            if double.any():
                line = rows.index[double][0]
                reader, case = rows.loc[line, "reader"], rows.loc[line, "case"]
                earlier = rows.index[(rows["reader"] == reader) & (rows["case"] == case)][0]
                raise InputError(
                    f"reader {reader} has two {what} to case {case} (lines {earlier} and {line}); {advice}"
                )
        table = fill_case_facts(table)
        if "truth" in table and (table["truth"].isna().all() or another_question(table)):
            del table["truth"]
        main, repeats = table[phase == "main"], table[phase == "repeat"]
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


def fill_case_facts(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table in which truth, source and class, given in any row of a case, stand in all of its rows.

    Raises InputError naming two lines of a case that contradict each other.
    """
    filled = frame.copy()
    for name in frame.columns.intersection(list(CASE_FACTS)):
        known = frame[frame[name].notna()]
        first = known.drop_duplicates("case").set_index("case")[name]
        wrong = known.index[known[name] != known["case"].map(first)]
        if len(wrong):
            case = known.loc[wrong[0], "case"]
            earlier = known.index[known["case"] == case][0]
            raise InputError(
                f"lines {earlier} and {wrong[0]}: case {case} has {name} {first[case]!r} and "
                f"{known.loc[wrong[0], name]!r}; a case has one: correct a line"
            )
        facts = frame["case"].map(first)
        filled[name] = facts.astype(object).where(facts.notna(), None)
    return filled


def by_round(frame: pd.DataFrame) -> dict[int, pd.DataFrame]:
    """Split a table by its column `round` (1 where there is none, or it is empty), first reading first."""
    if "round" not in frame.columns:
        return {1: frame}
    rounds = numbers(frame["round"]).fillna(1)
    wrong = (rounds < 1) | (rounds % 1 != 0)
    if wrong.any():
        line = rounds.index[wrong][0]
        raise InputError(f"round must be 1, 2, ...; line {line} has {frame['round'][line]!r}")
    return {int(value): frame[rounds == value] for value in sorted(rounds.unique())} or {1: frame}


def by_condition(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Split a table by its column `condition`, in the order of the rows, where readers judged cases under several.

    A column of that name under which no reader judged a case twice describes the cases, such as by their disease: the
    table then comes back whole, under ''. Raises InputError for a row without its condition.
    """
    if "condition" not in frame.columns:
        return {"": frame}
    labels = pd.Series([_text(value) for value in frame["condition"]], index=frame.index, dtype=object)
    place = frame[[name for name in ("reader", "case", "round", "phase") if name in frame.columns]].astype(str)
    under = labels.groupby([place[name] for name in place.columns]).nunique()
    if not (under > 1).any():
        return {"": frame}
    if labels.isna().any():
        raise InputError(f"every row needs a condition; line {frame.index[labels.isna()][0]} has none")
    return {str(label): frame[labels == label] for label in dict.fromkeys(labels)}


def numbers(column: pd.Series) -> pd.Series:
    """Return a column as floats, empty cells as nan; raises InputError naming the first cell that is no number."""
    values = pd.to_numeric(column, errors="coerce").astype(float)
    bad = column.notna() & ~np.isfinite(values) & (column.astype(str).str.strip() != "")
    if bad.any():
        line = column.index[bad][0]
        raise InputError(f"{column.name} must be a number such as 3 or 3.5; line {line} has {column[line]!r}")
    return values


def another_question(table: pd.DataFrame) -> bool:
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
