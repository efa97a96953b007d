"""Slices at even levels of the head: held-out ones by their number, samples by the held-out slice nearest to them."""

import numpy as np

from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.views import SLICE
from brainlab.errors import InputError
from brainlab.evaluation.neighbours import nearest
from brainlab.experiments.evaluation.images_on_disk import scans
from brainlab.experiments.figures.sources import age_and_sex
from brainlab.types import Float32Array, IntArray

TOLERANCE = 1
"""Slices by which a sample may miss a level."""


def slice_numbers(dataset: PreparedDataset) -> IntArray:
    """Return the number of each slice in its scan, -1 where the table gives none. Raises InputError without any."""
    if SLICE not in dataset.scans or dataset.scans[SLICE].isna().all():
        raise InputError(
            f"{dataset.folder / 'scans.tsv'}: needs the column {SLICE}, each slice's number in its scan, got none; "
            "prepare scans with a recipe of slices, such as dwi-slices-128"
        )
    return dataset.scans[SLICE].fillna(-1).to_numpy().astype(int)


def at_levels(dataset: PreparedDataset, rows: IntArray, count: int) -> IntArray:
    """Return a slice of `rows` at each of so many levels, lowest first, each of another person where there are enough.

    Levels halve `count` equal parts of the numbers that occur. Raises InputError where fewer occur.
    """
    numbers = slice_numbers(dataset)[rows]
    known = np.unique(numbers[numbers >= 0])
    if len(known) < count:
        raise InputError(
            f"{dataset.folder}: needs slices of {count} levels of held-out participants, got {len(known)}; "
            "prepare scans with a recipe of slices"
        )
    people = dataset.scans["participant"].iloc[rows].astype(str).to_numpy()
    chosen = []
    for place in range(count):
        here = numbers == known[int((place + 0.5) / count * len(known))]
        who = list(dict.fromkeys(people[here]))
        chosen.append(rows[here & (people == who[place % len(who)])][0])
    return np.array(chosen)


def whose(dataset: PreparedDataset, rows: IntArray) -> str:
    """Say for a caption whether each of some slices is of another person."""
    alone = dataset.scans["participant"].iloc[rows].is_unique
    return "each of another person" if alone else "some of the same person"


def level_labels(dataset: PreparedDataset, rows: IntArray, *, people: bool) -> list[str]:
    """Return the level of each slice and, where `people` are told, age and sex on a second line."""
    said = [f"slice {number}" for number in slice_numbers(dataset)[rows]]
    if not people:
        return said
    people_shown = dataset.scans.iloc[rows].to_dict("records")
    return [f"{line}\n{age_and_sex(person)}" for line, person in zip(said, people_shown, strict=True)]


def samples_at(
    samples: Float32Array, dataset: PreparedDataset, rows: IntArray, levels: IntArray
) -> tuple[IntArray, IntArray]:
    """Find a sample for each level: the first whose nearest slice of `rows` lies within `TOLERANCE` of it.

    Where there is none, the first of those that come nearest to it. Nearest: by mean squared difference.
    samples: [n, *shape]. levels: numbers of slices, [k]. Returns samples by number and how far they miss, each [k].
    """
    numbers = slice_numbers(dataset)[rows]
    of_sample = numbers[nearest(samples, scans(dataset, rows)).indices[:, 0]]  # [n]
    missed = np.abs(of_sample[:, None] - levels)  # [n, k]
    chosen = np.where(missed <= TOLERANCE, 0, missed).argmin(axis=0)
    return chosen, missed[chosen, np.arange(len(levels))]
