import itertools

import pytest
import torch

from brainlab.errors import InputError
from brainlab.networks.translation.attention import FlexibleSelfAttention
from brainlab.networks.translation.patch_discriminator import PatchDiscriminator, cut_patches


@pytest.mark.parametrize("size", [(4, 8), (4, 8, 12)])
def test_patches_are_the_blocks_of_the_image_in_reading_order(size):
    x = torch.rand(2, 3, *size)
    corners = [*itertools.product(*(range(0, side, 4) for side in size))]
    expected = [
        image[(slice(None), *(slice(start, start + 4) for start in corner))] for image in x for corner in corners
    ]
    assert torch.equal(cut_patches(x, 4), torch.stack(expected))


@pytest.mark.parametrize("residual", [False, True])
def test_a_patch_is_judged_by_its_own_voxels_alone(residual):
    torch.manual_seed(0)
    network = PatchDiscriminator(2, 4, (8, 8), residual=residual).eval()
    for module in network.modules():
        if isinstance(module, FlexibleSelfAttention):
            torch.nn.init.ones_(module.gamma)
    x = torch.rand(1, 2, 4, 8, 8, requires_grad=True)
    logits = network(x)
    assert logits.shape == (4, 2)
    for number, (row, column) in enumerate(itertools.product((0, 4), (0, 4))):
        (gradient,) = torch.autograd.grad(logits[number, 1], x, retain_graph=True)
        own = torch.zeros_like(x, dtype=torch.bool)
        own[..., row : row + 4, column : column + 4] = True
        assert (gradient[own] != 0).float().mean() > 0.9
        assert not gradient[~own].any()


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("dims", [2, 3])
def test_there_are_two_logits_a_patch(residual, dims):
    network = PatchDiscriminator(3, 8, (8, 8, 16), residual=residual, pool=2, dims=dims)
    assert network(torch.rand(2, 3, *(16,) * dims)).shape == (2 * 2**dims, 2)


@pytest.mark.parametrize("residual", [False, True])
def test_all_patches_share_one_network(residual):
    torch.manual_seed(0)
    network = PatchDiscriminator(1, 4, (8,), residual=residual).eval()
    x = torch.rand(1, 1, 4, 4, 4)
    logits = network(x.repeat(1, 1, 2, 1, 1))
    assert torch.allclose(logits[0], logits[1], atol=1e-6)


def test_parameters_are_those_of_the_convolutions_and_the_dense_layer():
    count = sum(each.numel() for each in PatchDiscriminator(5, 32).parameters())
    convolutions = sum(27 * a * b + 3 * b for a, b in ((5, 32), (32, 64), (64, 128)))
    assert count == convolutions + 128 * 4**3 * 2 + 2


def test_the_residual_one_attends_once_and_halves_by_strided_convolutions():
    modules = [*PatchDiscriminator(2, 8, (8, 8, 8), residual=True).modules()]
    assert sum(isinstance(module, FlexibleSelfAttention) for module in modules) == 1
    assert not any("AvgPool" in type(module).__name__ for module in modules)
    assert sum(getattr(module, "stride", None) == (2, 2, 2) for module in modules) == 3


def test_patches_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="a patch: needs sides that divide by 4, got 6 x 6 x 6"):
        PatchDiscriminator(1, 6, (8, 8))
    with pytest.raises(InputError, match="the patch discriminator: needs sides that divide by 4, got 8 x 6"):
        cut_patches(torch.rand(1, 1, 8, 6), 4)
