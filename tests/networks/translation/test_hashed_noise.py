"""Noise that follows from images is normal, and the same wherever a block is seen."""

import pytest
import torch
from scipy.stats import kstest

from brainlab.networks.translation.hashed_noise import hashed_noise


@pytest.fixture(scope="module")
def images():
    return torch.randn(2, 3, 16, 24, 16, generator=torch.Generator().manual_seed(0)).half().float()


def test_it_is_standard_normal_and_independent(images):
    noise = hashed_noise(images)
    assert noise.shape == (2, 8, 8, 12, 8)
    assert kstest(noise.flatten().numpy(), "norm").pvalue > 0.01
    between = torch.corrcoef(noise.transpose(0, 1).flatten(1)) - torch.eye(8)
    assert between.abs().max() < 0.1, "of bands at one place"
    assert (noise[..., 1:] * noise[..., :-1]).mean().abs() < 0.05, "of neighbours"


def test_a_block_has_its_own_noise_wherever_it_is_seen(images):
    whole = hashed_noise(images)
    assert torch.equal(hashed_noise(images[1:, :, 4:12, 6:20, 2:10]), whole[1:, :, 2:6, 3:10, 1:5])


def test_any_voxel_of_any_channel_changes_its_block_alone(images):
    before = hashed_noise(images)
    for channel in range(3):
        changed = images.clone()
        changed[0, channel, 5, 8, 3] += 1e-3
        differ = (hashed_noise(changed) != before).any(1).nonzero().tolist()
        assert differ == [[0, 2, 4, 1]]


def test_channels_are_told_apart(images):
    assert not torch.allclose(hashed_noise(images), hashed_noise(images.flip(1)))


def test_constant_blocks_have_none():
    x = torch.full((1, 2, 4, 4, 4), -3.0)
    x[0, 1] = 7.0
    assert not hashed_noise(x).any()
    x[0, 0, 0, 0, 0] = 1.0
    assert hashed_noise(x)[0, :, 0, 0, 0].all()
    assert not hashed_noise(x)[0, :, 1:].any()


def test_both_zeros_are_one_number():
    x = torch.randn(1, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    x[0, 0, 0, 0] = 0.0
    other = x.clone()
    other[0, 0, 0, 0] = -0.0
    assert torch.equal(hashed_noise(x), hashed_noise(other))
