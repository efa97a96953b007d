import itertools

import pytest
import torch

from brainlab.errors import InputError
from brainlab.networks.haar import from_haar_bands, haar_bands

SHAPES = [(2, 1, 4, 6), (2, 3, 4, 6, 8)]


@pytest.mark.parametrize("shape", SHAPES)
def test_images_come_back_from_their_bands_and_bands_from_their_images(shape):
    torch.manual_seed(0)
    x = torch.rand(shape, dtype=torch.float64)
    bands = haar_bands(x)
    dims = len(shape) - 2
    assert bands.shape == (shape[0], shape[1] * 2**dims, *(side // 2 for side in shape[2:]))
    assert torch.allclose(from_haar_bands(bands), x, atol=1e-14, rtol=0)
    assert torch.allclose(haar_bands(from_haar_bands(bands)), bands, atol=1e-14, rtol=0)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_energy_and_every_angle_are_kept(shape):
    torch.manual_seed(0)
    x, y = torch.randn(2, *shape, dtype=torch.float64)
    assert haar_bands(x).square().sum() == pytest.approx(float(x.square().sum()))
    assert (haar_bands(x) * haar_bands(y)).sum() == pytest.approx(float((x * y).sum()))


@pytest.mark.parametrize("shape", SHAPES)
def test_each_band_has_differences_along_the_sides_of_its_bits(shape):
    """One side after the other, by slicing, as the textbook has it."""
    torch.manual_seed(0)
    x = torch.randn(shape, dtype=torch.float64)
    dims = len(shape) - 2
    bands = haar_bands(x).unflatten(1, (shape[1], 2**dims))
    for number, signs in enumerate(itertools.product((1, -1), repeat=dims)):
        band = x
        for axis, sign in enumerate(signs, start=2):
            even, odd = (band.index_select(axis, torch.arange(k, band.shape[axis], 2)) for k in (0, 1))
            band = (even + sign * odd) / 2**0.5
        assert torch.allclose(bands[:, :, number], band)


def test_an_even_image_is_all_in_the_low_band():
    bands = haar_bands(torch.full((1, 1, 4, 4), 0.5))
    assert torch.allclose(bands[:, 0], torch.tensor(1.0))
    assert bands[:, 1:].abs().max() < 1e-7


def test_bands_keep_the_precision_and_let_gradients_through():
    x = torch.rand(1, 1, 2, 2, dtype=torch.float32, requires_grad=True)
    bands = haar_bands(x)
    assert bands.dtype == torch.float32
    bands[:, 0].sum().backward()
    assert torch.allclose(x.grad, torch.full_like(x, 0.5))


def test_mixed_precision_does_not_round_bands():
    x = torch.rand(1, 1, 4, 4)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.allclose(from_haar_bands(haar_bands(x)), x, atol=1e-6)


def test_an_odd_side_is_refused():
    with pytest.raises(InputError, match=r"needs even sides, got \(4, 5\)"):
        haar_bands(torch.rand(1, 1, 4, 5))
