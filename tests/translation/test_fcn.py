"""The 3D FCN has the thesis' parameters, keeps sides, and learns; so does its perceptron."""

import numpy as np
import pytest
import torch

from brainlab.cohort.views import Batch
from brainlab.errors import InputError
from brainlab.methods.recipe import Progress
from brainlab.runs.methods import find_preset
from brainlab.translation.fcn import FCN, METHOD, FCNConfig

SMALL = FCNConfig(inputs=("T1w", "T2w"), depth=1, filters=4, learning_rate=0.02, cosine=False)


def parameters(network):
    return sum(weights.numel() for weights in network.parameters())


@pytest.mark.parametrize(("filters", "count"), [(32, 60_577), (64, 231_745), (96, 513_505)])
def test_parameters_are_those_of_the_thesis(filters, count):
    """Table 2.1: 60.6 K and 513.5 K; at 64 it prints 213.7 K, two digits of 231.7 K in the wrong order."""
    method, preset = find_preset("flair-fcn" if filters == 64 else f"flair-fcn-{filters}")
    assert parameters(method.network(preset.config)) == count


def test_a_voxel_depends_on_its_neighbourhood_alone():
    torch.manual_seed(0)
    network = FCN(FCNConfig(inputs=("T1w",), depth=3, filters=4))
    x = torch.randn(1, 1, 15, 15, 15, requires_grad=True)
    network(x)[0, 0, 7, 7, 7].backward()
    reach = (x.grad[0, 0] != 0).nonzero()
    assert (reach.min(), reach.max()) == (7 - 4, 7 + 4)
    perceptron = FCN(FCNConfig(inputs=("T1w",), depth=2, filters=8, kernel=1, last_kernel=1))
    x.grad = None
    perceptron(x)[0, 0, 7, 7, 7].backward()
    assert (x.grad[0, 0] != 0).nonzero().tolist() == [[7, 7, 7]]


@pytest.mark.parametrize("error", ["mse", "l1", "weighted-l1", "nwl1"])
def test_it_learns_by_every_error(error):
    torch.manual_seed(0)
    recipe = METHOD.recipe(FCNConfig(**vars(SMALL) | {"error": error}))
    x = torch.randn(2, 2, 8, 8, 8)
    batch = Batch(x, target=x.mean(1, keepdim=True), regions=torch.randint(0, 3, (2, 1, 8, 8, 8)))
    losses = [recipe.step(batch, Progress(at, 60, 60))["loss"] for at in range(60)]
    assert losses[-1] < 0.3 * losses[0]


def test_an_error_by_region_needs_regions():
    recipe = METHOD.recipe(FCNConfig(**vars(SMALL) | {"error": "nwl1"}))
    x = torch.zeros(1, 2, 4, 4, 4)
    with pytest.raises(InputError, match="--error nwl1: needs segmentations with white matter and lesions"):
        recipe.step(Batch(x, target=x[:, :1]), Progress(0, 1, 1))


def test_the_squared_error_is_a_mean_over_voxels():
    recipe = METHOD.recipe(SMALL)
    x = torch.randn(2, 2, 4, 4, 4)
    with torch.no_grad():
        made = recipe.generator.translate(x)
    loss = recipe.step(Batch(x, target=torch.zeros(2, 1, 4, 4, 4)), Progress(0, 1, 1))["loss"]
    assert loss == pytest.approx(float(np.square(made.numpy()).mean()), rel=1e-5)


def test_it_learns_from_the_brain_alone():
    torch.manual_seed(0)
    recipe = METHOD.recipe(SMALL)
    x, brain = torch.randn(2, 2, 8, 8, 8), torch.rand(2, 1, 8, 8, 8) < 0.5
    batch = Batch(x, target=torch.where(brain, x.mean(1, keepdim=True), 1000.0), brain=brain)
    losses = [recipe.step(batch, Progress(at, 60, 60))["loss"] for at in range(60)]
    assert losses[-1] < 0.3 * losses[0] < 1
