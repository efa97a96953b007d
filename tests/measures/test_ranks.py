"""Means of ranks and of rank correlations, against Wilson, Student and scipy."""

import numpy as np
import pytest
from scipy import stats

from brainlab.measures.accuracy import wilson
from brainlab.measures.bounded_mean import bounds_of_mean
from brainlab.measures.ranks import mean_rank, mean_rank_correlation


def _orders(n: int, k: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.permuted(np.tile(np.arange(1.0, k + 1), (n, 1)), axis=1)


def test_values_are_those_of_scipy():
    first, second = _orders(12, 4), _orders(12, 4, 1)
    expected = [stats.spearmanr(a, b).statistic for a, b in zip(first, second, strict=True)]
    assert mean_rank_correlation(first, second).value == pytest.approx(np.mean(expected))
    assert mean_rank(first[:, 0], 4).value == first[:, 0].mean()


def test_of_many_cases_it_is_students_interval():
    ranks = _orders(4000, 5)[:, 0]
    found = mean_rank(ranks, 5)
    low, high = stats.t.interval(0.95, 3999, ranks.mean(), stats.sem(ranks))
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3))


def test_of_yes_and_no_it_is_wilsons_interval_with_students_quantile():
    values = np.repeat([0.0, 1.0], [140, 60])
    low, high = bounds_of_mean(values)
    expected = wilson(60, 200)
    assert (low, high) == (pytest.approx(expected.low, abs=2e-3), pytest.approx(expected.high, abs=2e-3))


def test_intervals_stay_within_their_ends_and_have_a_width_where_all_cases_are_alike():
    first = mean_rank(np.ones(20), 3)
    assert (first.value, first.low) == (1, 1)
    assert 1.1 < first.high < 1.5
    same = np.tile([1.0, 2, 3], (20, 1))
    agreed = mean_rank_correlation(same, same)
    assert (agreed.value, agreed.high) == (1, pytest.approx(1))
    assert 0.5 < agreed.low < 0.9


def test_cases_of_sources_that_differ_vary_within_their_sources_alone():
    values, strata = np.repeat([0.2, 0.8], 20) + np.tile([-0.1, 0.1], 20), np.repeat([0, 1], 20)
    whole, within = bounds_of_mean(values), bounds_of_mean(values, strata)
    assert within[1] - within[0] < 0.5 * (whole[1] - whole[0])


def test_too_few_cases_have_no_interval():
    assert mean_rank(np.ones(1), 3).reason == "no interval: needs two cases"
    nothing = mean_rank_correlation(np.empty((0, 3)), np.empty((0, 3)))
    assert nothing.value is None
    assert nothing.reason.startswith("undefined")
