import numpy as np
import pytest

from brainlab.latent.classification.discriminant import LatentDiscriminant
from brainlab.latent.classification.neighbours import nearest_people

POINTS = np.array([[0, 0], [0, 1], [3, 0], [0, 2], [0, 5], [0, 4]], dtype=float)
PEOPLE = ["a", "a", "b", "c", "c", "d"]


def test_neighbours_are_other_people_one_scan_each_and_nearest_first():
    found, distances = nearest_people(POINTS, PEOPLE, 0, 4)
    assert found.tolist() == [3, 2, 5]
    assert distances == pytest.approx([2, 3, 4])


def test_no_more_than_asked_for():
    found, distances = nearest_people(POINTS, PEOPLE, 4, 1)
    assert (found.tolist(), distances.tolist()) == ([5], [1.0])


def test_a_lone_person_has_no_neighbours():
    found, distances = nearest_people(POINTS[:2], PEOPLE[:2], 0, 4)
    assert len(found) == len(distances) == 0


@pytest.mark.parametrize("shrinkage", ["none", "auto"])
@pytest.mark.parametrize("priors", ["empirical", "uniform"])
def test_distances_to_the_class_means_give_the_posteriors(shrinkage, priors):
    rng = np.random.default_rng(5)
    y = np.repeat(["a", "b", "c"], [30, 60, 15])
    X = rng.normal(size=(105, 6)) * [1, 2, 3, 1, 1, 5]
    X[y == "b"] += [2, 0, 1, 0, 0, 0]
    fitted = LatentDiscriminant(priors, shrinkage).fit(X, y, [str(i) for i in range(105)])
    codes = rng.normal(size=(20, 6))
    means = fitted.coordinates(np.stack([X[y == name].mean(axis=0) for name in fitted.classes_]))
    squared = ((fitted.coordinates(codes)[:, None] - means) ** 2).sum(axis=2)
    prior = np.array([30, 60, 15]) / 105 if priors == "empirical" else np.full(3, 1 / 3)
    expected = prior * np.exp(-squared / 2)
    assert fitted.posteriors(codes) == pytest.approx(expected / expected.sum(axis=1, keepdims=True))


def test_coordinates_do_not_change_when_a_dimension_is_rescaled():
    rng = np.random.default_rng(6)
    X, y = rng.normal(size=(60, 3)), np.repeat(["a", "b"], 30)
    X[y == "b", 0] += 2
    people = [str(i) for i in range(60)]
    scale = np.array([10, 1, 0.1])
    one, other = (
        LatentDiscriminant(shrinkage="none").fit(codes, y, people).coordinates(codes) for codes in (X, X * scale)
    )
    assert np.abs(one - one[0]) == pytest.approx(np.abs(other - other[0]))
