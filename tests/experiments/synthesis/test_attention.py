"""Attention of a linear model in closed form: weights of inputs times weights of regions."""

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.experiments.synthesis.attention import attention_of_row, focus
from brainlab.experiments.training import train
from brainlab.experiments.translator_checks import noise_of_sequences
from brainlab.methods.method import Schedule
from brainlab.runs.run import load_run
from brainlab.translation.fcn import FCNConfig
from brainlab.translation.linear import LinearConfig

SEQUENCES = {"inputs": ("T1w", "T2w"), "target": "FLAIR", "patch": (8, 8, 8)}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return noise_of_sequences(LinearConfig(**SEQUENCES), tmp_path_factory.mktemp("attention") / "data", 4)


def run_of(data, folder, error):
    """Return a perceptron of each voxel: its gradient at a voxel is that of its own difference alone."""
    config = FCNConfig(kernel=1, last_kernel=1, depth=1, filters=3, error=error, **SEQUENCES)
    train("flair-mlp", data, folder, config=config, schedule=Schedule(epochs=1, batch_size=8))
    return load_run(folder)


def test_it_is_the_gradient_of_the_error_that_the_run_learned_with(data, tmp_path):
    """Of one voxel's network, maps by two errors differ by the weights of the voxels' regions and nothing else."""
    run = run_of(data, tmp_path / "run", "l1")
    plain = attention_of_row(run, data, 1)
    object.__setattr__(run.config, "error", "weighted-l1")
    weighted = attention_of_row(run, data, 1)
    labels = np.asarray(data.segmentations[1])  # 0, 1 and 2: other, white matter, lesion
    voxels = labels.size
    known = plain > plain.max() * 1e-3
    for label in range(3):
        here = known & (labels == label)
        weight = voxels / (labels == label).sum()  # 1 / N_r in place of 1 / M
        np.testing.assert_allclose(weighted[here] / plain[here], weight, rtol=1e-3)
    assert plain.shape == data.shape
    assert plain.min() >= 0


def test_what_has_no_such_error_is_refused(data, tmp_path):
    train("flair-linear", data, tmp_path / "linear", config=LinearConfig(kernel=1, **SEQUENCES))
    with pytest.raises(InputError, match="linear: needs a run that minimised one of mse, l1, weighted-l1, nwl1"):
        attention_of_row(load_run(tmp_path / "linear"), data, 0)


def test_focus_is_a_ratio_of_means():
    attention = np.array([4.0, 4.0, 1.0, 1.0, 0.0, 0.0], np.float32)
    lesion, brain = np.array([True, True, *[False] * 4]), np.array([True] * 4 + [False] * 2)
    assert focus(attention, lesion, brain) == pytest.approx(4 / 2.5)
    assert focus(attention, ~brain, brain) == 0
    assert focus(attention, np.zeros(6, bool), brain) is None
    assert focus(np.zeros(6, np.float32), lesion, brain) is None
