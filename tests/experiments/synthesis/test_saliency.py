"""Saliency of whole scans: the gradient of what `translate` makes of them, in closed form and by finite differences."""

import numpy as np
import pytest
import torch

from brainlab.errors import InputError
from brainlab.experiments.synthesis.patchwise import translate
from brainlab.experiments.synthesis.saliency import saliency, saliency_of_row
from brainlab.experiments.training import train
from brainlab.experiments.translator_checks import SIDE, noise_of_sequences
from brainlab.methods.method import Schedule
from brainlab.runs.run import load_run
from brainlab.translation.fcn import FCNConfig
from brainlab.translation.linear import LinearConfig

SEQUENCES = {"inputs": ("T1w", "T2w"), "target": "FLAIR", "patch": (8, 8, 8)}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Sequences of noise, a linear model of each voxel and a small network, both in patches of half the scans' side."""
    place = tmp_path_factory.mktemp("saliency")
    data = noise_of_sequences(LinearConfig(**SEQUENCES), place / "data", 4)
    train("flair-linear", data, place / "linear", config=LinearConfig(kernel=1, **SEQUENCES))
    network = FCNConfig(depth=1, filters=4, **SEQUENCES)
    train("flair-fcn-small", data, place / "fcn", config=network, schedule=Schedule(epochs=1, batch_size=8))
    return data, load_run(place / "linear"), load_run(place / "fcn")


def scan(data, row=0):
    *inputs, truth = data.batch(np.array([row]))[0]
    return np.stack(inputs), truth


def test_of_a_linear_model_it_is_the_residual_times_the_weights(made):
    data, linear, _ = made
    images, truth = scan(data)
    truth = truth + np.linspace(-1, 1, truth.size, dtype=np.float32).reshape(truth.shape)
    found = saliency(linear, images, truth)
    weights = linear.model().weights.weight.detach().abs().numpy().reshape(2, 1, 1, 1)
    residual = translate(linear, images) - truth
    np.testing.assert_allclose(found.maps, weights * np.abs(residual) / np.linalg.norm(residual), atol=1e-6)
    np.testing.assert_allclose(found.contributions, (weights / weights.sum()).ravel(), rtol=1e-4)
    assert found.of == "error"


@pytest.mark.parametrize("known", [True, False])
def test_it_is_the_gradient_of_the_whole_blended_scan(made, known):
    """By central differences, at a voxel of one patch, and where two and eight overlap."""
    data, _, network = made
    images, truth = scan(data)
    found = saliency(network, images, truth if known else None)
    for place in ((0, 1, 1, 1), (1, 7, 3, 3), (0, 7, 7, 7)):
        step = np.zeros_like(images)
        step[place] = 0.05
        ends = [translate(network, images + sign * step).astype(np.float64) for sign in (1, -1)]
        further, nearer = (np.linalg.norm(truth - end if known else end) for end in ends)
        assert found.maps[place] == pytest.approx(abs(further - nearer) / 0.1, rel=0.05, abs=2e-4)
    assert found.of == ("error" if known else "output")


def test_no_patch_keeps_the_maps_of_the_network(made):
    data, _, network = made
    images, truth = scan(data)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x.nelement()) or x, lambda x: x):
        saliency(network, images, truth)
    assert sum(kept) < 10 * images.size, "6 times as many numbers as the inputs have; 21 times with 4 maps a patch"


def test_shares_are_counted_over_the_brain_and_by_the_truth_of_the_row(made):
    data, _, network = made
    images, truth = scan(data, 2)
    found = saliency_of_row(network, data, 2)
    brain = np.asarray(data.segmentations[2]) > 0
    assert 0 < brain.mean() < 1
    np.testing.assert_array_equal(found.maps, saliency(network, images, truth).maps)
    inside = found.maps[:, brain].sum(axis=1, dtype=np.float64)
    assert found.contributions == pytest.approx(tuple(inside / inside.sum()))
    assert found.contributions != pytest.approx(saliency(network, images, truth).contributions, rel=1e-4)


def test_what_does_not_fit_is_refused(made):
    data, linear, _ = made
    images, truth = scan(data)
    with pytest.raises(InputError, match="needs volumes of T1w, T2w"):
        saliency(linear, images[:1], truth)
    with pytest.raises(InputError, match="true target of finite numbers"):
        saliency(linear, images, np.full((SIDE,) * 3, np.nan, np.float32))
    with pytest.raises(InputError, match="truth of the prediction's shape"):
        saliency(linear, images, truth[:4])
