"""Means over readers of own cases: what they come to, and that their variances are those of studies drawn anew."""

import numpy as np
import pytest

from brainlab.measures.accuracy import placements
from brainlab.measures.own_cases import covariance_of_own_means, one_reader, over_readers, own_means
from brainlab.measures.reader_difference import placement_difference_of_groups, share_difference
from brainlab.measures.strata import spread_of_mean
from brainlab.reading.protocol.allocation import Allocation
from brainlab.reading.protocol.allotment import allot

READERS = 4
SOURCES = np.repeat([0, 1, 2], 20)
POOL = allot([str(source) for source in SOURCES], READERS, Allocation(anchors=12, readings=2), np.random.default_rng(5))


def _answers(random, level=(0.8, -0.4, 0.3), rho=0.6):
    """Scores [60, 4] of four readers whose views of a case go together; sources differ."""
    case, own = random.standard_normal((60, 1)), random.standard_normal((60, READERS))
    return np.array(level)[SOURCES][:, None] + np.sqrt(rho) * case + np.sqrt(1 - rho) * own


def test_where_everybody_judged_everything_it_is_the_ordinary_mean():
    values = np.random.default_rng(0).random((10, 3))
    codes = np.repeat([0, 1], 5)
    parts = over_readers(values, codes)
    assert parts.values == pytest.approx(values.mean(axis=1))
    assert parts.codes.tolist() == codes.tolist()
    assert parts.weights == pytest.approx(1)
    assert parts.scatter == pytest.approx(1)
    within = sum(np.cov(values[codes == code].T) * 0.25 / 5 for code in (0, 1))
    assert covariance_of_own_means(values, codes) == pytest.approx(within)


def test_a_reader_alone_is_one_of_one():
    values, codes = np.arange(6.0), np.repeat([0, 1], 3)
    alone, table = one_reader(values, codes), over_readers(values[:, None], codes)
    for name in ("values", "codes", "weights", "scatter"):
        assert getattr(alone, name) == pytest.approx(getattr(table, name))


def test_parts_of_cases_come_to_the_mean_over_readers_of_own_means():
    values = np.where(POOL, _answers(np.random.default_rng(1)), np.nan)
    fewer = np.where(np.arange(60)[:, None] * np.array([1, 0, 0, 0]) > 30, np.nan, values)
    for table in (values, fewer):
        parts = over_readers(table, SOURCES)
        assert parts.values.mean() == pytest.approx(own_means(table).mean())
        assert parts.weights.mean() == pytest.approx(1)
    anchors, parts = POOL.all(axis=1), over_readers(values, SOURCES)
    assert len(np.unique(parts.weights[anchors].round(9))) == 1
    assert parts.weights[anchors].min() > parts.weights[~anchors].max()


def test_cases_that_nobody_judged_are_no_cases():
    values = np.array([[1.0, np.nan], [np.nan, np.nan], [0.0, 1.0], [np.nan, 0.0]])
    parts = over_readers(values, np.zeros(4, dtype=int))
    assert len(parts.values) == 3
    assert parts.values.mean() == pytest.approx(0.5)


def test_covariances_are_those_of_studies_drawn_anew():
    random = np.random.default_rng(2)
    tables = [np.where(POOL, (_answers(random) > 0).astype(float), np.nan) for _ in range(2000)]
    seen = np.cov(np.array([own_means(table) for table in tables]).T)
    told = np.mean([covariance_of_own_means(table, SOURCES) for table in tables], axis=0)
    assert told == pytest.approx(seen, abs=0.1 * seen.max())
    parts = [over_readers(table, SOURCES) for table in tables[:500]]
    of_mean = np.mean([spread_of_mean(each.values, each.codes).se ** 2 for each in parts])
    assert of_mean == pytest.approx(seen.mean(), rel=0.1)


def test_few_cases_in_common_are_enough_for_a_covariance_that_is_right_on_average():
    random = np.random.default_rng(6)
    judged = np.array([[1, 0], [1, 1], [1, 1], [0, 1]], dtype=bool)
    codes = np.zeros(4, dtype=int)
    case, own = random.standard_normal((6000, 4, 1)), random.standard_normal((6000, 4, 2))
    told = np.mean([covariance_of_own_means(np.where(judged, table, np.nan), codes) for table in case + own], axis=0)
    assert told[0, 1] == pytest.approx(2 / 9, abs=0.02)  # two of three cases each, whose values covary by 1
    assert told[0, 0] == pytest.approx(2 / 3, abs=0.03)


def test_covariances_of_areas_are_those_of_studies_drawn_anew():
    random = np.random.default_rng(3)
    real, first, second = (source == SOURCES for source in (0, 1, 2))
    found = []
    for _ in range(800):
        scores = np.where(POOL, np.digitize(_answers(random), [-1, -0.3, 0.3, 1]), np.nan)
        wins = [placements(scores[real], scores[fake]) for fake in (first, second)]
        found.append(placement_difference_of_groups(*wins, np.zeros(real.sum(), dtype=int)))
    seen = np.cov(np.array([each.values for each in found]).T)
    told = np.mean([each.covariance for each in found], axis=0)
    assert told == pytest.approx(seen, abs=0.15 * seen.max())
    assert np.mean([each.spread.se**2 for each in found]) == pytest.approx(seen.mean(), rel=0.15)
    assert found[0].n == 60


def test_differences_of_shares_are_of_own_cases():
    before, after = (np.where(POOL, (_answers(np.random.default_rng(seed)) > 0) * 1.0, np.nan) for seed in (4, 5))
    found = share_difference(after - before, SOURCES)
    assert found.values == pytest.approx(own_means(after) - own_means(before))
    assert found.n == 60
