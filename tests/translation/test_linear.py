"""The linear model is least squares over all voxels: it finds what is linear, and nothing does better on average."""

import numpy as np
import pytest
import torch
from torch.nn.functional import conv3d, pad

from brainlab.cohort.views import Batch
from brainlab.methods.recipe import Progress
from brainlab.translation.linear import METHOD, LinearConfig


def fitted(batches, **settings):
    recipe = METHOD.recipe(LinearConfig(inputs=("T1w", "T2w"), **settings))
    for at, batch in enumerate(batches):
        recipe.step(batch, Progress(at, len(batches), len(batches)))
    return recipe


def test_a_linear_filter_is_found():
    torch.manual_seed(0)
    kernel = torch.randn(1, 2, 3, 3, 3)
    xs = [torch.randn(1, 2, 10, 10, 10) for _ in range(3)]
    batches = [Batch(x, target=conv3d(pad(x, [1] * 6, mode="replicate"), kernel) + 0.5) for x in xs]
    weights = fitted(batches, ridge=0.0).generator.weights
    assert torch.allclose(weights.weight, kernel, atol=1e-4)
    assert weights.bias.item() == pytest.approx(0.5, abs=1e-4)


def test_it_is_numpys_least_squares():
    torch.manual_seed(0)
    xs = [torch.randn(1, 2, 6, 6, 6) for _ in range(2)]
    batches = [Batch(x, target=x.square().sum(1, keepdim=True)) for x in xs]
    weights = fitted(batches, kernel=1, ridge=0.0).generator.weights
    rows = np.concatenate([np.append(x[0].flatten(1).numpy(), np.ones((1, 216)), axis=0).T for x in xs])
    truth = np.concatenate([batch.target.flatten().numpy() for batch in batches])
    found = np.linalg.lstsq(rows, truth, rcond=None)[0]
    assert weights.weight.flatten().tolist() == pytest.approx(found[:2].tolist(), abs=1e-4)
    assert weights.bias.item() == pytest.approx(found[2], abs=1e-4)


def test_within_the_brain_it_is_least_squares_of_the_brain_alone():
    torch.manual_seed(0)
    x = torch.randn(1, 2, 8, 8, 8)
    brain = torch.zeros(1, 1, 8, 8, 8, dtype=torch.bool)
    brain[..., 2:6, 1:7, 3:5] = True
    inside, outside = x[:, :1] - 2 * x[:, 1:] + 3, 50 * x[:, 1:].square()
    batch = Batch(x, target=torch.where(brain, inside, outside), brain=brain)
    weights = fitted([batch], kernel=1, ridge=0.0).generator.weights
    assert weights.weight.flatten().tolist() == pytest.approx([1, -2], abs=1e-4)
    assert weights.bias.item() == pytest.approx(3, abs=1e-4)


def test_the_same_voxels_are_counted_once():
    torch.manual_seed(0)
    x = torch.randn(1, 2, 6, 6, 6)
    batch = Batch(x, target=x[:, :1])
    recipe = METHOD.recipe(LinearConfig(inputs=("T1w", "T2w")))
    recipe.step(batch, Progress(0, 2, 1))
    before = recipe.squares.clone()
    recipe.step(batch, Progress(1, 2, 1))
    assert torch.equal(recipe.squares, before)


def test_inputs_that_are_the_same_are_no_failure():
    x = torch.ones(1, 2, 6, 6, 6)
    weights = fitted([Batch(x, target=x[:, :1])], ridge=0.0).generator.weights
    assert torch.isfinite(weights.weight).all()
