"""Scores are compared only where runs were measured alike, and what an evaluation leaves out or spoils is undefined."""

import io
import json

import pandas as pd
import pytest

from brainlab.evaluation.scores import COLUMNS, best, long_table, read_scores
from brainlab.files.spreadsheet import csv_text

COMMON = {
    "data": "held-out",
    "data_sha256": "a" * 64,
    "shape": [40, 48, 40],
    "real_scans": 100,
    "generated": 100,
    "seed": 0,
}


def entry(value, better="lower", n=100, **settings):
    return {"value": value, "sd": None, "n": n, "settings": {**COMMON, **settings}, "better": better}


def scores(**runs):
    """Return the scores of runs, each given as an evaluation."""
    return [score for run, evaluation in runs.items() for score in read_scores(run, evaluation).values()]


def test_lower_or_higher_is_better_as_the_registry_says():
    one = {"mse": entry(0.1), "psnr": entry(20.0, "higher"), "isd": entry(1.0, "none")}
    other = {"mse": entry(0.2), "psnr": entry(30.0, "higher"), "isd": entry(2.0, "none")}
    assert best(scores(one=one, other=other)) == {("one", "mse"), ("other", "psnr")}
    assert best(scores(one={"mse": entry(0.1, "higher")}, other={"mse": entry(0.2, "higher")})) == {("one", "mse")}
    assert best(scores(one={"own": entry(1.0, "higher")}, other={"own": entry(2.0, "higher")})) == {("other", "own")}


def test_a_value_without_direction_in_its_evaluation_is_not_ranked():
    invertible = {"mse": entry(0.0, "none", caution="codes lose nothing")}
    one, other = {"mse": entry(0.1)}, {"mse": entry(0.2)}
    assert best(scores(flow=invertible, one=one, other=other)) == {("one", "mse")}


@pytest.mark.parametrize(
    "changed",
    [
        {"data_sha256": "b" * 64},
        {"data_sha256": None},
        {"shape": [40, 48]},
        {"real_scans": 99},
        {"generated": 8},
        {"seed": 1},
        {"voxels": "inside the brain"},
        {"features": "another network"},
    ],
)
def test_runs_that_were_measured_otherwise_are_never_ranked_together(changed):
    alike = {"mse": entry(0.2, voxels="all")}
    apart = {"mse": entry(0.1, **{"voxels": "all"} | changed)}
    assert best(scores(one=alike, other=apart)) == set()
    assert best(scores(one=alike, other=apart, third={"mse": entry(0.3, voxels="all")})) == {("one", "mse")}


@pytest.mark.parametrize(("generated", "ranked"), [(99, False), (100, True), (None, False)])
def test_no_run_is_the_best_on_fewer_than_a_hundred_samples(generated, ranked):
    found = scores(one={"mse": entry(0.2, generated=generated)}, other={"mse": entry(0.1, generated=generated)})
    assert best(found) == ({("other", "mse")} if ranked else set())


def test_another_number_of_images_of_one_metric_is_not_comparable():
    assert best(scores(one={"mse": entry(0.2, n=100)}, other={"mse": entry(0.1, n=50)})) == set()


def test_the_name_of_the_data_does_not_matter_their_hash_does():
    assert best(scores(one={"mse": entry(0.2)}, other={"mse": entry(0.1, data="copied")})) == {("other", "mse")}


def test_two_runs_on_data_without_a_hash_are_not_taken_for_measured_alike():
    assert best(scores(one={"mse": entry(0.2, data_sha256="")}, other={"mse": entry(0.1, data_sha256="")})) == set()


def test_equal_runs_have_no_best_and_two_of_three_may_share_it():
    assert best(scores(one={"mse": entry(0.2)}, other={"mse": entry(0.2)})) == set()
    assert best(scores(one={"mse": entry(0.99991)}, other={"mse": entry(0.99999)})) == set(), "as tables show them"
    shared = scores(one={"mse": entry(0.1)}, other={"mse": entry(0.1)}, third={"mse": entry(0.3)})
    assert best(shared) == {("one", "mse"), ("other", "mse")}


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "0.1", True, [1], 10**400])
def test_what_is_no_finite_number_is_undefined_and_is_not_ranked(value):
    (score,) = scores(odd={"mse": entry(value)})
    assert score.value is None
    assert "needs a finite number, got" in score.undefined
    assert best(scores(odd={"mse": entry(value)}, one={"mse": entry(0.1)}, other={"mse": entry(0.2)})) == {
        ("one", "mse")
    }


def test_an_undefined_value_keeps_its_reason():
    (score,) = scores(gan={"mse": entry(None, n=0, undefined="the run has no encoder")})
    assert (score.value, score.undefined) == (None, "the run has no encoder")


@pytest.mark.parametrize("odd", [{}, {"value": 1.0}, {"value": 1.0, "settings": "none", "n": "many", "better": 3}])
def test_an_entry_that_lacks_all_else_is_read(odd):
    (score,) = scores(odd={"own": odd})
    assert score.better == "none"
    assert (score.n, score.settings) == (None, {})
    assert "unknown number" in str(score.conditions)


def test_scores_are_in_the_order_of_the_registry_with_unknown_ones_last():
    assert list(read_scores("run", {"own": entry(1), "recall": entry(1), "mse": entry(1)})) == ["mse", "recall", "own"]


def test_a_part_of_the_settings_is_a_score_without_direction():
    (score,) = scores(run={"nearest_training_distance": entry(0.1, share_copies=0.02)})
    assert (score.part("share_copies").value, score.part("share_copies").better) == (0.02, "none")
    assert "run 'brainlab evaluate' again" in score.part("share_copies_held_out").undefined
    assert score.part("share_copies").alike != score.alike


def test_the_long_table_comes_back_from_csv():
    wanted = scores(
        one={"mse": {**entry(0.25, undefined_settings='a "quoted", text'), "low": 0.125, "high": 0.5, "sd": 0.0625}},
        other={"mse": entry(None, n=0, undefined="why; not, known")},
    )
    back = pd.read_csv(io.StringIO(csv_text(long_table(wanted))))
    assert tuple(back.columns) == COLUMNS
    first, second = back.to_dict("records")
    assert [first[name] for name in ("run", "data", "metric", "value", "sd", "low", "high", "n", "better")] == [
        *("one", "held-out", "mse", 0.25, 0.0625, 0.125, 0.5, 100, "lower")
    ]
    assert json.loads(first["settings"]) == wanted[0].settings
    assert pd.isna(second["value"])
    assert json.loads(second["settings"])["undefined"] == "why; not, known"
