"""Saliency of the inputs of a translation network by gradients (Simonyan et al. 2013, arXiv 1312.6034).

The P3S map of each input sequence (Wei, section 2.2.2) and the visual attention saliency map (Wei, section 3.2.3). A
gradient is per unit of its input, so sequences are comparable only when they are on one scale, such as z-scores.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from brainlab.errors import InputError

Network = Callable[[Tensor], Tensor]
"""From input sequences [1, C, X, Y, Z] to the prediction [1, 1, X, Y, Z]; put it into evaluation mode first."""


def p3s_map(network: Network, inputs: Tensor, truth: Tensor) -> Tensor:
    """Return |d ||truth - network(inputs)||_2 / d inputs|: [C, X, Y, Z] (Wei, eq. 2.3).

    The L2 norm over all voxels, not squared, as the equation prints it; squaring it would multiply the whole map by
    twice the norm and change no share. inputs: [C, X, Y, Z]. truth: [X, Y, Z]. 0 everywhere where the prediction is
    exact, although the norm has no derivative there.
    """

    def error(prediction: Tensor) -> Tensor:
        if prediction.shape[2:] != truth.shape:
            raise InputError(
                f"a P3S map needs a truth of the prediction's shape {tuple(prediction.shape[2:])}, got "
                f"{tuple(truth.shape)}; bring both onto one grid"
            )
        return torch.linalg.vector_norm(truth - prediction[0, 0])

    return _gradient(network, inputs, error).abs()


def output_map(network: Network, inputs: Tensor) -> Tensor:
    """Return |d ||network(inputs)||_2 / d inputs|: [C, X, Y, Z], where there is no truth to measure an error by.

    The P3S map of a truth of zeros. Of z-scores, whose zero is the mean, it tells what moves the prediction away from
    the mean, right or wrong. inputs: [C, X, Y, Z]. 0 everywhere where the prediction is.
    """
    return _gradient(network, inputs, lambda prediction: torch.linalg.vector_norm(prediction[0, 0])).abs()


def visual_attention(network: Network, inputs: Tensor, loss: Callable[[Tensor], Tensor]) -> Tensor:
    """Return |d loss(network(inputs)) / d inputs|, maximum over channels: [X, Y, Z] (Wei, eq. 3.7).

    inputs: [C, X, Y, Z]. loss: from the prediction [1, 1, X, Y, Z] to a number, the loss of the generator.
    """
    return _gradient(network, inputs, loss).abs().amax(dim=0)


def contribution(p3s: Tensor, mask: Tensor | None = None) -> list[float] | None:
    """Return each sequence's share of the mean P3S map within a mask: C shares that sum to 1.

    p3s: [C, X, Y, Z]. mask: [X, Y, Z], all voxels by default. None for an empty mask or a map of zeros.
    """
    values = p3s.flatten(1) if mask is None else p3s[:, mask.bool()]
    total = values.double().sum(dim=1)  # every sequence has as many voxels, so that sums have the shares of means
    if not total.sum() > 0:
        return None
    shares: list[float] = (total / total.sum()).tolist()
    return shares


def _gradient(network: Network, inputs: Tensor, value: Callable[[Tensor], Tensor]) -> Tensor:
    """Return d value(network(inputs)) / d inputs: [C, X, Y, Z]. Gradients of the network's weights are left alone."""
    if inputs.ndim != 4:
        raise InputError(f"saliency needs inputs [C, X, Y, Z], got {tuple(inputs.shape)}; pass one person's sequences")
    with torch.enable_grad():
        batch = inputs.detach()[None].requires_grad_()
        (gradient,) = torch.autograd.grad(value(network(batch)), batch)
    return gradient[0]
