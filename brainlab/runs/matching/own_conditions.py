"""What scans show of the conditions that a run has learnt, so that it reads them as it did in training."""

from typing import TYPE_CHECKING

import pandas as pd

from brainlab.cohort.prepared import PreparedDataset
from brainlab.counted import counted
from brainlab.methods.conditions import Condition, Told
from brainlab.types import IntArray

if TYPE_CHECKING:
    from brainlab.runs.run import Run


def own_conditions(run: "Run", seen: PreparedDataset, rows: IntArray) -> list[Told] | None:
    """Return what each of some images shows, from its own row of `scans.tsv`, for `Run.encode` and `Run.decode`.

    seen: a dataset as the run sees it.  rows: of it.
    None where the run has learnt no conditions. What the table does not have or leaves out, and words that the run's
    training scans did not have, is not told, as in training.
    """
    if not run.can("condition"):
        return None
    columns = {one.name: _values(one, seen, rows) for one in run.conditions}
    return [{name: values[place] for name, values in columns.items()} for place in range(len(rows))]


def own_condition_warnings(run: "Run", seen: PreparedDataset, rows: IntArray) -> list[str]:
    """Return a line for each condition that is not told of some images, or lies outside what was trained on."""
    lines = []
    for one in run.conditions if run.can("condition") else ():
        if one.name not in seen.scans:
            lines.append(f"{one.name}: is no column of {seen.folder / 'scans.tsv'}, so it is not told")
            continue
        told = _values(one, seen, rows)
        words = set(seen.scans[one.name].iloc[rows].dropna().astype(str))
        if one.words and (strange := sorted(words - set(one.words))):
            lines.append(f"{one.name}: {', '.join(strange)} was not in the training images, so it is not told")
        if outside := sum(one.warning(value) is not None for value in told):
            learnt = f"{one.low:g} to {one.high:g} of the training images"
            lines.append(f"{one.name}: of {counted(outside, 'image')} outside the {learnt}, so the result is a guess")
    return lines


def _values(one: Condition, seen: PreparedDataset, rows: IntArray) -> list[str | float | None]:
    """Return the values of a condition [n], None for what is not told."""
    if one.name not in seen.scans:
        return [None] * len(rows)
    column = seen.scans[one.name].iloc[rows]
    if one.words:
        return [str(value) if pd.notna(value) and str(value) in one.words else None for value in column]
    return [one.read(value) if pd.notna(value) else None for value in column]
