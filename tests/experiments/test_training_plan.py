"""A plan knows what its training scans can be asked for, and tells it of the rows that are read."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from brainlab.cohort.prepared import write_prepared
from brainlab.errors import InputError
from brainlab.experiments import training_plan
from brainlab.experiments.training_plan import Machine, Plan
from brainlab.runs.methods import find_preset


@pytest.fixture
def data(tmp_path):
    scans = pd.DataFrame(
        {
            "participant": list("abcd"),
            "class": ["ms", "healthy", None, "tumour"],
            "age_years": [30.0, 50, 70, 90],
            "split": ["train", "train", "train", "test"],
        }
    )
    recipe = {"name": "made", "shape": [8, 8, 8], "affine": np.eye(4).tolist()}
    return write_prepared(tmp_path / "data", (np.full((8, 8, 8), i / 4, np.float32) for i in range(4)), scans, recipe)


def test_a_batch_tells_what_its_images_show(data):
    small = find_preset("flow-40")[0].small[0]
    plan = Plan.of_preset("flow-40", data, dataclasses.replace(small, conditions=("class", "age_years")))
    assert [each.name for each in plan.config.known] == ["class", "age_years"]
    batch = plan.read(np.array([3, 0, 2]))
    assert batch.image[:, 0, 0, 0, 0].tolist() == pytest.approx([0.75, 0, 0.5], abs=0.01)
    assert batch.condition["class"].tolist() == [0, 2, 0], (
        "no training scan has the first, nothing is known of the last"
    )
    assert batch.condition["age_years"] == pytest.approx(np.array([40, -20, 20]) / np.std([30, 50, 70]))


def test_methods_that_learn_no_conditions_read_what_they_did(data):
    small = find_preset("flow-40")[0].small[0]
    for name, config in (("flow-40", small), ("vae-8", find_preset("vae-8")[0].small[0])):
        plan = Plan.of_preset(name, data, config)
        assert plan.config is config
        assert plan.read(np.array([0])).condition is None


def test_conditions_that_the_data_does_not_tell_are_refused_at_once(data):
    with pytest.raises(InputError, match="fewer of sex; leave it out with --conditions class age_years"):
        Plan.of_preset("flow-40", data)


def test_a_run_is_trained_in_what_its_device_is_quicker_in_unless_told_otherwise(monkeypatch):
    for device, has_gpu, computing, bfloat16, expected in (
        ("cpu", False, "cpu", True, "bf16-mixed"),
        ("cpu", True, "cpu", False, "32"),
        ("auto", False, "cpu", False, "32"),
        ("auto", True, "cuda", True, "bf16-mixed"),
        ("cuda", True, "cuda", False, "32"),
    ):
        asked = []
        monkeypatch.setattr("torch.cuda.is_available", lambda has_gpu=has_gpu: has_gpu)
        monkeypatch.setattr(
            training_plan, "computes_in_bfloat16", lambda name, of=bfloat16, asked=asked: asked.append(name) or of
        )
        assert Machine(device=device).own_precision == expected
        assert asked == [computing]
        for told in training_plan.PRECISIONS:
            assert Machine(device=device, precision=told).own_precision == told
