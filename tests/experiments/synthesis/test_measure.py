"""What is measured of synthesised scans, against closed forms; and that each scan's value can be compared."""

import dataclasses

import numpy as np
import pytest

from brainlab.experiments.evaluation.compare_runs import compare_runs
from brainlab.experiments.evaluation.run_metrics import evaluate_run
from brainlab.experiments.synthesis.measure import BETTER, measure_image, measure_translations
from brainlab.experiments.training import train
from brainlab.experiments.translator_checks import noise_of_sequences
from brainlab.images.regions import LESION, NAWM
from brainlab.runs.evaluation_values import read_values
from brainlab.runs.passes.passes import Passes
from brainlab.runs.run import load_run
from brainlab.translation.linear import LinearConfig

CONFIG = LinearConfig(inputs=("T1w", "T2w"), target="FLAIR", kernel=1, patch=(16, 16, 16))
MEAN, SPREAD = 100.0, 20.0
"""Of each sequence before it became z-scores."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return noise_of_sequences(CONFIG, tmp_path_factory.mktemp("measure") / "prepared", 40)


def truth_of(data, row: int) -> np.ndarray:
    return data.batch(np.array([row]))[0, 2]


def test_an_image_that_is_off_by_a_constant_has_the_errors_of_it(data):
    row = data.scans["class"].tolist().index("ms")
    found = measure_image(data, row, "FLAIR", truth_of(data, row) + np.float32(0.5))
    assert found["mse"] == pytest.approx(0.25, rel=1e-5)
    assert found["mse_in_units"] == pytest.approx(0.25 * SPREAD**2, rel=1e-5)
    for name in ("discrepancy_lesions", "discrepancy_white_of_patients"):
        assert found[name] == pytest.approx(0.5 * SPREAD, rel=1e-4)
    assert found["mean_lesions"] - found["mean_lesions_real"] == pytest.approx(0.5 * SPREAD, rel=1e-4)
    assert found["blur_ratio"] == pytest.approx(1, rel=1e-4)
    assert list(found) == list(BETTER)


def test_only_the_brain_counts(data):
    made = truth_of(data, 0).copy()
    outside = np.asarray(data.segmentations[0]) == 0
    assert outside.any()
    made[outside] += 100
    found = measure_image(data, 0, "FLAIR", made)
    assert found["mse"] == 0
    assert found["ssim"] == pytest.approx(1), "its windows reach beyond the brain"
    assert found == measure_image(data, 0, "FLAIR", truth_of(data, 0))


def test_white_matter_of_controls_and_of_patients_stands_apart(data):
    classes = data.scans["class"].tolist()
    for row, own, other in (
        (classes.index("healthy"), "controls", "patients"),
        (classes.index("ms"), "patients", "controls"),
    ):
        found = measure_image(data, row, "FLAIR", truth_of(data, row))
        assert found[f"discrepancy_white_of_{own}"] == 0
        assert found[f"discrepancy_white_of_{other}"] is None
        assert (found["discrepancy_lesions"] is None) == (own == "controls"), "lesions of age are not those of patients"


def test_a_lesion_that_is_not_drawn_costs_contrast_and_nothing_else(data):
    labels = np.full((1, *data.shape), 1, np.uint8)
    labels[0, :4] = 2
    one = dataclasses.replace(data, segmentations=np.repeat(labels, len(data), 0))
    volumes = np.zeros((len(data), 3, *data.shape), np.float32)
    volumes[:, 2, :4] = 2.0
    one = dataclasses.replace(one, volumes=volumes)
    row = data.scans["class"].tolist().index("ms")
    found = measure_image(one, row, "FLAIR", np.zeros(data.shape, np.float32))
    assert found["lesion_contrast"] == pytest.approx(1)
    assert found["lesion_contrast_real"] == pytest.approx((MEAN + 2 * SPREAD) / MEAN)
    assert found["discrepancy_lesions"] == pytest.approx(2 * SPREAD)
    assert found["lesion_dice"] is None, "white matter that is all alike has no spread to find lesions by"
    assert (LESION, NAWM) == (2, 1), "the labels of the fixture"


def test_two_translators_are_compared_scan_by_scan(data, tmp_path):
    runs = []
    for name, inputs in (("both", ("T1w", "T2w")), ("one", ("T1w",))):
        train("flair-linear", data, tmp_path / name, config=dataclasses.replace(CONFIG, inputs=inputs))
        runs.append(load_run(tmp_path / name))
        evaluation = evaluate_run(runs[-1], data)
        assert evaluation["mse"]["low"] < evaluation["mse"]["value"] < evaluation["mse"]["high"]
        values = read_values(runs[-1])
        assert values.parts["mse"].values.mean() == pytest.approx(evaluation["mse"]["value"])
        assert len(values.people) == evaluation["mse"]["n"] == 10
    found = {one.metric: one for one in compare_runs(*runs).differences}
    assert found["mse"].lead == "run"
    assert found["mse"].people == 10
    assert found["mse_of_mean"].lead is None


def test_measures_are_of_whom_the_run_was_not_trained_on(data, tmp_path):
    train("flair-linear", data, tmp_path / "run", config=CONFIG)
    _, values = measure_translations(Passes(load_run(tmp_path / "run")), data, 100)
    assert set(data.scans["split"].iloc[values.rows]) == {"test"}
