"""Images that were asked for by a label, beside the real ones of the same labels."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from brainlab.types import StringArray

if TYPE_CHECKING:
    from brainlab.evaluation.images import Images

LABELS = ("class", "sex", "modality")
"""Conditions that a classifier may be trained for; of several that will do the first is taken."""

LEAST_TRAINING, LEAST_PEOPLE = 50, 10
"""Training images, and held-out people, that each value of a label needs; other values are left out."""


@dataclass(frozen=True)
class Labelled:
    """Training images, as many images that were asked for what these show, and the label of both.

    name: of the label. values: those that count. training, generated: [k, *shape], image i of one with the label of
    image i of the other. labels: theirs, [k]. held_out: labels of `ImageSets.real`, [m]; anything else than `values`
    is left out.
    """

    name: str
    values: tuple[str, ...]
    training: "Images"
    generated: "Images"
    labels: StringArray
    held_out: StringArray


def values_with_enough(labels: StringArray, held_out: StringArray, people: StringArray) -> tuple[str, ...]:
    """Return the values of a label that have enough training images and held-out people; no missing ones.

    labels: of the training images, [k].  held_out, people: label and person of each held-out image, [m].
    """
    return tuple(
        str(value)
        for value in np.unique(labels)
        if value
        and (labels == value).sum() >= LEAST_TRAINING
        and len(np.unique(people[held_out == value])) >= LEAST_PEOPLE
    )
