"""The Gaussian over slices: its covariance is that of the codes, its draws have it, and what it needs."""

import pytest
import torch

from brainlab.errors import InputError
from brainlab.networks.codes.slice_gaussian import AT_ONCE, SliceGaussian

SLICES, DIMENSIONS = 6, AT_ONCE + 3


def codes(volumes, seed=0):
    return torch.randn(volumes, SLICES, DIMENSIONS, generator=torch.Generator().manual_seed(seed)).cumsum(1) + 2


@pytest.mark.parametrize("volumes", [3, 40])
def test_the_root_times_itself_is_the_covariance_of_the_codes(volumes):
    """Section 2.1: A A^T = X^T X / N, with fewer volumes than slices and with more."""
    given = codes(volumes)
    gaussian = SliceGaussian(SLICES, DIMENSIONS)
    gaussian.fit(given.split(7))
    mean = given.double().mean(0)
    for dimension in range(DIMENSIONS):
        x = given[:, :, dimension].double() - mean[:, dimension]
        root = gaussian.root[dimension].double()
        assert (root @ root.T - x.T @ x / volumes).abs().max() <= 1e-6 * max(1, x.square().sum(1).mean())
    assert torch.allclose(gaussian.mean.double(), mean, atol=1e-6)


def test_the_root_is_that_of_the_whole_singular_value_decomposition():
    given = codes(20)
    gaussian = SliceGaussian(SLICES, DIMENSIONS)
    gaussian.fit([given])
    x = (given[:, :, 5] - given[:, :, 5].mean(0)).double()
    _, s, vh = torch.linalg.svd(x, full_matrices=True)
    whole = vh.T * s / 20**0.5
    assert torch.allclose(gaussian.root[5].double().abs().flip(1), whole.abs(), atol=1e-5)


def test_before_it_is_fitted_slices_are_independent_and_standard_normal():
    noise = torch.randn(2, SLICES, DIMENSIONS)
    assert torch.equal(SliceGaussian(SLICES, DIMENSIONS).courses(noise), noise)


def test_one_volume_has_no_covariance():
    with pytest.raises(InputError, match="needs 2 training volumes or more, got 1"):
        SliceGaussian(SLICES, DIMENSIONS).fit([codes(1)])
