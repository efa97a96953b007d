import torch
from torch import nn

from brainlab.methods.outline import outlined


def test_networks_have_shapes_and_no_values_and_draw_none() -> None:
    """A draw would move the generator on, or fail for want of memory."""
    torch.manual_seed(0)
    state = torch.get_rng_state()
    with outlined():
        layers = nn.Sequential(nn.Linear(10**6, 10**6), nn.Embedding(3, 4), nn.Conv2d(1, 2, 3))
        nn.init.kaiming_normal_(layers[0].weight, nonlinearity="relu")
        drawn = torch.randn(2, 3)
    assert {weights.device.type for weights in layers.parameters()} == {drawn.device.type} == {"meta"}
    assert layers[0].weight.shape == (10**6, 10**6)
    assert drawn.shape == (2, 3)
    assert torch.equal(torch.get_rng_state(), state)
    assert nn.Linear(2, 2).weight.device.type == "cpu"
