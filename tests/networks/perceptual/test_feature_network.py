import pytest
import torch
from torch import nn

from brainlab.networks.perceptual.feature_network import FeatureNetwork, slices_with_brain


class Brightness(FeatureNetwork):
    """Two features: the mean of a slice, and its mean square."""

    name, sha256, trained_on, length = "toy", "0123456789abcdef0123", "nothing", 2

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.most = 0
        self.freeze()

    def levels(self, x):
        return (x, x, x)

    def pooled(self, x):
        self.most = max(self.most, len(x))
        return self.scale * torch.stack([x.mean((1, 2, 3)), x.square().mean((1, 2, 3))], dim=1)


def volume(*brightness):
    """A volume with one evenly bright axial slice after the other."""
    return torch.tensor(brightness).expand(1, 8, 6, len(brightness))


def test_a_volume_s_features_are_the_mean_over_its_axial_slices_that_show_brain():
    features = Brightness().vector(torch.stack([volume(0.0, 0.4, 0.8, 0.05), volume(0.0, 0.0, 0.2, 0.2)]))
    assert torch.allclose(features, torch.tensor([[0.6, 0.4], [0.2, 0.04]]))


def test_a_speck_is_no_brain_and_a_volume_without_any_still_has_features():
    x = torch.zeros(1, 20, 20, 3)
    x[0, 0, :3, 1] = 1  # 3 of 400 pixels
    x[0, 0, :4, 2] = 1
    assert torch.equal(slices_with_brain(x), x[..., 2][None])
    assert torch.equal(slices_with_brain(0 * x), torch.zeros(3, 1, 20, 20))


def test_a_tall_volume_is_looked_at_in_even_steps_from_end_to_end():
    x = (torch.arange(100) + 50).float().expand(1, 2, 2, 100)
    taken = slices_with_brain(x)[:, 0, 0, 0]
    assert len(taken) == 40
    assert (taken[0], taken[-1]) == (50, 149)
    assert set(taken.diff().tolist()) <= {2.0, 3.0}


def test_large_sets_pass_in_parts_and_are_the_same():
    network, x = Brightness(), torch.rand(40, 1, 256, 256)
    assert torch.allclose(network.vector(x)[:, 0], x.mean((1, 2, 3)), atol=1e-6)
    assert network.most == 16


def test_it_is_never_in_training_and_its_weights_never_learn():
    network = Brightness()
    nn.ModuleList([network]).train()
    assert not network.training
    x = torch.rand(2, 1, 4, 4, requires_grad=True)
    network.vector(x).sum().backward()
    assert network.scale.grad is None
    assert x.grad.count_nonzero()


def test_it_names_itself_with_its_hash():
    assert str(Brightness()) == "toy (sha256 0123456789abcdef, trained on nothing)"
    with pytest.raises(TypeError, match="abstract"):
        FeatureNetwork()
