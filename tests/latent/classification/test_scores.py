import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from brainlab.latent.classification.scores import accuracy_difference, score, wilson
from brainlab.latent.published import NAMED_DIMENSIONS, TABLE_1, TABLE_2, table_1_proportions


def simple(predicted, participants=None):
    truth = ["a", "a", "a", "b", "b", "c"]
    return score(truth, predicted, participants or list("uvwxyz"), ["a", "b", "c"])


def test_counts_are_one_class_against_the_rest():
    table = simple(["a", "a", "b", "b", "c", "c"]).per_class()
    assert {key: table["a"][key] for key in ("fp", "fn", "tp", "tn")} == {"fp": 0, "fn": 1, "tp": 2, "tn": 3}
    assert {key: table["c"][key] for key in ("fp", "fn", "tp", "tn")} == {"fp": 1, "fn": 0, "tp": 1, "tn": 4}
    assert table["c"]["precision"] == 0.5
    assert table["c"]["precision_interval"] == pytest.approx(proportion_confint(1, 2, method="wilson"))
    assert table["c"]["recall_interval"] == pytest.approx(proportion_confint(1, 1, method="wilson"))
    assert table["b"]["recall"] == 0.5


def test_precision_is_undefined_where_nothing_was_predicted():
    row = simple(["a"] * 6).per_class()["c"]
    assert row["precision"] is None
    assert row["precision_interval"] is None
    assert row["recall"] == 0


def test_balanced_accuracy_is_mean_recall():
    scores = simple(["a", "a", "b", "b", "c", "c"])
    assert scores.accuracy == pytest.approx(4 / 6)
    assert scores.balanced_accuracy == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)


def test_classes_that_do_not_occur_are_left_out_of_balanced_accuracy():
    scores = score(["a", "a", "b"], ["a", "c", "b"], list("uvw"), ["a", "b", "c"])
    assert scores.balanced_accuracy == pytest.approx((1 / 2 + 1) / 2)


def test_the_papers_own_table_is_consistent():
    for row in TABLE_2.values():
        assert row["fp"] + row["fn"] + row["tp"] + row["tn"] == 572
        assert row["recall"] == pytest.approx(row["tp"] / (row["tp"] + row["fn"]), abs=0.006)
        assert row["precision"] == pytest.approx(row["tp"] / (row["tp"] + row["fp"]), abs=0.006)
    assert sum(row["scans"] for row in TABLE_1.values()) == 5404
    assert table_1_proportions() == pytest.approx({name: row["scans"] / 5404 for name, row in TABLE_1.items()})
    named = {number: (row["name"], row["covariate"]) for number, row in NAMED_DIMENSIONS.items()}
    assert named[175] == ("lateral ventricles", "ventricle_volume_ml")
    assert named[76] == ("overall intensity", "mean_intensity")


def test_wilson_interval_is_that_of_statsmodels():
    assert wilson(7, 10) == pytest.approx(proportion_confint(7, 10, method="wilson"))
    assert wilson(0, 0) is None


def test_precision_at_the_proportions_at_hand_is_the_precision():
    scores = simple(["a", "a", "b", "b", "c", "c"])
    at_hand = scores.precision_at({"a": 3 / 6, "b": 2 / 6, "c": 1 / 6})
    for name, row in scores.per_class().items():
        assert at_hand[name] == pytest.approx(row["precision"])


def test_precision_falls_when_a_class_is_rarer_than_in_the_test():
    truth, predicted = ["a"] * 10 + ["b"] * 10, ["a"] * 9 + ["b"] + ["b"] * 9 + ["a"]
    scores = score(truth, predicted, [str(i) for i in range(20)], ["a", "b"])
    # 0.1 * 0.9 true a against 0.9 * 0.1 false ones
    assert scores.precision_at({"a": 0.1, "b": 0.9})["a"] == pytest.approx(0.5)


def test_intervals_widen_when_scans_belong_to_few_people():
    rng = np.random.default_rng(0)
    truth = ["a", "b"] * 100
    wrong = np.repeat(rng.random(20) < 0.3, 10)
    predicted = [t if not w else {"a": "b", "b": "a"}[t] for t, w in zip(truth, wrong, strict=True)]
    clustered = score(truth, predicted, np.repeat(np.arange(20).astype(str), 10), ["a", "b"]).intervals()["accuracy"]
    independent = score(truth, predicted, np.arange(200).astype(str), ["a", "b"]).intervals()["accuracy"]
    assert clustered[1] - clustered[0] > 1.5 * (independent[1] - independent[0])


def test_a_predictor_does_not_differ_from_itself():
    scores = simple(["a", "a", "b", "b", "c", "c"])
    assert accuracy_difference(scores, scores) == {"balanced_accuracy": 0.0, "interval": (0.0, 0.0)}


def test_intervals_of_many_people_are_those_of_a_proportion():
    wrong = np.random.default_rng(0).random(400) < 0.3
    truth = ["a", "b"] * 200
    predicted = [t if not w else {"a": "b", "b": "a"}[t] for t, w in zip(truth, wrong, strict=True)]
    found = score(truth, predicted, np.arange(400).astype(str), ["a", "b"]).intervals()
    expected = proportion_confint(int((~wrong).sum()), 400, method="normal")
    assert found["accuracy"] == pytest.approx(expected, abs=0.004)
    assert found["balanced_accuracy"] == pytest.approx(expected, abs=0.01)


def test_intervals_of_balanced_accuracy_are_around_mean_recall():
    # All b are missed: recall 1 and 0, while precision is undefined for b.
    scores = score(["a"] * 90 + ["b"] * 10, ["a"] * 100, np.arange(100).astype(str), ["a", "b"])
    assert scores.intervals()["balanced_accuracy"] == pytest.approx((0.5, 0.5))


def test_the_better_predictor_is_ahead():
    truth, people = ["a", "b"] * 20, np.arange(40).astype(str)
    better, worse = (score(truth, [*truth[:right], *["a"] * (40 - right)], people, ["a", "b"]) for right in (40, 10))
    difference = accuracy_difference(better, worse)
    assert difference["balanced_accuracy"] == pytest.approx(better.balanced_accuracy - worse.balanced_accuracy)
    assert difference["interval"][0] > 0
