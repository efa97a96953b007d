"""The U-Net has the thesis' parameters, keeps sides that it can halve, and carries detail past the bottleneck."""

import pytest
import torch

from brainlab.runs.methods import find_preset
from brainlab.translation.unet import UNet, UNetConfig


def test_parameters_are_those_of_the_thesis():
    """Section 2.3.2 prints 375.6 K."""
    method, preset = find_preset("flair-unet")
    assert sum(weights.numel() for weights in method.network(preset.config).parameters()) == 375_585


def test_sides_stay_and_must_divide():
    network = UNet(UNetConfig(inputs=("T1w",), maps=4, up_maps=4, levels=2))
    assert network.multiple == 4
    assert network(torch.zeros(1, 1, 8, 12, 16)).shape == (1, 1, 8, 12, 16)


@pytest.mark.parametrize("levels", [1, 2])
def test_what_the_way_down_had_is_beside_the_way_up(levels):
    torch.manual_seed(0)
    network = UNet(UNetConfig(inputs=("T1w",), maps=4, up_maps=4, levels=levels))
    for weights in network.bottom.parameters():
        torch.nn.init.zeros_(weights)
    x = torch.randn(1, 1, 8, 8, 8)
    assert not torch.equal(network(x), network(x.flip(2)))
