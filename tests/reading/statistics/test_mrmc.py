"""Means over readers, and what each of their intervals generalises to."""

import numpy as np
import pandas as pd
import pytest

from brainlab.measures.accuracy import roc_area, stratified_share
from brainlab.reading.statistics.answers import Answers
from brainlab.reading.statistics.mrmc import (
    beyond_these_readers,
    mean_accuracy,
    mean_roc_area,
    reader_means,
)


def readings(readers: int, cases: int = 60, seed: int = 0, **columns) -> pd.DataFrame:
    """Answers of readers who are right four times out of five."""
    rng = np.random.default_rng(seed)
    truth = np.where(np.arange(cases) < cases // 3, "real", "fake")
    rows = []
    for reader in range(readers):
        right = rng.random(cases) < 0.8
        other = np.where(truth == "real", "fake", "real")
        rows.append(
            pd.DataFrame(
                {
                    "reader": f"R{reader}",
                    "case": [f"{case:02d}" for case in range(cases)],
                    "answer": np.where(right, truth, other),
                    "confidence": rng.integers(1, 6, cases),
                    "truth": truth,
                    "source": np.where(truth == "real", "people", np.where(np.arange(cases) % 2, "vae", "gan")),
                    **columns,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def test_one_reader_repeated_is_one_reader_on_these_cases():
    correct = (np.random.default_rng(0).random((50, 1)) < 0.7).astype(float)
    once, thrice = mean_accuracy(correct), mean_accuracy(np.repeat(correct, 3, axis=1))
    assert thrice.value == pytest.approx(once.value)
    assert thrice.these_readers.high - thrice.these_readers.low == pytest.approx(
        once.these_readers.high - once.these_readers.low, rel=0.02
    )
    single = stratified_share([(int(correct.sum()), 50)])
    assert once.these_readers.low == pytest.approx(single.low, abs=0.01)


def test_pooling_readers_as_if_independent_would_be_far_too_narrow():
    # Three readers who always say the same know no more than one of them.
    correct = np.repeat((np.random.default_rng(1).random((90, 1)) < 0.6).astype(float), 3, axis=1)
    honest = mean_accuracy(correct).these_readers
    pooled = stratified_share([(int(correct.sum()), correct.size)])
    assert honest.high - honest.low > 1.6 * (pooled.high - pooled.low)


def test_readers_at_large_are_never_known_better_than_these_readers():
    rng = np.random.default_rng(2)
    for readers in (2, 3, 6):
        correct = (rng.random((80, readers)) < 0.75).astype(float)
        mean = mean_accuracy(correct, np.repeat([0, 1], 40))
        wide, narrow = mean.other_readers, mean.these_readers
        assert wide.high - wide.low > 0.95 * (narrow.high - narrow.low)
        assert wide.low <= mean.value <= wide.high


def test_readers_who_differ_widen_the_interval_for_other_readers_only():
    rng = np.random.default_rng(3)
    alike = (rng.random((100, 4)) < 0.7).astype(float)
    apart = (rng.random((100, 4)) < [0.45, 0.6, 0.8, 0.95]).astype(float)
    first, second = mean_accuracy(alike), mean_accuracy(apart)
    width = [[e.high - e.low for e in (mean.these_readers, mean.other_readers)] for mean in (first, second)]
    assert width[1][0] < width[0][0] * 1.1
    assert width[1][1] > width[0][1] * 2


def test_mean_roc_area_is_the_mean_of_the_readers_areas():
    rng = np.random.default_rng(4)
    real = np.arange(60) < 20
    scores = rng.normal(size=(60, 3)) + 0.8 * real[:, None]
    mean = mean_roc_area(scores, real, np.where(real, 0, 1 + np.arange(60) % 2))
    assert mean.value == pytest.approx(np.mean([roc_area(column[real], column[~real]).value for column in scores.T]))
    alone = mean_roc_area(scores[:, :1], real)
    single = roc_area(scores[real, 0], scores[~real, 0])
    assert (alone.these_readers.low, alone.these_readers.high) == pytest.approx((single.low, single.high))
    assert alone.other_readers.low is None
    assert "one reader" in alone.other_readers.reason


def test_undefined_is_said_with_its_reason():
    assert mean_accuracy(np.zeros((0, 2))).other_readers.reason.startswith("undefined")
    assert mean_roc_area(np.zeros((3, 2)), np.ones(3, dtype=bool)).these_readers.reason.startswith("undefined")
    same = beyond_these_readers(np.array([1.0, 1.0]), np.zeros((2, 2)), 10)
    assert (same.low, same.reason) == (None, "no interval: neither readers nor cases differ")


def test_a_case_that_one_reader_left_out_counts_for_the_others():
    frame = readings(3)
    frame.loc[frame["case"] == "07", "answer"] = [None, "real", "real"]
    frame.loc[frame["case"] == "08", "confidence"] = np.nan
    means = reader_means(Answers.from_frame(frame))
    assert (means["accuracy"]["n"], means["auc"]["n"]) == (60, 59)
    given = frame[frame["answer"].notna()]
    own = (given["answer"] == given["truth"]).groupby(given["reader"]).mean()
    assert means["accuracy"]["value"] == pytest.approx(own.mean())
    assert means["accuracy"]["readers"] == 3
    assert "3 readers" in means["accuracy"]["caution"]
    six = reader_means(Answers.from_frame(readings(6)))
    assert six["accuracy"]["caution"] is None


def test_no_means_without_truth_or_with_one_reader():
    assert reader_means(Answers.from_frame(readings(1))) is None
    assert reader_means(Answers.from_frame(readings(2).drop(columns="truth"))) is None
    assert "auc" not in reader_means(Answers.from_frame(readings(2).drop(columns="confidence")))
