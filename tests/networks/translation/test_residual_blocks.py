import pytest
import torch

from brainlab.errors import InputError
from brainlab.networks.translation.convolution_units import convolution_unit, require_multiples
from brainlab.networks.translation.residual_blocks import ResDown, ResUp


@pytest.mark.parametrize("size", [(4, 6), (4, 6, 8)])
def test_sides_are_halved_and_doubled_again(size):
    dims = len(size)
    x = torch.rand(2, 3, *size)
    down = ResDown(3, 5, dims=dims)(x)
    assert down.shape == (2, 5, *(side // 2 for side in size))
    assert ResUp(5, 3, dims=dims)(down, x).shape == x.shape


def silenced(block: torch.nn.Module) -> torch.nn.Module:
    """Let the body of a block give 0, by the batch normalisation that ends it."""
    torch.nn.init.zeros_(block.body[2].weight)
    return block.eval()


def test_the_short_connection_carries_the_strided_convolution_past_the_body():
    torch.manual_seed(0)
    x, skip = torch.rand(2, 3, 4, 4, 4), torch.rand(2, 4, 8, 8, 8)
    down, up = silenced(ResDown(3, 4)), silenced(ResUp(3, 4))
    assert torch.equal(down(x), down.downsample(x))
    assert torch.equal(up(x, skip), up.upsample(x))


def test_the_long_connection_reaches_the_output():
    torch.manual_seed(0)
    up = ResUp(3, 4).eval()
    x, skip = torch.rand(1, 3, 2, 2, 2), torch.rand(1, 4, 4, 4, 4)
    assert not torch.allclose(up(x, skip), up(x, torch.zeros_like(skip)))


def test_a_unit_bends_before_it_normalises_and_drops_half_while_training():
    torch.manual_seed(0)
    unit = convolution_unit(2, 3, 0.5, 3)
    assert [type(layer).__name__ for layer in unit] == ["Conv3d", "LeakyReLU", "BatchNorm3d", "Dropout"]
    assert unit[1].negative_slope == 0.2
    x = torch.rand(2, 2, 8, 8, 8)
    assert (unit(x) == 0).float().mean().item() == pytest.approx(0.5, abs=0.05)
    unit.eval()
    assert torch.equal(unit(x), unit(x))


def test_sides_that_do_not_divide_are_named():
    with pytest.raises(InputError, match="the network: needs sides that divide by 4, got 8 x 6"):
        require_multiples("the network", (8, 6), 4)
    require_multiples("the network", (8, 4), 4)
