"""Variances of stratified means against brute force, and the bootstrap's weights against both."""

import numpy as np
import pytest
from scipy import stats

from brainlab.measures.own_cases import covariance_of_own_means
from brainlab.measures.strata import (
    Prior,
    bootstrap_weights,
    spread_of_mean,
    stratum_codes,
)

VALUES = np.array([1.0, 2.0, 4.0, 10.0, 13.0])
CODES = np.array([0, 0, 0, 1, 1])


def test_names_become_numbers_and_lone_cases_one_stratum():
    assert stratum_codes(["b", "a", "b", "a"], 4).tolist() == [1, 0, 1, 0]
    assert stratum_codes(None, 3).tolist() == [0, 0, 0]
    assert stratum_codes(["a", "a", "b", "c"], 4).tolist() == [0, 0, 1, 1]
    assert stratum_codes(["a", "a", "b"], 3).tolist() == [0, 0, 0]
    assert stratum_codes(["a", "b"], 2).tolist() == [0, 0]


def test_variance_of_a_stratified_mean_is_cochrans():
    spread = spread_of_mean(VALUES, CODES)
    expected = (3 / 5) ** 2 * VALUES[:3].var(ddof=1) / 3 + (2 / 5) ** 2 * VALUES[3:].var(ddof=1) / 2
    assert spread.se**2 == pytest.approx(expected)
    assert covariance_of_own_means(VALUES[:, None], CODES)[0, 0] == pytest.approx(expected)


def test_one_stratum_gives_students_interval():
    low, high = stats.ttest_1samp(VALUES, 0).confidence_interval(0.95)
    half = spread_of_mean(VALUES, np.zeros(5, dtype=int)).half_width(0.95)
    assert (VALUES.mean() - half, VALUES.mean() + half) == pytest.approx((low, high))


def test_covariance_of_readers_is_within_strata():
    pair = np.column_stack([VALUES, -VALUES + CODES * 100])
    covariance = covariance_of_own_means(pair, CODES)
    assert covariance[0, 1] == pytest.approx(-covariance[0, 0])


def test_a_prior_gives_spread_to_strata_without_and_costs_little_in_large_ones():
    constant = np.ones(20)
    assert spread_of_mean(constant, np.zeros(20, dtype=int)).se == 0
    assert spread_of_mean(constant, np.zeros(20, dtype=int), Prior(1, 0.5, 0.25)).se > 0
    many = np.tile([0.0, 1.0], 5000)
    codes = np.zeros(10_000, dtype=int)
    assert spread_of_mean(many, codes, Prior(1, 0.5, 0.25)).se == pytest.approx(
        spread_of_mean(many, codes).se, rel=1e-3
    )


def test_resampled_means_spread_as_the_formula_says_even_in_tiny_strata():
    weights = bootstrap_weights(CODES, 40_000)
    assert weights.sum(axis=1) == pytest.approx(5)
    assert weights[:, CODES == 0].sum(axis=1) == pytest.approx(3)
    means = weights @ VALUES / 5
    assert means.mean() == pytest.approx(VALUES.mean(), abs=0.02)
    assert means.std() == pytest.approx(spread_of_mean(VALUES, CODES).se, rel=0.02)


def test_weights_cannot_be_changed_by_one_caller_for_the_next():
    with pytest.raises(ValueError, match="read-only"):
        bootstrap_weights(CODES, 10)[0, 0] = 9
