import pytest
import torch

from brainlab.networks.guidance import guided


@pytest.fixture
def velocities():
    torch.manual_seed(0)
    return torch.randn(3, 2, 4, 5), torch.randn(3, 2, 4, 5)


def test_no_guidance_follows_the_condition_and_none_at_all_leaves_it_out(velocities):
    told, untold = velocities
    assert torch.allclose(guided(told, untold, 1.0), told, atol=1e-6)
    assert torch.allclose(guided(told, untold, 0.0, rescale=0.0), untold, atol=1e-6)


def test_guidance_goes_on_along_the_difference(velocities):
    told, untold = velocities
    assert torch.allclose(guided(told, untold, 3.0, rescale=0.0), told + 2 * (told - untold), atol=1e-5)


def test_the_spread_is_drawn_back_for_each_image_by_itself(velocities):
    told, untold = velocities
    whole = guided(told, untold, 3.0, rescale=1.0)
    assert torch.allclose(whole.flatten(1).std(1), told.flatten(1).std(1), rtol=1e-4)
    plain = guided(told, untold, 3.0, rescale=0.0)
    expected = 0.7 * whole + 0.3 * plain
    assert torch.allclose(guided(told, untold, 3.0), expected, atol=1e-5)
    alone = guided(told[:1], untold[:1], 3.0)
    assert torch.allclose(guided(told, untold, 3.0)[:1], alone, atol=1e-6)


def test_velocities_of_nothing_stay_nothing():
    nothing = torch.zeros(2, 1, 4, 4)
    assert guided(nothing, nothing, 2.0).count_nonzero() == 0
