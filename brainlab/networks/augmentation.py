"""Augmentation of what a critic sees, real and generated alike (Zhao et al. 2020; Karras et al. 2020).

A critic of few images soon knows them by heart; shown moved and cut ones it learns what they share. Gradients pass
through, and since most images stay whole, the generator does not learn to make cut ones. Nothing is turned, for heads
are not.
"""

import torch
from torch import Tensor

FARTHEST = 1 / 8
"""Of a side, by which an image is moved at most."""
CUT = 1 / 2
"""Of a side, the length of the box that is cut out."""


def augment(x: Tensor, probability: float, background: float) -> Tensor:
    """Move each image [n, c, *sides] with a probability, and cut a box out of it with the same, independently.

    background: value of what comes into view and of what is cut out.
    """
    if probability == 0:
        return x
    sides, n, device = x.shape[2:], len(x), x.device
    for axis, side in enumerate(sides, start=2):
        farthest = int(side * FARTHEST)
        shift = torch.randint(-farthest, farthest + 1, (n,), device=device)
        x = moved(x, axis, torch.where(_chosen(n, probability, device), shift, 0), background)
    cut = _chosen(n, probability, device).view(-1, *[1] * (x.ndim - 1))
    for axis, side in enumerate(sides, start=2):
        centre = torch.rand(n, 1, device=device) * side
        near = (torch.arange(side, device=device) + 0.5 - centre).abs() < side * CUT / 2  # [n, side]
        cut = cut & near.view(n, *(side if at == axis else 1 for at in range(1, x.ndim)))
    return torch.where(cut, background, x)


def moved(x: Tensor, axis: int, shift: Tensor, background: float) -> Tensor:
    """Move images [n, c, *sides] along one axis, each by its own whole number of voxels [n]."""
    side = x.shape[axis]
    source = torch.arange(side, device=x.device) - shift[:, None]  # [n, side]
    shape = [len(x), *(side if at == axis else 1 for at in range(1, x.ndim))]
    inside = ((source >= 0) & (source < side)).view(shape)
    return torch.where(inside, x.gather(axis, source.clamp(0, side - 1).view(shape).expand_as(x)), background)


def _chosen(n: int, probability: float, device: torch.device) -> Tensor:
    return torch.rand(n, device=device) < probability
