"""Limits of agreement are those that Bland and Altman print, and their intervals cover the truth."""

import numpy as np
import pytest
from scipy import stats

from brainlab.errors import InputError
from brainlab.measures.bland_altman import bland_altman


def differences(n, mean, sd, seed=0):
    """Normal numbers with just this mean and standard deviation."""
    drawn = np.random.default_rng(seed).normal(size=n)
    return mean + sd * (drawn - drawn.mean()) / drawn.std(ddof=1)


def test_limits_of_blood_pressure_are_the_published_ones():
    """Bland and Altman 1999, section 2: 85 people, observer less machine -16.29 mmHg, sd 19.61."""
    found = bland_altman(differences(85, -16.29, 19.61), np.zeros(85))
    assert found.sd == pytest.approx(19.61)
    assert (found.bias.value, found.bias.n) == (pytest.approx(-16.29), 85)
    assert (found.lower_limit.value, found.upper_limit.value) == (
        pytest.approx(-54.7, abs=0.06),
        pytest.approx(22.1, abs=0.06),
    )
    for estimate, low, high in ((found.bias, -20.5, -12.1), (found.lower_limit, -61.9, -47.5)):
        # the paper goes on from rounded standard errors
        assert (estimate.low, estimate.high) == (pytest.approx(low, abs=0.1), pytest.approx(high, abs=0.1))


def test_intervals_of_the_limits_cover_the_limits_of_the_population():
    random = np.random.default_rng(1)
    lower, upper = stats.norm.ppf([0.025, 0.975])
    found = [bland_altman(random.normal(size=30), np.zeros(30)) for _ in range(600)]
    for name, truth in (("lower_limit", lower), ("upper_limit", upper), ("bias", 0)):
        held = np.mean([getattr(one, name).low <= truth <= getattr(one, name).high for one in found])
        assert 0.92 < held < 0.975, name


def test_the_first_less_the_second_and_pairs_with_a_gap_left_out():
    found = bland_altman([1.0, 2.0, np.nan, 5.0], [0.0, 2.0, 3.0, 3.0])
    assert (found.bias.value, found.bias.n, found.sd) == (1.0, 3, 1.0)
    assert found.as_dict()["bias"]["value"] == 1.0


@pytest.mark.parametrize(
    ("first", "bias", "sd", "limit", "reason"),
    [
        ([], None, None, None, "undefined: no pair of values"),
        ([3.0], 3.0, None, None, "needs two pairs"),
        ([2.0, 2.0], 2.0, 0.0, 2.0, "the difference is the same in every pair"),
    ],
)
def test_few_or_equal_differences_have_no_interval_and_say_why(first, bias, sd, limit, reason):
    found = bland_altman(first, np.zeros(len(first)))
    assert (found.bias.value, found.sd, found.lower_limit.value, found.upper_limit.value) == (bias, sd, limit, limit)
    assert reason in found.bias.reason
    assert (found.bias.low, found.lower_limit.high) == (None, None)


def test_values_that_are_no_pairs_are_refused():
    with pytest.raises(InputError, match="need pairs of values"):
        bland_altman([1.0, 2.0], [1.0])
