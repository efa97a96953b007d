"""Images that a run is asked for as its training scans are: the same classes, ages and sexes in the same numbers."""

from pathlib import Path

import numpy as np

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.evaluation import labelled as minimums
from brainlab.evaluation.labelled import LABELS, Labelled, values_with_enough
from brainlab.evaluation.metrics.machine_reader import MOST, different_people_first
from brainlab.experiments.evaluation.images_on_disk import keep_on_disk, scans
from brainlab.methods.method import lacking
from brainlab.runs.matching.own_conditions import own_conditions
from brainlab.runs.passes.passes import Passes
from brainlab.types import IntArray, StringArray

NOT_AT_HAND = "the dataset that the run was trained on is not at hand; name it with --training"


def labelled_images(
    passes: Passes,
    seen: PreparedDataset,
    rows: IntArray,
    known: PreparedDataset | None,
    seed: int,
    most: int = MOST,
    *,
    folder: Path | None = None,
) -> Labelled:
    """Draw one image for each of some training images, under the conditions of that image.

    seen, rows: held-out images. known: what the run was trained on, as it sees it. Of the training images at most
    `most` are taken, and never more than 400, of different people first. folder: see `image_sets.collect`.
    Raises InputError where the run draws nothing on request, its training scans are not at hand, no label has two
    values with enough images, or `most` are too few to learn its values from.
    """
    run = passes.run
    if not run.can("condition"):
        raise InputError(f"the run {lacking('condition')}")
    if known is None:
        raise InputError(NOT_AT_HAND)
    people = seen.scans["participant"].to_numpy(dtype=str)[rows]
    training = known.indices("train")
    names = [condition.name for condition in run.conditions]
    for name in (name for name in LABELS if name in names):
        labels, held_out = _words(known, name)[training], _words(seen, name)[rows]
        values = values_with_enough(labels, held_out, people)
        if len(values) < 2:
            continue
        if most < (needed := min(minimums.LEAST_TRAINING * len(values), MOST)):
            raise InputError(f"needs --n of {needed} or more to learn the {len(values)} values of {name}, got {most}")
        fitting = np.flatnonzero(np.isin(labels, values))
        trained = known.scans["participant"].to_numpy(dtype=str)[training[fitting]]
        chosen = np.sort(fitting[different_people_first(trained, np.random.default_rng(seed))[: min(most, MOST)]])
        asked = own_conditions(run, known, training[chosen])
        drawn = passes.drawn(len(chosen), seed, condition=asked)
        generated = keep_on_disk(drawn, (len(chosen), *run.shape), folder)
        return Labelled(
            name, values, scans(known, training[chosen], passes.place(known)), generated, labels[chosen], held_out
        )
    raise InputError(
        f"needs a class, sex or sequence of two values with {minimums.LEAST_TRAINING} training images and "
        f"{minimums.LEAST_PEOPLE} held-out people each, among the conditions of the run; got none"
    )


def _words(data: PreparedDataset, name: str) -> StringArray:
    """Return what a column says of each image, nothing where it is missing: [N]."""
    if name not in data.scans:
        return np.full(len(data), "")
    return data.scans[name].fillna("").to_numpy(dtype=str)
