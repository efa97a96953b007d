"""Visits, remyelination and the disability that follows from them."""

import numpy as np
import pytest
import statsmodels.api as sm

from brainlab.simulation.disease import longitudinal
from brainlab.simulation.disease.longitudinal import EDSS_COEFFICIENTS, disability, draw_visits, dynamic_remyelination


def test_visits_by_class():
    rng = np.random.default_rng(0)
    counts = {name: [len(draw_visits(rng, name).years) for _ in range(300)] for name in ("healthy", "ms", "leuko1")}
    assert set(counts["healthy"]) == {1}
    assert set(counts["ms"]) == {2, 3, 4, 5}
    assert 4.2 < np.mean(counts["ms"]) < 4.7
    assert set(counts["leuko1"]) == {1, 2}
    assert np.mean(counts["leuko1"]) < 1.1


def test_visits_follow_each_other_by_months():
    rng = np.random.default_rng(1)
    for _ in range(50):
        years = draw_visits(rng, "ms").years
        assert years[0] == 0
        assert all(0.5 <= gap <= 2.01 for gap in np.diff(years))


def test_index_counts_voxels_that_have_their_myelin_back():
    first = np.array([0.9, 0.8, 0.7, 0.6, 0.1], np.float32)
    last = np.array([0.9, 0.2, 0.1, 0.6, 0.9], np.float32)
    assert dynamic_remyelination(first, last) == 0.5
    assert dynamic_remyelination(first, np.array([0.9, 0.9, 0.1, 0.6, 0.9], np.float32)) == 0.25
    assert dynamic_remyelination(0 * first, last) == 0.0


def test_remyelination_stays_a_share():
    visits = longitudinal.Visits((0.0, 1.0, 2.5))
    states = longitudinal.draw_remyelination(np.random.default_rng(0), 50, visits)
    assert states.shape == (3, 50)
    assert states.min() >= 0
    assert states.max() <= 1


def test_myelin_comes_back_on_average_and_not_in_everybody():
    rng = np.random.default_rng(0)
    visits = longitudinal.Visits((0.0, 2.0, 4.0))
    states = np.stack([longitudinal.draw_remyelination(rng, 20, visits) for _ in range(100)])
    change = (states[:, -1] - states[:, 0]).mean(axis=1)
    assert change.mean() > 0.1
    assert 0.05 < (change < 0).mean() < 0.5


def test_disability_follows_the_published_signs_and_varies_by_its_noise():
    assert EDSS_COEFFICIENTS == {
        "intercept": 3.0,
        "dynamic_remyelination": -2.5,
        "age_years_over_46": 0.045,
        "man": 0.35,
        "ln_lesion_volume_over_10_ml": 0.6,
    }
    scores = [disability(np.random.default_rng(k), 0.5, 46.0, "F", 10.0) for k in range(400)]
    assert np.mean(scores) == pytest.approx(3.0 - 2.5 * 0.5, abs=0.08)
    assert np.std(scores) == pytest.approx(np.hypot(0.45, 0.5 / np.sqrt(12)), rel=0.12)  # its own, and rounding
    assert {score % 1 for score in scores} == {0.0, 0.5}
    older = [disability(np.random.default_rng(k), 0.5, 76.0, "F", 10.0) for k in range(400)]
    assert np.mean(older) - np.mean(scores) == pytest.approx(30 * 0.045, abs=0.08)


def test_regression_finds_the_coefficients_again():
    rng = np.random.default_rng(0)
    n = 3000
    index, age, man = rng.uniform(0, 1, n), rng.normal(55, 8, n), rng.integers(0, 2, n)
    load = np.exp(rng.normal(2.5, 0.7, n))
    edss = [disability(rng, i, a, "M" if m else "F", v) for i, a, m, v in zip(index, age, man, load, strict=True)]
    fit = sm.OLS(edss, sm.add_constant(np.column_stack([index, age - 46, man, np.log(load / 10)]))).fit()
    np.testing.assert_allclose(fit.params, list(EDSS_COEFFICIENTS.values()), atol=0.12)


@pytest.mark.parametrize(("index", "age", "load"), [(0.0, 90.0, 60.0), (1.0, 16.0, 1.0)])
def test_disability_is_on_its_scale(index, age, load):
    score = disability(np.random.default_rng(0), index, age, "F", load)
    assert 0 <= score <= 10
    assert score * 2 == int(score * 2)
