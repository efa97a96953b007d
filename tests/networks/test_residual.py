"""The residual networks of the original IntroVAE."""

import pytest
import torch
from torch import nn

from brainlab.errors import InputError
from brainlab.networks.residual import ResidualDecoder, ResidualEncoder, ResidualUnit, coarsest

SHAPE = (1, 32, 16)


@pytest.mark.parametrize(("shape", "folds"), [(SHAPE, 0), (SHAPE, 1), (SHAPE, 2), ((1, 8, 16, 8), 1)])
def test_a_code_comes_back_as_an_image_of_the_same_sides(shape, folds):
    sizes = (shape, (4, 8), 5)
    encoder, decoder = (kind(*sizes, norm="group", folds=folds) for kind in (ResidualEncoder, ResidualDecoder))
    mean, log_variance = encoder(torch.rand(3, *shape))
    assert mean.shape == log_variance.shape == (3, 5)
    assert decoder(mean).shape == (3, *shape)


def test_the_paper_s_slices_end_at_4_by_4_with_512_channels():
    decoder = ResidualDecoder((1, 128, 128), (32, 64, 128, 256, 512), 256, norm="batch", folds=0)
    assert decoder.coarsest == (512, 4, 4)


def test_a_unit_adds_its_input():
    unit = ResidualUnit(3, 3, "none", 2)
    for layer in unit.body:
        if isinstance(layer, nn.Conv2d):
            nn.init.zeros_(layer.weight)
    x = torch.rand(2, 3, 4, 4)
    assert torch.equal(unit(x), x)
    wider = ResidualUnit(3, 6, "none", 2)
    assert isinstance(wider.carry, nn.Conv2d)
    assert wider.carry.kernel_size == (1, 1)


def test_no_convolution_of_a_folded_network_runs_at_full_resolution():
    encoder, seen = ResidualEncoder(SHAPE, (4, 8), 5, norm="none", folds=1), []
    for layer in encoder.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(lambda _layer, _inputs, out: seen.append(tuple(out.shape[2:])))
    encoder(torch.rand(1, *SHAPE))
    assert max(seen) == (16, 8)


@pytest.mark.parametrize(("shape", "said"), [((1, 24, 16), "divide by 16"), ((1, 24, 16, 16), "divide by 16")])
def test_sides_that_do_not_divide_are_refused(shape, said):
    with pytest.raises(InputError, match=said):
        coarsest(shape, (4, 8, 8), 1)
