"""What an LDA says of one scan, which scans it takes to be most like it, and where two LDAs disagree."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from brainlab.errors import InputError
from brainlab.experiments.analysis.baselines import Part
from brainlab.experiments.analysis.discrimination import Judged, LdaResult
from brainlab.latent.classification.neighbours import nearest_people
from brainlab.latent.classification.scores import accuracy_difference
from brainlab.latent.published import CLASSES
from brainlab.runs.training_codes import TrainingCodes


@dataclass(frozen=True)
class Verdict:
    """A scan, named by its dataset and row, with its class and what an LDA takes it for.

    posteriors: class to probability, the paper's classes first. fitted: whether the LDA was fitted on this very scan,
    so that being right says little.
    """

    dataset: str
    row: int
    participant: str
    label: str
    predicted: str
    posteriors: dict[str, float]
    fitted: bool

    @property
    def right(self) -> bool:
        return self.predicted == self.label


class Neighbour(NamedTuple):
    """Another person's scan and its distance in the LDA's coordinates."""

    verdict: Verdict
    distance: float


def scans(result: LdaResult) -> list[tuple[str, int]]:
    """Return dataset and row of all scans of a result that have an image, those that were predicted first."""
    return [(part.dataset.name, int(row)) for part, _ in _sides(result) for row in part.rows]


def verdict(result: LdaResult, dataset: str, row: int) -> Verdict:
    """Return what an LDA says of one of its scans; raises InputError for a scan that it does not have."""
    part, judged, index = _find(result, dataset, row)
    classes = result.discriminant.classes_
    order = [name for name in CLASSES if name in classes] + [name for name in classes if name not in CLASSES]
    return Verdict(
        dataset=dataset,
        row=row,
        participant=part.participants[index],
        label=part.labels[index],
        predicted=judged.predicted[index],
        posteriors={name: float(judged.posteriors[index, classes.index(name)]) for name in order},
        fitted=part is result.train,
    )


def neighbours(result: LdaResult, dataset: str, row: int, count: int = 4) -> list[Neighbour]:
    """Return the nearest scans of other people, one a person, among those predicted and those fitted on with images."""
    everything = scans(result)
    index = everything.index((dataset, row))
    coordinates = np.concatenate([judged.coordinates for _, judged in _sides(result)])
    people = [name for part, _ in _sides(result) for name in part.participants]
    nearest, distances = nearest_people(coordinates, people, index, count)
    return [
        Neighbour(verdict(result, *everything[i]), float(distance))
        for i, distance in zip(nearest, distances, strict=True)
    ]


def disagreements(first: LdaResult, second: LdaResult) -> list[tuple[Verdict, Verdict]]:
    """Return both verdicts on each predicted scan that two LDAs take for different classes.

    Raises InputError unless both predict the same scans.
    """
    _check_same_scans(first, second)
    name = first.test.dataset.name
    return [
        (verdict(first, name, int(row)), verdict(second, name, int(row)))
        for row, one, other in zip(first.test.rows, first.on_test.predicted, second.on_test.predicted, strict=True)
        if one != other
    ]


def difference(first: LdaResult, second: LdaResult) -> dict[str, Any]:
    """Return the balanced accuracy of the first less the second, with its interval: `accuracy_difference`.

    Raises InputError unless both predict the same scans.
    """
    _check_same_scans(first, second)
    return accuracy_difference(first.scores, second.scores)


def _check_same_scans(first: LdaResult, second: LdaResult) -> None:
    if first.test.dataset.sha256 != second.test.dataset.sha256 or not np.array_equal(first.test.rows, second.test.rows):
        raise InputError(
            f"two analyses can be compared on the same scans; got {len(first.test.rows)} of "
            f"{first.test.dataset.name} and {len(second.test.rows)} of {second.test.dataset.name}; predict one cohort"
        )


def _sides(result: LdaResult) -> list[tuple[Part[Any], Judged]]:
    """Return the scans predicted, and those fitted on where they have images, with what the LDA says of them."""
    sides: list[tuple[Part[Any], Judged]] = [(result.test, result.on_test)]
    if not isinstance(result.train.dataset, TrainingCodes):
        sides.append((result.train, result.on_train))
    return sides


def _find(result: LdaResult, dataset: str, row: int) -> tuple[Part[Any], Judged, int]:
    """Return the side on which a scan is, and its place there."""
    for part, judged in _sides(result):
        places = np.flatnonzero(part.rows == row)
        if part.dataset.name == dataset and len(places):
            return part, judged, int(places[0])
    raise InputError(f"{dataset}: row {row} is not among the scans of this analysis; choose another")
