"""Whether a network can tell generated images from real ones (Lopez-Paz and Oquab 2017, arXiv:1610.06545)."""

from typing import NamedTuple

import numpy as np

from brainlab.errors import InputError
from brainlab.evaluation.image_classifier import EPOCHS, ImageClassifier
from brainlab.evaluation.images import Images, ImageSets, blocks
from brainlab.evaluation.measurement import Measurement
from brainlab.evaluation.registry import Metric
from brainlab.images.pictures import to_bytes
from brainlab.images.voxel_components import block_means, block_sides
from brainlab.types import BoolArray, FloatArray, IntArray, StringArray, UInt8Array

LEAST, MOST = 200, 400
"""Images of each class: fewer tell too little, more take minutes."""

FOLDS = 5
CAUTION = (
    "anything may tell images apart, such as missing noise or haze in the background; the interval takes scans of one "
    "person as independent, and networks as fixed"
)


class Scores(NamedTuple):
    """How real each image looked to a network that saw neither it nor its person: [n] each, from 0 to 1."""

    real: FloatArray
    generated: FloatArray
    people: int


def scores(sets: ImageSets, least: int = LEAST, most: int = MOST) -> Scores:
    """Cross-validate a classifier on equal numbers of real and generated images, at most `most` of each.

    Real images are drawn of different people first. All scans of a person are in one fold; generated images are each a
    person of their own. Both classes are rounded to bytes, as scans are stored. A score is the image's rank within its
    fold, by the fold's size: each network has a bias and a scale of its own, by which log odds of two folds differ.
    Raises InputError for fewer than `least` images of a class, and for fewer people than folds.
    """
    n = min(len(sets.real), len(sets.generated), most)
    if n < least:
        raise InputError(
            f"the machine reader needs {least} real and {least} generated images, got {len(sets.real)} and "
            f"{len(sets.generated)}"
        )
    random = np.random.default_rng(sets.seed)
    everyone = np.arange(len(sets.real)).astype(str) if sets.people is None else sets.people
    chosen = np.sort(different_people_first(everyone, random)[:n])
    people = np.unique(everyone[chosen], return_inverse=True)[1]
    if (count := int(people.max()) + 1) < FOLDS:
        raise InputError(f"the machine reader needs real scans of {FOLDS} people, got {count}")
    drawn = np.sort(random.permutation(len(sets.generated))[:n])
    images = np.concatenate([levels(sets.real, chosen), levels(sets.generated, drawn)])
    groups = np.concatenate([people, count + np.arange(n)])
    ranks = _ranks(images, np.arange(2 * n) < n, groups, sets.seed)
    return Scores(ranks[:n], ranks[n:], count)


def different_people_first(people: StringArray, random: np.random.Generator) -> IntArray:
    """Return row numbers in random order, first one row of each person, then the second of each who has two, ..."""
    import pandas as pd

    order = random.permutation(len(people))
    visit = pd.Series(people[order]).groupby(people[order]).cumcount().to_numpy()
    return order[np.argsort(visit, kind="stable")]


def levels(images: Images, rows: IntArray) -> UInt8Array:
    """Return images as bytes, averaged over blocks where they are large: [n, *shape]."""
    sides = block_sides(tuple(images.shape[1:]))
    return np.concatenate([to_bytes(block_means(block, sides)) for block in blocks(images, rows)])


def _ranks(images: UInt8Array, real: BoolArray, groups: IntArray, seed: int) -> FloatArray:
    """Return the rank of each image among those that its fold holds out, by how real it looks: [n] in (0, 1]."""
    from scipy.stats import rankdata
    from sklearn.model_selection import StratifiedGroupKFold

    ranks = np.empty(len(images))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for fitted, held_out in folds.split(images, real, groups):
        log_odds = ImageClassifier(seed).fit(images[fitted], real[fitted]).decision_function(images[held_out])
        ranks[held_out] = rankdata(log_odds) / len(held_out)
    return ranks


def _area(sets: ImageSets) -> Measurement:
    from brainlab.measures.accuracy import roc_area

    found = scores(sets)
    area = roc_area(found.real, found.generated)
    settings = {"unit": "image", "images_of_each_class": len(found.real)}
    settings["people"] = found.people if sets.people is not None else "unknown: each real image counts as a person"
    if max(sides := block_sides(sets.shape)) > 1:
        settings["averaged_over_voxels"] = list(sides)
    if area.reason is not None:
        settings["no_interval"] = area.reason
    return Measurement(area.value, None, area.n, settings, area.low, area.high)


METRICS = (
    Metric(
        name="machine_reader_auc",
        title="ROC area of a machine reader",
        definition="ROC area, cross-validated by person, of a small network that tells real from generated images.",
        source="Lopez-Paz and Oquab 2017, arXiv:1610.06545",
        aspect="readers",
        better="lower",
        needs=("real", "generated"),
        measure=_area,
        settings={"folds": FOLDS, "epochs": EPOCHS, "scores": "ranks within each fold", "caution": CAUTION},
    ),
)
