import pytest
import torch

from brainlab.errors import InputError
from brainlab.networks.cubes.stacks import CodeCritic, DownStack, DownToVector, UpStack, bottom_sides

SHAPE, WIDTHS = (1, 64, 64, 64), (64, 128, 256, 512)


def count(network):
    return sum(weights.numel() for weights in network.parameters())


def test_the_published_networks_have_their_sizes():
    """Counted by hand from the authors' layers: convolutions of 4^3, batch norm on all but the first, 4^3 at last."""
    convolutions = 64 * (64 + 1) + sum(b * (64 * a + 1) for a, b in ((64, 128), (128, 256), (256, 512)))
    norms = 2 * (128 + 256 + 512)
    with torch.device("meta"):
        assert count(DownToVector(SHAPE, WIDTHS, 1, "batch", haar=False)) == convolutions + norms + 512 * 64 + 1
        assert count(DownToVector(SHAPE, WIDTHS, 1000, "none", haar=False)) == convolutions + 1000 * (512 * 64 + 1)
        up = 1000 * 512 * 64 + 27 * (512 * 256 + 256 * 128 + 128 * 64 + 64) + 2 * (512 + 256 + 128 + 64)
        assert count(UpStack(SHAPE, 1000, WIDTHS, "batch", haar=False)) == up
        dense = 1000 * 4096 + 4096 + 4096 * 4096 + 4096 + 4 * 4096 + 4096 + 1
        assert count(CodeCritic(1000, 4096, batch_norm=True)) == dense


@pytest.mark.parametrize("haar", [False, True])
def test_a_volume_goes_down_to_a_vector_and_a_code_up_to_a_volume(haar):
    shape, widths = (1, 16, 24, 16), (4, 8)
    torch.manual_seed(0)
    assert bottom_sides(shape, widths, haar=haar) == ((2, 3, 2) if haar else (4, 6, 4))
    volumes = UpStack(shape, 5, widths, "group", haar=haar)(torch.randn(3, 5))
    assert volumes.shape == (3, *shape)
    assert volumes.abs().max() <= 1
    assert DownToVector(shape, widths, 7, "group", haar=haar)(volumes).shape == (3, 7)


def test_sides_that_do_not_divide_are_refused_by_name():
    with pytest.raises(InputError, match="--widths: needs 1 to 2 of them, got 3"):
        bottom_sides((1, 12, 12, 12), (4, 4, 4), haar=False)
    with pytest.raises(InputError, match="--widths: needs 1 of them, got 2"):
        bottom_sides((1, 12, 12, 12), (4, 4), haar=True)


@pytest.mark.parametrize(("norm", "alone"), [("none", True), ("group", True), ("instance", True), ("batch", False)])
def test_only_batch_norm_lets_a_volume_s_maps_depend_on_its_neighbours(norm, alone):
    torch.manual_seed(0)
    stack = DownStack((1, 16, 16, 16), (8, 8), norm, haar=False)
    x = torch.randn(3, 1, 16, 16, 16)
    assert torch.allclose(stack(x)[:1], stack(x[:1]), atol=1e-5) == alone


def test_spectral_norm_bounds_the_slope_of_every_convolution():
    torch.manual_seed(0)
    critic = DownToVector((1, 8, 8, 8), (4, 4), 1, "none", haar=False, spectral=True)
    for _ in range(50):
        critic(torch.randn(2, 1, 8, 8, 8))
    for conv in [layer for layer in critic.modules() if isinstance(layer, torch.nn.Conv3d)]:
        largest = torch.linalg.matrix_norm(conv.weight.flatten(1), ord=2)
        assert largest.item() == pytest.approx(1, abs=0.02)
