"""Errors count the whole image, or the voxels of its brain alone."""

from typing import get_args

import pytest
import torch

from brainlab.errors import InputError
from brainlab.networks.translation.errors import ERRORS, ErrorName, errors_of

NAMES = get_args(ErrorName)


@pytest.fixture
def images():
    """Two images, in which half of the voxels are brain; their regions are all three in it."""
    random = torch.Generator().manual_seed(0)
    made, truth = (torch.randn(2, 1, 4, 4, 4, generator=random) for _ in range(2))
    regions = torch.randint(0, 3, (2, 1, 4, 4, 4), generator=random)
    return made, truth, regions, torch.rand(2, 1, 4, 4, 4, generator=random) < 0.5


@pytest.mark.parametrize("name", NAMES)
def test_in_the_whole_image_it_is_the_error_itself(images, name):
    made, truth, regions, brain = images
    whole = errors_of(name, made, truth, regions)
    assert torch.equal(whole, ERRORS[name](made, truth, regions))
    assert torch.allclose(errors_of(name, made, truth, regions, torch.ones_like(brain)), whole)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_outside_the_brain_counts(images, name):
    made, truth, regions, brain = images
    found = errors_of(name, made, truth, regions, brain)
    brighter = torch.where(brain, made, 1000.0)
    elsewhere = torch.where(brain, regions, 0)
    assert torch.equal(errors_of(name, brighter, truth, elsewhere, brain), found)
    first = [each[0][brain[0]][None, None] for each in (made, truth, regions)]
    assert found[0].item() == pytest.approx(ERRORS[name](*first).item())


def test_the_squared_error_is_a_mean_over_the_brain(images):
    made, truth, _, brain = images
    expected = [(made - truth)[number][brain[number]].square().mean().item() for number in range(2)]
    assert errors_of("mse", made, truth, brain=brain).tolist() == pytest.approx(expected)


def test_an_image_without_brain_teaches_nothing(images):
    made, truth, regions, brain = images
    brain = brain.clone()
    brain[0] = False
    made.requires_grad_()
    found = errors_of("mse", made, truth, regions, brain)
    assert found[0] == 0 < found[1]
    found.mean().backward()
    assert not made.grad[0].any()
    assert torch.equal(made.grad[1] != 0, brain[1])


def test_an_error_by_region_needs_regions(images):
    made, truth, _, brain = images
    with pytest.raises(InputError, match="--error nwl1: needs segmentations with white matter and lesions"):
        errors_of("nwl1", made, truth, brain=brain)
