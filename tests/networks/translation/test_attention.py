import itertools

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from brainlab.errors import InputError
from brainlab.networks.translation.attention import FlexibleSelfAttention


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def built(channels: int = 8, pool: int = 1, dims: int = 3, gamma: float = 1.0) -> FlexibleSelfAttention:
    layer = FlexibleSelfAttention(channels, pool, dims)
    torch.nn.init.constant_(layer.gamma, gamma)
    return layer.requires_grad_(False)


def matrix(convolution: torch.nn.Module) -> torch.Tensor:
    return convolution.weight.flatten(1)  # [outputs, inputs]


def plain_self_attention(layer: FlexibleSelfAttention, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return o and beta of equations 4.1 and 4.2 for one image [channels, L], place by place."""
    keys, queries, values = (matrix(each) @ x for each in (layer.keys, layer.queries, layer.values))
    places = x.shape[1]
    beta, o = torch.empty(places, places), torch.empty(len(values), places)
    for j in range(places):
        scores = torch.tensor([float(keys[:, i] @ queries[:, j]) for i in range(places)])
        beta[j] = scores.exp() / scores.exp().sum()
        o[:, j] = sum(beta[j, i] * values[:, i] for i in range(places))
    return matrix(layer.restore) @ o, beta


@pytest.mark.parametrize("size", [(3, 4), (2, 3, 4)])
def test_with_nothing_pooled_it_is_plain_self_attention(size):
    layer = built(16, dims=len(size), gamma=0.7)
    x = 2 * torch.randn(2, 16, *size)
    y, beta = layer(x), layer.attention_map(x)
    for image in range(2):
        o, expected = plain_self_attention(layer, x[image].flatten(1))
        assert torch.allclose(beta[image], expected, atol=1e-5)
        assert torch.allclose(y[image].flatten(1), 0.7 * o + x[image].flatten(1), atol=1e-5)


@pytest.mark.parametrize("pool", [1, 2, 4])
def test_a_pool_takes_its_cube_from_the_rows_and_columns_of_the_map(pool):
    beta = built(pool=pool).attention_map(torch.randn(1, 8, 4, 8, 4))
    assert beta.shape == (1, 128 // pool**3, 128 // pool**3)
    assert torch.allclose(beta.sum(2), torch.ones(1, 128 // pool**3))
    assert not torch.allclose(beta.sum(1), torch.ones(1, 128 // pool**3))


@pytest.mark.parametrize(("size", "pool"), [((7, 5), 3), ((4, 6), 2), ((3, 5, 7), 2), ((7, 3, 4), 3)])
def test_each_voxel_gets_what_its_own_block_attends_to_also_where_blocks_do_not_fit(size, pool):
    layer = built(dims=len(size), pool=pool)
    x = torch.randn(1, 8, *size)
    sides = [-(-side // pool) for side in size]
    largest = torch.full((8, *sides), -torch.inf)
    for voxel in itertools.product(*map(range, size)):
        block = (slice(None), *(place // pool for place in voxel))
        largest[block] = torch.maximum(largest[block], x[(0, slice(None), *voxel)])
    o = plain_self_attention(layer, largest.flatten(1))[0].view(8, *sides)
    y = layer(x)
    assert y.shape == x.shape
    for voxel in itertools.product(*map(range, size)):
        at, block = (0, slice(None), *voxel), (slice(None), *(place // pool for place in voxel))
        assert torch.allclose(y[at], x[at] + o[block], atol=1e-5)


def test_the_kernel_that_stores_no_map_can_be_used_and_gives_the_same():
    layer = built(channels=16, pool=2)
    x = torch.randn(2, 16, 6, 5, 4)
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        without_map = layer(x)
    with sdpa_kernel(SDPBackend.MATH):
        assert torch.allclose(layer(x), without_map, atol=1e-5)


def test_a_fresh_layer_returns_its_input_and_can_learn():
    layer = FlexibleSelfAttention(8, pool=2)
    x = torch.randn(2, 8, 4, 4, 4)
    y = layer(x)
    assert torch.equal(y, x)
    (y * torch.randn_like(y)).sum().backward()
    assert layer.gamma.grad != 0


def test_it_has_four_matrices_and_one_scale():
    parameters = sum(each.numel() for each in FlexibleSelfAttention(64, pool=2).parameters())
    assert parameters == 4 * 64 * (64 // 8) + 1


def test_images_of_a_batch_do_not_see_each_other():
    layer = built(pool=2)
    x = torch.randn(3, 8, 4, 4, 4)
    assert torch.allclose(layer(x)[:1], layer(x[:1]), atol=1e-6)


@pytest.mark.parametrize("channels", [0, 4, 12])
def test_maps_that_do_not_divide_by_eight_are_refused(channels):
    with pytest.raises(InputError, match=f"needs a multiple of 8 maps, got {channels}"):
        FlexibleSelfAttention(channels)


def test_a_pool_of_nothing_is_refused():
    with pytest.raises(InputError, match="needs a pool of 1 voxel or more, got 0"):
        FlexibleSelfAttention(8, pool=0)
