"""Scores that a machine gave to the cases of a study, from a CSV file of the user's own."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import NamedTuple

import numpy as np
import pandas as pd

from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.files.delimited import in_words, lines_in_words, parse_table
from brainlab.files.textfile import decode_text
from brainlab.reading.statistics.answers import numbers
from brainlab.reading.statistics.labels import check_cells, with_decimal_points
from brainlab.types import FloatArray

COLUMNS = ("case", "score")
NAME = "reader"
"""Column that names the machine, in files of several."""

LARGEST_BYTES = 5_000_000
MOST_MACHINES = 20
MOST_NAMED = 3
"""So many cases are named in an error."""


@dataclass(frozen=True)
class MachineReader:
    """A machine that read every case: `scores` {case: score}, higher for what it takes to be real more likely."""

    name: str
    scores: dict[str, float]

    def of(self, cases: Sequence[str]) -> FloatArray:
        """Return the scores of some cases: [n]."""
        return np.array([self.scores[case] for case in cases], dtype=float)


class MachineScores(NamedTuple):
    """The machines of a file, and what of it was left out."""

    machines: list[MachineReader]
    notes: list[str]


def read_machine_scores(source: Path | str | bytes, answers: pd.DataFrame, name: str = "") -> MachineScores:
    """Read a CSV file with the columns `case` and `score`, and `reader` where it holds several machines.

    answers: rows of the study, with `case`, `reader` and, where there are practice cases, `phase`; every case of the
    main phase needs one score of each machine. Case ids are compared as they stand, so that 1 and 01 are two cases.
    name: what errors call the file; its stem names a machine that the file does not name.
    Raises InputError, in one line, for scores that are missing, double, no numbers or of unknown cases, and for a
    machine with the name of a reader.
    """
    name = name or str(source)
    content = source if isinstance(source, bytes) else Path(source).read_bytes()
    if len(content) > LARGEST_BYTES:
        raise InputError(f"{name}: needs at most {LARGEST_BYTES // 10**6} MB, got {len(content) / 1e6:.0f} MB")
    table = parse_table(decode_text(content), name, COLUMNS)
    if not table.rows:
        raise InputError(f"{name}: needs a header with {in_words(COLUMNS)}, and one row a case; got no rows")
    lines = [line for line, _ in table.rows]
    columns = [column for column in (NAME, *COLUMNS) if column in table.columns]
    notes = list(table.notes)
    if other := [column for column in table.columns if column not in columns]:
        notes.append(f"columns of other names left out: {in_words(other)}")
    try:
        frame = pd.DataFrame(
            {
                column: check_cells(
                    pd.Series([row[column] or None for _, row in table.rows], index=lines, name=column, dtype=object)
                )
                for column in columns
            }
        )
        return MachineScores(_machines(frame, answers, PurePath(name).stem, table.delimiter, notes), notes)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def check_names(machines: Sequence[MachineReader]) -> None:
    """Raise InputError where two machines, of several files, have one name."""
    names = [machine.name for machine in machines]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(
            f"machine readers: two are called {twice!r}; name them apart in a column '{NAME}' or by their files' names"
        )


def _machines(
    frame: pd.DataFrame, answers: pd.DataFrame, stem: str, delimiter: str, notes: list[str]
) -> list[MachineReader]:
    """Check the rows against the cases of the study, and part them by machine."""
    for column in ("case", NAME):
        if column in frame and frame[column].isna().any():
            raise InputError(f"{lines_in_words(list(frame.index[frame[column].isna()]))}: needs a {column}, got none")
    if delimiter != ",":
        frame["score"], said = with_decimal_points(frame["score"])
        notes += said
    if frame["score"].isna().any():
        raise InputError(f"{lines_in_words(list(frame.index[frame['score'].isna()]))}: needs a score, got none")
    frame["score"] = numbers(frame["score"])
    names = frame[NAME] if NAME in frame else pd.Series(stem, index=frame.index)
    main = answers["phase"].fillna("main") != "practice" if "phase" in answers else pd.Series(True, index=answers.index)
    wanted, known = ({str(case) for case in rows["case"]} for rows in (answers[main], answers))
    _check_cases(frame, names, known)
    people = {str(reader) for reader in answers["reader"]}
    found = []
    for machine, rows in frame.groupby(names, sort=False):
        if machine in people:
            raise InputError(f"{machine!r} is a reader of the study; needs another name for the machine")
        scores = dict(zip(rows["case"], rows["score"], strict=True))
        if missing := sorted(wanted - set(scores)):
            raise InputError(
                f"needs a score of each of the {counted(len(wanted), 'case')}, got none of {_named(missing)} "
                f"from {machine!r}"
            )
        if practice := set(scores) - wanted:
            notes.append(f"{machine}: {counted(len(practice), 'practice case')} left out")
        found.append(MachineReader(str(machine), {case: float(scores[case]) for case in sorted(wanted)}))
    if len(found) > MOST_MACHINES:
        raise InputError(f"needs at most {MOST_MACHINES} machines, got {len(found)}; is '{NAME}' the right column?")
    return found


def _check_cases(frame: pd.DataFrame, names: pd.Series, known: Set[str]) -> None:
    """Raise InputError for cases that are not of the study, and for two scores of one case."""
    strange = frame[~frame["case"].isin(known)]
    if len(strange):
        raise InputError(
            f"{lines_in_words(list(strange.index))}: no such case in the study: "
            f"{_named(list(dict.fromkeys(strange['case'])))}; needs the ids in the column 'case' of its answers"
        )
    double = frame.index[pd.DataFrame({"name": names, "case": frame["case"]}).duplicated()]
    if len(double):
        line = double[0]
        same = (frame["case"] == frame["case"][line]) & (names == names[line])
        raise InputError(
            f"lines {frame.index[same][0]} and {line}: case {frame['case'][line]} has two scores; keep one, or name "
            f"the machines in a column '{NAME}'"
        )


def _named(cases: Sequence[str]) -> str:
    more = [f"{len(cases) - MOST_NAMED} more"] if len(cases) > MOST_NAMED else []
    return in_words([*cases[:MOST_NAMED], *more])
