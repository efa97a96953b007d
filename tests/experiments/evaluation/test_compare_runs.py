"""Two runs are compared where they were measured alike, scan by scan and person by person, and nowhere else."""

import json
import shutil

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.evaluation.measurement import Parts
from brainlab.experiments.evaluation.compare_runs import NO_MEAN, NO_VALUES, SHARED, compare_runs
from brainlab.measures.mean_difference import paired_difference, unpaired_difference
from brainlab.runs.evaluation_values import EvaluationValues, write_values
from brainlab.runs.run import load_run

SCANS, SAMPLES = 40, 30
COMMON = {"data": "held-out", "data_sha256": "a" * 64, "shape": [4, 4], "real_scans": SCANS, "generated": SAMPLES}
PEOPLE = np.repeat(np.arange(20), 2)
RANDOM = np.random.default_rng(0)
HARD = RANDOM.random(SCANS)
WAYS = {"mse": "lower", "ssim": "higher", "recall": "higher"}


def entry(name, value, n, **settings):
    shared = {**COMMON, "seed": 0, "voxels": "all", **settings}
    return {"value": value, "sd": None, "n": n, "settings": shared, "better": WAYS.get(name, "none")}


@pytest.fixture
def write(tiny_workspace, tmp_path):
    """Return what makes an evaluated run: errors of its scans, sharpness of its samples, and what else is changed."""

    def add(name, errors, sharpness, rows=None, values=True, drop=(), **settings):
        folder = tmp_path / name
        shutil.copytree(tiny_workspace / "runs" / "tiny-vae", folder)
        few = np.arange(0, SCANS, 4)
        found = {
            "mse": entry("mse", float(errors.mean()), SCANS, **settings),
            "ssim": entry("ssim", float(1 - errors[few].mean()), len(few), **settings),
            "sharpness_real": entry("sharpness_real", 3.0, SCANS, **settings),
            "sharpness_generated": entry("sharpness_generated", float(sharpness.mean()), len(sharpness), **settings),
            "recall": entry("recall", 0.5, SAMPLES, **settings),
            "minimum_isd": entry("minimum_isd", 0.5, SAMPLES, **settings),
            "frechet_distance": entry("frechet_distance", None, 0, undefined="it comes later", **settings),
        }
        (folder / "evaluation.json").write_text(
            json.dumps({n: one for n, one in found.items() if n not in drop}), encoding="utf-8"
        )
        run = load_run(folder)
        if values:
            parts = {
                "mse": Parts(errors, "real"),
                "ssim": Parts(1 - errors[few], "real", few),
                "sharpness_generated": Parts(sharpness, "generated"),
            }
            kept = EvaluationValues(np.arange(SCANS) if rows is None else rows, PEOPLE, parts)
            write_values(run.evaluation_file, kept)
        return run

    return add


def by_metric(run, other, **options):
    return {one.metric: one for one in compare_runs(run, other, **options).differences}


@pytest.fixture
def runs(write):
    """Make two runs, of which the first errs a little more on every scan."""
    noise = 0.01 * RANDOM.random(SCANS)
    return write("one", HARD + 0.02 + noise, RANDOM.random(SAMPLES)), write("two", HARD, 1 + RANDOM.random(SAMPLES))


def test_errors_are_paired_by_scan_and_people_resampled(runs):
    found = by_metric(*runs)["mse"]
    assert 0.02 < found.low < found.difference < found.high < 0.03, "though scans differ by 1 among themselves"
    assert (found.n, found.people, found.lead, found.reason) == (SCANS, 20, "other", None)


def test_a_metric_of_some_scans_takes_their_people(runs):
    found = by_metric(*runs)["ssim"]
    assert (found.n, found.people, found.lead) == (10, 10, "other")
    assert found.difference == pytest.approx(found.value - found.other)


def test_samples_of_two_runs_are_no_pairs(write):
    values = [RANDOM.random(SAMPLES), RANDOM.random(SAMPLES)]
    found = by_metric(*(write(name, HARD, one) for name, one in zip(("one", "two"), values, strict=True)), seed=3)
    wanted = unpaired_difference(*values, seed=3)
    one = found["sharpness_generated"]
    assert (one.difference, one.low, one.high, one.people) == (wanted.value, wanted.low, wanted.high, None)
    assert one.lead is None, "neither way is better"


def test_exchanged_runs_give_the_opposite(runs):
    there, back = by_metric(*runs)["mse"], by_metric(*reversed(runs))["mse"]
    assert back.difference == pytest.approx(-there.difference)
    assert (there.lead, back.lead) == ("other", "run")


def test_a_lead_within_chance_is_none(write):
    first, second = (HARD + 0.1 * RANDOM.normal(size=SCANS) for _ in range(2))
    found = by_metric(write("one", first, HARD), write("two", second, HARD))["mse"]
    assert found.low < 0 < found.high
    assert found.lead is None
    assert found.difference == paired_difference(first, second, PEOPLE).value


def test_what_has_no_interval_or_no_difference_says_why(runs):
    found = by_metric(*runs)
    assert (found["sharpness_real"].difference, found["sharpness_real"].reason) == (None, SHARED)
    for name in ("recall", "minimum_isd"):
        assert (found[name].difference, found[name].low, found[name].reason) == (0, None, NO_MEAN)
    assert found["frechet_distance"].reason == "undefined: it comes later"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"data_sha256": "b" * 64, "data": "elsewhere"}, "measured on other data: held-out and elsewhere"),
        ({"generated": 8}, "measured on other images: 40 real and 30 generated"),
        ({"seed": 1}, "seed 0, and 40 real"),
        ({"voxels": "inside the brain"}, "measured with other settings of the metric"),
        ({"rows": np.arange(1, SCANS + 1)}, "measured on other scans of the same data"),
    ],
)
def test_runs_measured_apart_have_no_difference(write, changed, reason):
    found = by_metric(write("one", HARD, HARD), write("two", HARD, HARD, **changed))["mse"]
    assert found.difference is None
    assert reason in found.reason


def test_a_run_evaluated_by_an_earlier_version_has_differences_without_intervals(write):
    found = compare_runs(write("one", HARD, HARD, values=False), write("two", HARD + 1, HARD))
    (gap,) = found.gaps
    assert "one/evaluation_values.npz: needs the values of single images" in gap
    mse = found.differences[0]
    assert (mse.difference, mse.low, mse.reason) == (pytest.approx(-1), None, NO_VALUES)


def test_metrics_that_one_run_lacks_are_left_out(write):
    found = by_metric(write("one", HARD, HARD), write("two", HARD, HARD, drop=("mse", "recall")))
    assert not {"mse", "recall"} & set(found)
    assert found["ssim"].difference == 0


def test_other_weights_than_were_evaluated_are_refused(write):
    one, since = write("one", HARD, HARD), write("since", HARD, HARD, run_sha256="c" * 64)
    with pytest.raises(InputError, match="since: was trained on since it was evaluated"):
        compare_runs(one, since)
    (one.folder / "evaluation.json").unlink()
    with pytest.raises(InputError, match="one: needs an evaluation, got none"):
        compare_runs(one, since)


def test_real_scans_of_other_data_are_not_shared(write):
    one, other = (write(name, HARD, HARD, data=name, data_sha256=name) for name in ("one", "two"))
    assert by_metric(one, other)["sharpness_real"].reason != SHARED
    assert "one and two" in by_metric(one, other)["sharpness_real"].reason
