"""Shares, intervals and ROC areas against printed values, and their coverage by simulation."""

import numpy as np
import pytest

from brainlab.measures.accuracy import roc_area, roc_area_se, signal_detection, stratified_share, wilson


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval(successes, n, low, high):
    share = wilson(successes, n)
    assert (round(share.low, 4), round(share.high, 4)) == (low, high)


def test_share_of_nothing_is_undefined():
    assert wilson(0, 0).reason == stratified_share([(0, 0)]).reason == "undefined: no answers"


def test_one_stratum_gives_wilsons_centre_and_nearly_its_width():
    assert stratified_share([(30, 50)]).low == pytest.approx(wilson(30, 50).low, abs=1e-12)
    everything = stratified_share([(20, 20)])
    assert everything.high == 1
    assert everything.low < 1


def test_stratified_interval_covers_where_the_pooled_one_is_far_too_wide():
    truth, n = np.array([0.94, 0.96, 0.98, 0.16, 0.08]), 50
    draws = np.random.default_rng(0).binomial(n, truth, (1000, 5))
    inside = [
        [
            interval.low <= truth.mean() <= interval.high
            for interval in (stratified_share((int(x), n) for x in row), wilson(int(row.sum()), 5 * n))
        ]
        for row in draws
    ]
    stratified, pooled = np.mean(inside, axis=0)
    assert 0.93 <= stratified <= 0.97
    assert pooled > 0.995


def test_roc_area_of_hanley_and_mcneil():
    normal, abnormal = np.repeat(np.arange(1, 6), [33, 6, 6, 11, 2]), np.repeat(np.arange(1, 6), [3, 2, 2, 11, 33])
    assert round(roc_area(abnormal, normal).value, 5) == 0.89317
    assert round(roc_area_se(abnormal, normal), 5) == 0.03072
    assert roc_area(normal, abnormal).value == pytest.approx(1 - 0.8931711, abs=1e-6)


def test_roc_area_near_one_keeps_a_lopsided_interval_within_bounds():
    area = roc_area([1, 3, 4, 5, 5, 5, 5, 5, 5, 5], np.repeat([-5, 2], [30, 10]))
    assert 0 < area.low < area.value < area.high < 1
    assert area.value - area.low > area.high - area.value


def test_roc_area_knows_that_fakes_were_sampled_by_generator():
    good, poor = np.repeat([4, 5], 25), np.repeat([-4, -5], 25)
    real = np.tile([3, 5, -2, 4, 5], 10)
    fake, source = np.concatenate([good, poor]), np.repeat(["vae", "gan"], 50)
    pooled, stratified = roc_area(real, fake), roc_area(real, fake, negative_strata=source)
    assert stratified.value == pooled.value
    assert stratified.high - stratified.low < pooled.high - pooled.low


def test_roc_area_without_spread_has_no_interval():
    perfect = roc_area([5, 5, 5], [-5, -5])
    assert (perfect.value, perfect.low, perfect.high) == (1, None, None)
    assert roc_area([], [1.0]).value is None


def test_signal_detection_is_symmetric_and_finite():
    sensitivity, criterion = signal_detection(40, 50, 10, 50)
    assert sensitivity == pytest.approx(1.64, abs=0.05)
    assert criterion == pytest.approx(0)
    assert np.isfinite(signal_detection(50, 50, 0, 50)).all()
    assert signal_detection(50, 50, 50, 50)[1] < 0
    assert signal_detection(1, 2, 0, 0) is None
