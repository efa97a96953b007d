import dataclasses

import pytest
import torch

from brainlab.cohort.views import Batch
from brainlab.errors import InputError
from brainlab.generators.vae3d import METHOD, VAE3D, VAE3DConfig, VAE3DRecipe
from brainlab.methods.recipe import Progress
from brainlab.networks.cubes.reversible import ReversibleBlock

TINY = METHOD.small[0]


def blocks(part):
    return sum(isinstance(layer, ReversibleBlock) for layer in part.modules())


def test_the_papers_encoders_have_four_blocks_each_and_dense_layers_of_their_codes():
    for name, last, length in (("vae3d-64", True, 512), ("vae3d-128", False, 1024)):
        config = METHOD.presets[name].config
        with torch.device("meta"):
            network = VAE3D(config)
        assert config.last_block == last
        assert blocks(network.encoder) == blocks(network.decoder) == 4
        assert network.encoder[-1].in_features == 16 * 4**3
        assert network.encoder[-1].out_features == 2 * length


def test_the_loss_is_the_weighted_error_and_the_kl():
    torch.manual_seed(0)
    recipe = VAE3DRecipe(dataclasses.replace(TINY, reconstruction_weight=3.0))
    losses = recipe.step(Batch(torch.rand(4, 1, 8, 16, 8)), Progress(0, 10, 10))
    assert losses["loss"] == pytest.approx(3 * losses["squared_error"] + losses["kl_real"], rel=1e-5)


def test_it_learns_to_reconstruct():
    torch.manual_seed(0)
    recipe = VAE3DRecipe(dataclasses.replace(TINY, learning_rate=0.02))
    x = torch.nn.functional.interpolate(torch.rand(4, 1, 2, 4, 2), scale_factor=4)
    errors = [recipe.step(Batch(x), Progress(at, 30, 30))["squared_error"] for at in range(30)]
    assert errors[-1] < 0.8 * errors[0]


def test_sides_that_do_not_divide_are_refused_by_name():
    with pytest.raises(InputError, match="--halvings: needs volumes whose sides divide by 16, got 64 x 60 x 64"):
        VAE3D(VAE3DConfig(sample_shape=(1, 64, 60, 64)))
