"""Gradients of linear networks W, in closed form: of ||t - W x||, W^T r / ||r|| with r = W x - t."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from brainlab.errors import InputError
from brainlab.saliency.gradients import contribution, output_map, p3s_map, visual_attention

SHAPE = (6, 5, 4)


def convolution(side: int) -> nn.Conv3d:
    torch.manual_seed(side)
    return nn.Conv3d(3, 1, side, padding=side // 2).eval()


def drawn() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(3, *SHAPE), torch.randn(SHAPE)


def transposed(network: nn.Conv3d, residual: torch.Tensor) -> torch.Tensor:
    """Return W^T r: [3, X, Y, Z]."""
    return F.conv_transpose3d(residual[None, None], network.weight, padding=network.padding)[0].detach()


@pytest.mark.parametrize("side", [1, 3])
def test_the_p3s_map_of_a_linear_network_is_its_closed_form(side):
    network, (inputs, truth) = convolution(side), drawn()
    residual = (network(inputs[None])[0, 0] - truth).detach()
    expected = transposed(network, residual).abs() / residual.square().sum().sqrt()
    found = p3s_map(network, inputs, truth)
    assert found.shape == (3, *SHAPE)
    assert torch.allclose(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("side", [1, 3])
def test_without_a_truth_it_is_the_p3s_map_of_a_truth_of_zeros(side):
    network, (inputs, _) = convolution(side), drawn()
    made = network(inputs[None])[0, 0].detach()
    expected = transposed(network, made).abs() / made.square().sum().sqrt()
    found = output_map(network, inputs)
    assert torch.allclose(found, expected, atol=1e-5, rtol=1e-5)
    assert torch.equal(found, p3s_map(network, inputs, torch.zeros(SHAPE)))


def test_a_sequence_without_weight_has_a_map_of_zeros():
    network, (inputs, truth) = convolution(3), drawn()
    with torch.no_grad():
        network.weight[:, 1] = 0
    found = p3s_map(network, inputs, truth)
    assert not found[1].any()
    assert contribution(found)[1] == 0
    assert found[0].any()


def test_an_exact_prediction_has_a_map_of_zeros():
    network, (inputs, _) = convolution(1), drawn()
    truth = network(inputs[None])[0, 0].detach()
    assert not p3s_map(network, inputs, truth).any()


def test_visual_attention_is_the_largest_gradient_of_any_channel():
    network, (inputs, truth) = convolution(3), drawn()

    def loss(prediction: torch.Tensor) -> torch.Tensor:
        return (prediction[0, 0] - truth).abs().sum()

    signs = (network(inputs[None])[0, 0] - truth).sign().detach()
    found = visual_attention(network, inputs, loss)
    assert torch.allclose(found, transposed(network, signs).abs().amax(dim=0), atol=1e-5)


def test_shares_are_of_the_mask_and_sum_to_one():
    p3s = torch.ones(3, *SHAPE) * torch.tensor([3.0, 2, 1]).reshape(3, 1, 1, 1)
    mask = torch.zeros(SHAPE, dtype=torch.bool)
    mask[2:4] = True
    assert contribution(p3s) == pytest.approx([1 / 2, 1 / 3, 1 / 6])
    p3s[2, ~mask] = 100
    assert contribution(p3s, mask) == pytest.approx([1 / 2, 1 / 3, 1 / 6])
    assert contribution(p3s, torch.zeros(SHAPE)) is None
    assert contribution(torch.zeros(3, *SHAPE)) is None


def test_neither_weights_nor_inputs_gather_gradients_and_no_grad_does_not_matter():
    network, (inputs, truth) = convolution(3), drawn()
    with torch.no_grad():
        assert p3s_map(network, inputs, truth).any()
    assert network.weight.grad is None
    assert inputs.grad is None
    assert not inputs.requires_grad


def test_shapes_that_do_not_fit_are_refused():
    network, (inputs, truth) = convolution(3), drawn()
    with pytest.raises(InputError, match=r"needs inputs \[C, X, Y, Z\]"):
        p3s_map(network, inputs[None], truth)
    with pytest.raises(InputError, match="truth of the prediction's shape"):
        p3s_map(network, inputs, truth[:1])
