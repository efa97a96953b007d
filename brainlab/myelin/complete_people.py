"""Values of people side by side: who has all of them, and whether a regression can be made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.types import FloatArray

Values = Sequence[float | None] | FloatArray
"""One number a person [n]; None or NaN where it is missing."""


@dataclass(frozen=True)
class CompletePeople:
    """columns: values of the people who have all of them, by name, each [n]. left_out: number of the others. missing:
    how many people lack each value, where any do."""

    columns: dict[str, FloatArray]
    n: int
    left_out: int
    missing: dict[str, int]


def complete_people(columns: Mapping[str, Values], what: str = "a regression") -> CompletePeople:
    """Return the people who have every value; columns: the outcome and each term, one value a person [n].

    what: what the values are for, for messages. Raises InputError for lengths that differ, too few people for the
    terms, and values that are the same for all of them.
    """
    numbers = {name: as_numbers(values) for name, values in columns.items()}
    lengths = {name: len(values) for name, values in numbers.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InputError(f"{what} needs one value a person of each, got {found}")
    gaps = {name: ~np.isfinite(values) for name, values in numbers.items()}
    missing = {name: int(gap.sum()) for name, gap in gaps.items() if gap.any()}
    whole = ~np.any(list(gaps.values()), axis=0)
    people = CompletePeople(
        {name: values[whole] for name, values in numbers.items()}, int(whole.sum()), int((~whole).sum()), missing
    )
    _check(people, what)
    return people


def design_matrix(columns: Mapping[str, FloatArray], what: str = "a regression") -> FloatArray:
    """Return a column of ones and each term [n, 1 + terms].

    Raises InputError for terms that follow from one another.
    """
    n = len(next(iter(columns.values())))
    x = np.column_stack([np.ones(n), *columns.values()])  # [n, 1 + terms]
    scaled = np.column_stack([np.ones(n), *(((v - v.mean()) / v.std()) for v in columns.values())])
    if np.linalg.matrix_rank(scaled) < x.shape[1]:
        raise InputError(f"{what} needs terms that do not follow from one another, got {', '.join(columns)}")
    return x


def as_numbers(values: Values) -> FloatArray:
    """Return values as floats [n], NaN for None."""
    return np.array([np.nan if value is None else value for value in values], float)


def _check(people: CompletePeople, what: str) -> None:
    """Refuse too few people for the terms, and values that are the same for all of them."""
    n, parameters = people.n, len(people.columns)  # the intercept counts for the outcome
    gone = ""
    if people.left_out:
        lacking = ", ".join(f"{name} of {number}" for name, number in people.missing.items())
        gone = f" ({people.left_out} left out: missing {lacking})"
    if n <= parameters:
        raise InputError(
            f"{what} on {counted(parameters - 1, 'term')} needs {parameters + 1} people or more with each value, "
            f"got {n}{gone}; add people or leave out a term"
        )
    for name, values in people.columns.items():
        if np.ptp(values) == 0:
            same = f"{values[0]:g} for all {n}{gone}"
            raise InputError(f"{what} needs {name} that differs between people, got {same}; leave it out")
