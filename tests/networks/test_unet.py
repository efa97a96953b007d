import pytest
import torch
from torch import nn

from brainlab.errors import InputError
from brainlab.networks.unet import TimeFeatures, UNet


def unet(size=(8, 4), widths=(8, 16, 8), channels=3):
    """Return a small network whose layers all do something."""
    torch.manual_seed(0)
    network = UNet(channels, size, widths, 8)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.2)
    return network.eval()


@pytest.mark.parametrize("size", [(8, 4), (8, 4, 12)])
def test_states_keep_their_shape_in_two_and_three_dimensions(size):
    states = torch.randn(2, 3, *size)
    assert unet(size)(states, torch.rand(2)).shape == states.shape


def test_a_fresh_network_gives_nothing():
    assert UNet(3, (8, 4), (8, 16), 8)(torch.randn(2, 3, 8, 4), torch.rand(2)).count_nonzero() == 0


def test_every_weight_takes_part_and_every_output_depends_on_every_input():
    network = unet()
    x = torch.randn(1, 3, 8, 4, requires_grad=True)
    network(x, torch.rand(1))[0, 0, 0, 0].backward()
    assert all(p.grad is not None and p.grad.count_nonzero() for p in network.parameters())
    assert (x.grad != 0).all()


def test_the_time_matters_for_each_state_by_itself():
    network, states = unet(), torch.randn(1, 3, 8, 4).expand(3, -1, -1, -1)
    early, late, again = network(states, torch.tensor([0.1, 0.9, 0.1]))
    assert torch.allclose(early, again, atol=1e-6)
    assert (early - late).abs().mean() > 0.01


def test_near_times_have_near_features_and_far_ones_do_not():
    features = TimeFeatures(8)
    features.layers = nn.Identity()
    found = features(torch.tensor([0.5, 0.5001, 0.7]))
    assert found.shape == (3, 64)
    assert torch.allclose(found.square().sum(1), torch.full((3,), 32.0)), "a sine and a cosine of each frequency"
    near, far = (found[1:] - found[0]).norm(dim=1)
    assert near < 0.2 < 3 < far


@pytest.mark.parametrize(
    ("size", "widths", "message"),
    [
        ((8, 6), (8, 8, 8), "divide by 4 for 3 sizes, got 8 x 6"),
        ((8,), (8,), "2 or 3 sides"),
        ((8, 8), (8, 12), "multiples of 8, got 8 12"),
    ],
)
def test_what_cannot_be_halved_or_grouped_is_refused(size, widths, message):
    with pytest.raises(InputError, match=f"--widths: needs .*{message}"):
        UNet(1, size, widths, 8)
