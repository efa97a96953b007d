"""Intervals of differences cover the truth as often as they say, because people are resampled and values are paired."""

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.measures import mean_difference
from brainlab.measures.mean_difference import paired_difference, unpaired_difference

PEOPLE, VISITS, TRUTH = 20, 3, 0.3


def visits(random, people=PEOPLE, between=0.3):
    """Errors of two runs on three scans of each person: hard scans are hard for both, and people differ."""
    owners = np.repeat(np.arange(people), VISITS)
    hard = 2 * random.normal(size=people)[owners] + random.normal(size=len(owners))
    first = hard + TRUTH + between * random.normal(size=people)[owners] + 0.1 * random.normal(size=len(owners))
    return first, hard + 0.1 * random.normal(size=len(owners)), owners


def covered(measure, repetitions=300, **options):
    """Return how often the interval of a simulated difference holds its true value."""
    random = np.random.default_rng(1)
    found = [measure(random, seed=seed, resamples=300, **options) for seed in range(repetitions)]
    return np.mean([one.low <= TRUTH <= one.high for one in found])


def of_people(random, **options):
    return paired_difference(*visits(random), **options)


def of_images(random, **options):
    """Leave out of account whose the scans are."""
    first, second, owners = visits(random)
    return paired_difference(first, second, np.arange(len(owners)), **options)


def of_samples(random, **options):
    return unpaired_difference(random.normal(TRUTH, 1, 30), random.normal(0, 2, 40), **options)


def test_an_interval_of_people_or_of_samples_covers_the_truth_95_times_in_a_hundred():
    assert 0.91 < covered(of_people) < 0.985
    assert 0.91 < covered(of_samples) < 0.985


def test_to_resample_images_of_people_who_are_alike_promises_too_much():
    assert covered(of_images) < 0.85
    random = np.random.default_rng(2)
    first, second, owners = visits(random)
    whole, apart = (paired_difference(first, second, groups) for groups in (owners, np.arange(len(owners))))
    assert whole.value == apart.value == pytest.approx((first - second).mean())
    assert whole.high - whole.low > 1.3 * (apart.high - apart.low)
    assert (whole.n, apart.n) == (PEOPLE, PEOPLE * VISITS)


def test_few_people_are_covered_too_as_percentiles_go_outwards():
    def of_nine(random, **options):
        return paired_difference(*visits(random, people=9), **options)

    assert covered(of_nine) > 0.91


def test_pairing_narrows_the_interval_where_errors_go_together():
    first, second, _ = visits(np.random.default_rng(3), people=40)
    paired = paired_difference(first, second, np.arange(len(first)))
    unpaired = unpaired_difference(first, second)
    assert paired.value == pytest.approx(unpaired.value)
    assert paired.high - paired.low < 0.3 * (unpaired.high - unpaired.low)


def test_people_with_more_scans_count_more_as_in_the_mean_over_scans():
    people = np.array([0] * 30 + list(range(1, 11)))
    first = np.array([1.0] * 30 + [0.0] * 10)
    found = paired_difference(first, np.zeros(40), people)
    assert found.value == 0.75
    assert found.low == 0


def test_the_interval_is_that_of_the_normal_distribution_where_there_are_many():
    values = np.random.default_rng(4).normal(size=400)
    found = paired_difference(values, np.zeros(400), np.arange(400))
    half = 1.96 * values.std(ddof=1) / 20
    assert found.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_the_seed_decides_and_parts_of_the_draws_do_not(monkeypatch):
    first, second, owners = visits(np.random.default_rng(5))
    found = paired_difference(first, second, owners, seed=7)
    assert paired_difference(first, second, owners, seed=7) == found
    assert paired_difference(first, second, owners, seed=8) != found
    monkeypatch.setattr(mean_difference, "DRAWN_AT_ONCE", 7 * PEOPLE)
    assert paired_difference(first, second, owners, seed=7) == found


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (paired_difference(np.arange(14.0), np.zeros(14), np.arange(14) % 7), "needs 8 people or more, got 7"),
        (paired_difference(np.ones(10), np.zeros(10), np.arange(10)), "the same for every person"),
        (unpaired_difference(np.arange(7.0), np.arange(20.0)), "needs 8 images or more of each run, got 7"),
        (unpaired_difference(np.ones(9), np.zeros(9)), "all alike"),
    ],
)
def test_without_an_honest_interval_the_difference_stands_alone_with_the_reason(found, reason):
    assert found.value is not None
    assert (found.low, found.high) == (None, None)
    assert reason in found.reason


def test_values_of_other_images_cannot_be_paired():
    with pytest.raises(InputError, match="same images, got 9, 8 and 9"):
        paired_difference(np.zeros(9), np.zeros(8), np.arange(9))
