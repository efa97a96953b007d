"""What an LDA says of single scans, on hand-made points."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from brainlab.errors import InputError
from brainlab.experiments.analysis.baselines import Part
from brainlab.experiments.analysis.discrimination import Judged, LdaResult
from brainlab.experiments.analysis.verdicts import difference, disagreements, neighbours, scans, verdict
from brainlab.latent.classification.discriminant import LatentDiscriminant
from brainlab.latent.classification.scores import score

TRAIN = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [8, 0], [9, 0], [8, 1], [9, 1]], dtype=float)
TEST = np.array([[0.5, 0.4], [8.5, 0.6], [8.2, 0.5]])
LABELS = ["healthy"] * 4 + ["ms"] * 4 + ["healthy", "ms", "healthy"]
PEOPLE = [f"p{i}" for i in range(8)] + ["q0", "q1", "q1"]


def made(codes: np.ndarray) -> LdaResult:
    """Fit on the first eight scans and predict the other three."""
    table = pd.DataFrame({"class": LABELS, "participant": PEOPLE})
    dataset = SimpleNamespace(name="cohort", sha256="c" * 64, scans=table)
    train, test = Part(dataset, np.arange(8)), Part(dataset, np.arange(8, 11))
    fitted = LatentDiscriminant(shrinkage="none").fit(codes[:8], train.labels, train.participants)
    sides = [
        Judged(fitted.transform(part), fitted.coordinates(part), fitted.posteriors(part), fitted.predict(part))
        for part in (codes[:8], codes[8:])
    ]
    scores = score(test.labels, sides[1].predicted, test.participants, ["healthy", "ms"])
    return LdaResult(fitted, scores, {}, None, train, test, codes[:8], codes[8:], *sides)


@pytest.fixture
def result() -> LdaResult:
    return made(np.concatenate([TRAIN, TEST]))


def test_a_scan_is_told_with_its_class_and_what_it_is_taken_for(result):
    found = verdict(result, "cohort", 10)
    assert (found.label, found.predicted, found.right, found.fitted) == ("healthy", "ms", False, False)
    assert found.posteriors["ms"] > 0.99
    assert sum(found.posteriors.values()) == pytest.approx(1)
    assert verdict(result, "cohort", 0).fitted


def test_predicted_scans_come_first(result):
    assert [row for _, row in scans(result)][:4] == [8, 9, 10, 0]


def test_neighbours_are_among_both_sides_and_never_the_same_person(result):
    found = neighbours(result, "cohort", 9, count=2)
    assert {neighbour.verdict.label for neighbour in found} == {"ms"}
    assert "q1" not in {neighbour.verdict.participant for neighbour in found}
    assert [neighbour.distance for neighbour in found] == sorted(neighbour.distance for neighbour in found)


def test_a_scan_that_is_not_there_is_refused(result):
    with pytest.raises(InputError, match="row 99"):
        verdict(result, "cohort", 99)


def test_two_analyses_disagree_where_their_predictions_differ(result):
    moved = np.concatenate([TRAIN, TEST[[1, 1, 2]]])
    other = made(moved)
    assert [(one.row, one.predicted, second.predicted) for one, second in disagreements(result, other)] == [
        (8, "healthy", "ms")
    ]
    assert disagreements(result, result) == []
    assert difference(result, other)["balanced_accuracy"] == pytest.approx(0.25)


def test_analyses_of_other_scans_cannot_be_compared(result):
    fewer = replace(result, test=Part(result.test.dataset, result.test.rows[:2]))
    for compare in (difference, disagreements):
        with pytest.raises(InputError, match="same scans"):
            compare(result, fewer)
