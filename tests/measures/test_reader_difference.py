"""Differences between two conditions, against published covariances, plain loops and simulated cases."""

import numpy as np
import pytest

from brainlab.measures.accuracy import placements
from brainlab.measures.obuchowski_rockette import reader_test
from brainlab.measures.reader_difference import (
    placement_difference,
    placement_difference_of_groups,
    share_difference,
    share_difference_of_groups,
)
from tests.measures.published_readings import van_dyke


def alike(n: int) -> np.ndarray:
    """Cases of one stratum."""
    return np.zeros(n, dtype=int)


def unbiased_by_loops(first: np.ndarray, second: np.ndarray) -> float:
    """Covariance of two ROC areas from pairs of pairs [real, fake] of each, as its definition has it.

    E[product of two pairs' placements] with both cases in common, one, or none; the covariance is the mean over all
    pairs of pairs minus that over pairs with no case in common.
    """
    n, m = first.shape
    sums, counts = np.zeros((2, 2)), np.zeros((2, 2))
    for i in range(n):
        for j in range(m):
            for k in range(n):
                for q in range(m):
                    sums[int(i == k), int(j == q)] += first[i, j] * second[k, q]
                    counts[int(i == k), int(j == q)] += 1
    return float(sums.sum() / counts.sum() - sums[0, 0] / counts[0, 0])


def test_van_dyke_with_unbiased_covariances_as_mrmcaov_prints_it():
    abnormal, normal = van_dyke()
    wins = placements(abnormal, normal)  # [45, 69, readers, treatments]
    found = placement_difference(wins[..., 0] - wins[..., 1], alike(45), alike(69))
    test = reader_test(found.values, found.covariance, found.n)
    assert test.value == pytest.approx(-0.0438, abs=5e-5)
    assert test.se == pytest.approx(0.020672, abs=5e-7)
    assert (test.low, test.high) == pytest.approx((-0.087852, 0.0002513), abs=5e-7)
    assert test.t**2 == pytest.approx(4.4896, abs=5e-5)
    assert test.df == pytest.approx(15.034, abs=5e-4)
    assert test.p == pytest.approx(0.051162, abs=5e-7)
    assert wins.mean(axis=(0, 1, 2)) == pytest.approx([0.89704, 0.94084], abs=5e-6)


def test_van_dykes_covariance_components_are_those_that_mrmcaov_prints():
    abnormal, normal = van_dyke()
    wins = placements(abnormal, normal).reshape(45, 69, 10)  # columns: readers, each with both treatments
    covariance = placement_difference(wins, alike(45), alike(69)).covariance
    reader, treatment = np.divmod(np.arange(10), 2)
    one_reader, one_treatment = reader[:, None] == reader, treatment[:, None] == treatment
    parts = [one_reader & one_treatment, one_reader & ~one_treatment, ~one_reader & one_treatment]
    found = [covariance[part].mean() for part in (*parts, ~one_reader & ~one_treatment)]
    assert found == pytest.approx([0.00078839, 0.00034167, 0.00033906, 0.00023561], abs=5e-9)


def test_the_covariance_of_areas_is_the_one_that_loops_over_pairs_of_pairs_give():
    random = np.random.default_rng(0)
    scores = random.integers(0, 4, (9, 2)).astype(float)
    wins = placements(scores[:4], scores[4:])
    found = placement_difference(wins, alike(4), alike(5)).covariance
    expected = [[unbiased_by_loops(wins[..., a], wins[..., b]) for b in range(2)] for a in range(2)]
    assert found == pytest.approx(np.array(expected))


def test_areas_against_two_groups_share_the_real_cases_alone():
    random = np.random.default_rng(1)
    real, a, b = (random.normal(size=(n, 1)) for n in (4, 3, 5))
    first, second = placements(real, a), placements(real, b)
    found = placement_difference_of_groups(first, second, alike(4))
    shared = np.cov(first[..., 0].mean(axis=1), second[..., 0].mean(axis=1))[0, 1] / 4
    apart = [unbiased_by_loops(wins[..., 0], wins[..., 0]) for wins in (first, second)]
    assert found.covariance[0, 0] == pytest.approx(sum(apart) - 2 * shared)
    assert found.values == pytest.approx([first.mean() - second.mean()])
    back = placement_difference_of_groups(second, first, alike(4))
    assert (back.values, back.covariance) == (pytest.approx(-found.values), pytest.approx(found.covariance))


def test_sources_are_strata():
    random = np.random.default_rng(2)
    real, fakes = random.normal(size=(6, 1)), random.normal(size=(8, 1)) + np.repeat([0.0, 40.0], 4)[:, None]
    wins = placements(real, fakes)
    pooled = placement_difference(wins, alike(6), alike(8)).covariance[0, 0]
    within = placement_difference(wins, alike(6), np.repeat([0, 1], 4)).covariance[0, 0]
    assert within < 0.7 * pooled


def test_covariances_are_those_of_studies_drawn_again_and_again():
    random = np.random.default_rng(3)
    areas, estimates = [], []
    for _ in range(600):
        case = random.normal(size=(24, 1))
        scores = case + random.normal(size=(24, 2)) + np.where(np.arange(24) < 8, 1.0, 0.0)[:, None]
        found = placement_difference(placements(scores[:8], scores[8:]), alike(8), np.repeat([0, 1], 8))
        areas.append(found.values)
        estimates.append(found.covariance)
    assert np.mean(estimates, axis=0) == pytest.approx(np.cov(np.array(areas).T), rel=0.12)


def test_shares_of_the_same_cases_are_paired_and_of_two_groups_are_not():
    random = np.random.default_rng(4)
    hard = random.random((40, 1))
    first, second = ((random.random((40, 3)) < hard).astype(float) for _ in range(2))
    paired = share_difference(first - second, alike(40))
    apart = share_difference_of_groups(first, second)
    assert paired.values == pytest.approx(apart.values)
    assert (paired.n, apart.n) == (40, 80)
    assert paired.covariance == pytest.approx(np.cov((first - second).T) / 40)
    assert apart.covariance == pytest.approx((np.cov(first.T) + np.cov(second.T)) / 40)
    width = [e.high - e.low for e in (paired.for_these_readers(), apart.for_these_readers())]
    assert width[0] < 0.8 * width[1]


def test_unanimous_readers_are_not_certain():
    same = placement_difference(np.zeros((10, 10, 2)), alike(10), alike(10)).for_these_readers()
    assert same.low < 0 < same.high
    all_real = share_difference_of_groups(np.ones((10, 2)), np.zeros((10, 2))).for_these_readers()
    assert all_real.low < 1 == all_real.high
