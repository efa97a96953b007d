from pathlib import Path

import pytest
import torch
from monai.networks.utils import pixelshuffle, pixelunshuffle

from brainlab.errors import InputError
from brainlab.networks.blocks import (
    Conv3d,
    ConvDecoder,
    ConvEncoder,
    ResidualBlock,
    bottom_size,
    depth_to_space,
    normalisation,
    space_to_depth,
)

BRAINLAB = Path(__file__).resolve().parents[2] / "brainlab"


@pytest.mark.parametrize("shape", [(2, 1, 4, 6), (2, 3, 4, 6, 8)])
def test_depth_to_space_undoes_space_to_depth(shape):
    x = torch.rand(shape)
    folded = space_to_depth(x)
    dims = len(shape) - 2
    assert folded.shape == (shape[0], shape[1] * 2**dims, *(side // 2 for side in shape[2:]))
    assert torch.equal(depth_to_space(folded), x)


def test_folding_agrees_with_torch_in_two_dimensions():
    x = torch.rand(2, 3, 4, 6)
    assert torch.equal(space_to_depth(x), torch.nn.functional.pixel_unshuffle(x, 2))


def test_each_folded_channel_is_one_corner_of_the_blocks():
    x = torch.arange(8.0).reshape(1, 1, 2, 2, 2)
    assert space_to_depth(x).flatten().tolist() == list(range(8))


def test_the_paper_reaches_5_6_5():
    assert bottom_size((1, 40, 48, 40), (64, 64), folded=True) == (5, 6, 5)
    assert bottom_size((1, 40, 48, 40), (16, 32, 64), folded=False) == (5, 6, 5)


@pytest.mark.parametrize("shape", [(1, 40, 48, 41), (1, 4, 8, 8), (1, 8)])
def test_a_shape_that_does_not_divide_is_refused(shape):
    with pytest.raises(InputError, match="divide by 8"):
        bottom_size(shape, (4, 4), folded=True)


@pytest.mark.parametrize("folded", [True, False])
@pytest.mark.parametrize("size", [(8, 16), (8, 8, 16)])
def test_encoder_and_decoder_fit_together_in_two_and_three_dimensions(size, folded):
    sizes = ((1, *size), (4, 4) if folded else (4, 4, 4), 8, 3)
    options = {"residual_blocks": 1, "norm": "group", "dropout": 0.0, "folded": folded}
    mean, log_variance = ConvEncoder(*sizes, **options)(torch.rand(2, 1, *size))
    logits = ConvDecoder(*sizes, **options)(mean)
    assert mean.shape == log_variance.shape == (2, 3)
    assert logits.shape == (2, 1, *size)


def test_group_norm_keeps_the_images_of_a_batch_apart():
    torch.manual_seed(0)
    encoder = ConvEncoder((1, 8, 8, 8), (8, 8), 8, 3, residual_blocks=1, norm="group", dropout=0.0, folded=True)
    x = torch.rand(3, 1, 8, 8, 8)
    assert torch.allclose(encoder(x)[0][:1], encoder(x[:1])[0], atol=1e-5)


def test_the_log_variance_stays_where_its_exponential_means_something():
    encoder = ConvEncoder((1, 8, 8, 8), (8, 8), 8, 2, residual_blocks=0, norm="none", dropout=0.0, folded=True)
    torch.nn.init.zeros_(encoder.head.weight)
    encoder.head.bias.data = torch.tensor([1e4, -1e4, 1e4, -1e4])
    mean, log_variance = encoder(torch.rand(3, 1, 8, 8, 8))
    assert mean.tolist() == [[1e4, -1e4]] * 3
    assert log_variance.tolist() == [[8, -16]] * 3


@pytest.mark.parametrize("network", [ConvEncoder, ConvDecoder])
def test_dropout_drops_features_while_training_and_never_after(network):
    torch.manual_seed(0)
    built = network((1, 8, 8), (8,), 32, 3, residual_blocks=0, norm="none", dropout=0.5, folded=True)
    x = torch.rand(1, 1, 8, 8) if network is ConvEncoder else torch.rand(1, 3)
    outputs = [torch.cat(out, dim=1) if isinstance(out := built(x), tuple) else out for _ in range(2)]
    assert not torch.equal(*outputs)
    built.eval()
    outputs = [torch.cat(out, dim=1) if isinstance(out := built(x), tuple) else out for _ in range(2)]
    assert torch.equal(*outputs)


def test_a_residual_block_with_silent_convolutions_is_the_identity():
    block = ResidualBlock(4, "none", 3)
    torch.nn.init.zeros_(block.body[-1].weight)
    torch.nn.init.zeros_(block.body[-1].bias)
    x = torch.rand(1, 4, 2, 2, 2)
    assert torch.equal(block(x), x)


def test_an_unknown_norm_is_refused():
    with pytest.raises(InputError, match="batch, group, instance or none"):
        normalisation("layer", 8, 3)


@pytest.mark.parametrize("size", [(4, 6), (4, 6, 8)])
def test_folding_is_that_of_monai(size):
    x = torch.rand(2, 3, *size)
    folded = space_to_depth(x)
    assert torch.equal(folded, pixelunshuffle(x, len(size), 2))
    assert torch.equal(depth_to_space(folded), pixelshuffle(folded, len(size), 2))


def gradient(convolution, x, *, mixed):
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        made = convolution(x)
    (found,) = torch.autograd.grad(made.float().square().sum(), convolution.weight)
    return found


def soil_memory():
    """Leave large numbers in memory that is given out next."""
    for size in (2**10, 2**14, 2**16, 2**18):
        for kind in (torch.float32, torch.bfloat16):
            del [torch.full((size,), 1e30, dtype=kind) for _ in range(4)][:]


@pytest.mark.parametrize("sides", [(1, 2, 2), (2, 1, 1), (2, 2, 2), (2, 4, 4), (3, 2, 2), (4, 4, 4)])
@pytest.mark.parametrize("kernel", [1, 3])
def test_gradients_are_alike_in_either_precision(sides, kernel):
    torch.manual_seed(0)
    convolution = Conv3d(16, 16, kernel, padding=kernel // 2)
    x = torch.randn(1, 16, *sides)
    expected = gradient(convolution, x, mixed=False)
    for _ in range(5):
        soil_memory()
        found = gradient(convolution, x, mixed=True)
        assert torch.allclose(found, expected, atol=0.03 * float(expected.abs().max()))


def test_every_3d_convolution_is_this_one():
    bare = [path for path in BRAINLAB.rglob("*.py") if "nn.Conv3d" in path.read_text(encoding="utf-8")]
    assert bare == [BRAINLAB / "networks" / "blocks.py"]
