"""The analysis of Obuchowski, Rockette and Hillis against figures that other programs print."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from brainlab.measures.obuchowski_rockette import obuchowski_rockette, reader_test
from tests.measures.published_readings import roe_metz_machine, roe_metz_treatments, van_dyke

# Areas of each modality, mean covariance between readers, and the standard error and degrees of freedom that the R
# package MRMCaov prints for each modality by itself.
MODALITIES = [
    ([0.91964573, 0.85877617, 0.90386473, 0.97310789, 0.82979066], 0.0004839618, 0.03317360, 12.74465),
    ([0.94782609, 0.90531401, 0.92173913, 0.99935588, 0.92995169], 0.0002041879, 0.02156637, 12.71019),
]


def jackknifed(truth: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ROC area of each column of `scores` [n, k], and their covariance [k, k] by leaving out each case in turn."""
    n = len(truth)
    left_out = [
        [roc_auc_score(np.delete(truth, case), np.delete(column, case)) for column in scores.T] for case in range(n)
    ]
    areas = np.array([roc_auc_score(truth, column) for column in scores.T])
    return areas, np.cov(np.array(left_out), rowvar=False) * (n - 1) ** 2 / n


def test_two_treatments_of_van_dyke_as_or_dbm_mrmc_prints_them():
    abnormal, normal = van_dyke()
    truth = np.repeat([1, 0], [45, 69])
    scores = np.concatenate([abnormal, normal])
    areas, covariance = jackknifed(truth, scores.transpose(0, 2, 1).reshape(114, 10))
    gain = np.hstack([np.eye(5), -np.eye(5)])  # first minus second treatment
    found = reader_test(gain @ areas, gain @ covariance @ gain.T, 114)
    assert found.value == pytest.approx(-0.04380032, abs=5e-9)
    assert found.t**2 == pytest.approx(4.46, abs=0.005)
    assert found.df == pytest.approx(15.26, abs=0.005)
    assert found.p == pytest.approx(0.0517, abs=5e-5)
    assert found.se == pytest.approx(0.02075, abs=5e-6)
    assert (found.low, found.high) == pytest.approx((-0.08796, 0.00036), abs=5e-6)


def test_a_machine_beside_readers_as_rjafroc_prints_it():
    positive, machine, readers = roe_metz_machine()
    areas, covariance = fast_jackknife(positive, np.column_stack([machine, readers]))
    gain = np.hstack([np.ones((10, 1)), -np.eye(10)])  # machine minus reader
    found = reader_test(gain @ areas, gain @ covariance @ gain.T, 1000)
    assert found.value == pytest.approx(-0.00584125, abs=5e-9)
    assert found.p == pytest.approx(0.6560453, abs=5e-8)
    assert (found.low, found.high) == pytest.approx((-0.03233184, 0.02064934), abs=5e-9)
    assert found.df == pytest.approx(31.00905, abs=5e-6)


def test_two_treatments_of_roe_and_metz_as_rjafroc_prints_them():
    positive, scores = roe_metz_treatments()
    areas, covariance = fast_jackknife(positive, scores.transpose(0, 2, 1).reshape(400, 20))
    gain = np.hstack([-np.eye(10), np.eye(10)])  # second minus first treatment
    found = reader_test(gain @ areas, gain @ covariance @ gain.T, 400)
    assert found.value == pytest.approx(0.00451, abs=1e-6)
    assert found.p == pytest.approx(0.8502715, abs=1e-6)
    assert (found.low, found.high) == pytest.approx((-0.04284442691, 0.05186442691), abs=1e-6)
    assert found.df == pytest.approx(85.5241922, abs=1e-4)


def fast_jackknife(positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What `jackknifed` gives, for scores without ties: a case left out takes its own pairs along."""
    up, down = scores[positive], scores[~positive]
    areas, left_out = [], []
    for column in range(scores.shape[1]):
        wins = up[:, column][:, None] > down[:, column]
        m, n = wins.shape
        areas.append(wins.mean())
        left_out.append(
            np.concatenate([(wins.sum() - wins.sum(1)) / ((m - 1) * n), (wins.sum() - wins.sum(0)) / (m * (n - 1))])
        )
    cases = len(positive)
    return np.array(areas), np.cov(np.array(left_out)) * (cases - 1) ** 2 / cases


def test_leaving_out_pairs_is_leaving_out_cases():
    random = np.random.default_rng(0)
    positive, scores = np.arange(20) < 8, random.normal(size=(20, 3))
    for one, other in zip(jackknifed(positive, scores), fast_jackknife(positive, scores), strict=True):
        assert one == pytest.approx(other)


@pytest.mark.parametrize(("areas", "covariance", "se", "degrees"), MODALITIES)
def test_one_modality_of_van_dyke(areas, covariance, se, degrees):
    found = obuchowski_rockette(np.array(areas), np.full((5, 5), covariance))
    assert found == pytest.approx((se, degrees), rel=2e-6)


def test_negative_covariance_counts_as_none_and_readers_alike_have_no_test():
    values = np.array([0.1, 0.3, 0.2])
    assert obuchowski_rockette(values, np.full((3, 3), -0.5)) == obuchowski_rockette(values, np.zeros((3, 3)))
    same = reader_test(np.zeros(3), np.zeros((3, 3)), 9)
    assert (same.value, same.low, same.p, same.reason) == (0, None, None, "no test: neither readers nor cases differ")
    assert reader_test(np.array([0.2]), np.ones((1, 1)), 9).reason.startswith("no test: one reader")


def test_readers_who_agree_by_chance_are_not_sure_beyond_their_cases():
    # A third of the cases' share with two readers, a fifth with three: see `reader_test`.
    for readers, part in ((2, 3), (3, 5)):
        found = reader_test(np.full(readers, 0.1), np.diag([0.04] * readers), 50)
        assert found.se == pytest.approx(np.sqrt(0.04 / part / readers))
        assert 0.05 < found.p < 0.25
    apart = np.array([0.0, 0.4, 0.8])
    assert reader_test(apart, np.diag([0.04] * 3), 50).se == obuchowski_rockette(apart, np.diag([0.04] * 3))[0]


def test_the_interval_and_the_test_agree_and_a_swap_turns_the_sign():
    random = np.random.default_rng(1)
    for _ in range(20):
        values = random.normal(0.05, 0.1, 4)
        covariance = 0.002 * (np.eye(4) + 1)
        found, back = reader_test(values, covariance, 80), reader_test(-values, covariance, 80)
        assert (found.p < 0.05) == (not found.low <= 0 <= found.high)
        assert (back.low, back.p) == pytest.approx((-found.high, found.p))


def test_readers_who_differ_alike_to_within_rounding_have_no_finite_degrees_of_freedom():
    differences = np.array([-0.2, -0.2 + 1e-16, 0.1 - 0.3])
    assert differences.var() > 0
    found = reader_test(differences, np.full((3, 3), 0.01) + 0.01 * np.eye(3), 20)
    assert found.df is None
    assert found.p == pytest.approx(2 * stats.norm.sf(0.2 / found.se))
