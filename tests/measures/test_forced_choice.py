"""Shares of correct choices among m images, against Clopper and Pearson's own table, exact sums and known d'."""

import numpy as np
import pytest
from scipy import integrate, stats
from statsmodels.stats import inter_rater

from brainlab.measures.estimate import Estimate
from brainlab.measures.forced_choice import chance_p, choice_d_prime, choice_kappa, exact_share, expected_share


def test_exact_bounds_leave_a_fortieth_on_either_side():
    found = exact_share(116, 400)  # the published quartets: 29.0% of 8 x 50
    assert found.value == 0.29
    assert stats.binom.sf(115, 400, found.low) == pytest.approx(0.025, abs=1e-6)
    assert stats.binom.cdf(116, 400, found.high) == pytest.approx(0.025, abs=1e-6)
    assert (exact_share(0, 10).low, exact_share(10, 10).high) == (0.0, 1.0)
    assert exact_share(0, 10).high == pytest.approx(0.3085, abs=5e-5)  # Clopper and Pearson 1934
    assert exact_share(0, 0).reason


@pytest.mark.parametrize("share", [0.1, 0.25, 0.29, 0.5, 0.9])
def test_exact_intervals_cover_at_least_as_often_as_they_say(share: float):
    n = 50
    covered = [exact_share(k, n).low <= share <= exact_share(k, n).high for k in range(n + 1)]
    assert stats.binom.pmf(np.arange(n + 1), n, share) @ covered >= 0.95


def test_p_is_the_exact_sum_of_outcomes_as_unlikely():
    pmf = stats.binom.pmf(np.arange(21), 20, 0.25)
    assert chance_p(9, 20, 4) == pytest.approx(pmf[pmf <= pmf[9] * (1 + 1e-7)].sum())
    assert chance_p(5, 20, 4) == pytest.approx(1)


@pytest.mark.parametrize("m", [2, 4, 6, 8])
def test_no_difference_is_chance_and_d_prime_leads_back(m: int):
    assert expected_share(0, m) == pytest.approx(1 / m)
    for d in (-0.5, 0.4, 2.0):
        found = choice_d_prime(Estimate(expected_share(d, m), n=9), m)
        assert found.value == pytest.approx(d, abs=1e-5)


def test_of_two_images_d_prime_is_root_two_times_the_quantile():
    assert choice_d_prime(Estimate(0.76, 0.6, 0.9, 50), 2).value == pytest.approx(
        2**0.5 * stats.norm.ppf(0.76), abs=1e-5
    )
    simulated = np.random.default_rng(0).normal([1.0, 0, 0, 0], 1, (200_000, 4))
    assert expected_share(1.0, 4) == pytest.approx(np.mean(simulated.argmax(axis=1) == 0), abs=0.004)


def test_where_all_choices_are_correct_d_prime_has_no_value_but_a_reason():
    found = choice_d_prime(exact_share(10, 10), 4)
    assert (found.value, found.low) == (None, None)
    assert "all of the choices are correct" in found.reason
    assert choice_d_prime(exact_share(9, 10), 4).low is not None


def test_shares_of_a_d_prime_are_those_of_adaptive_quadrature():
    for d in (-3.0, 0.2, 4.0):
        expected, _ = integrate.quad(lambda x, d=d: stats.norm.pdf(x - d) * stats.norm.cdf(x) ** 5, d - 9, d + 9)
        assert expected_share(d, 6) == pytest.approx(expected, abs=1e-9)


def test_kappa_of_choices_is_fleiss_with_an_interval_around_the_agreement_beyond_one_in_m():
    random = np.random.default_rng(3)
    counts = (random.integers(4, size=(50, 5))[:, :, None] == np.arange(4)).sum(axis=1)
    found = choice_kappa(counts)
    assert found.value == pytest.approx(inter_rater.fleiss_kappa(counts))
    agreement = ((counts * (counts - 1)).sum(axis=1) / 20).mean()
    assert found.low < (agreement - 0.25) / 0.75 < found.high


def test_readers_who_chose_alike_leave_others_possible_and_one_and_the_same_image_is_undefined():
    alike = 3 * np.eye(4, dtype=int)[np.arange(20) % 4]
    found = choice_kappa(alike)
    assert (found.value, found.high, found.reason) == (1, 1, None)
    assert 0.7 < found.low < 0.95
    assert choice_kappa(3 * np.eye(4, dtype=int)[np.zeros(20, dtype=int)]).value is None
