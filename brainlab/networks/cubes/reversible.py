"""Reversible residual blocks: what goes in can be computed from what comes out (Gomez et al. 2017, equations 6-7).

Half of the maps is carried and changed by a function of the other half, in turn:

    y1 = x1 + F(x2)        y2 = x2 + G(y1)

so that no activation need be kept for the way back. Where a pooling follows each block, as in the slice VAE paper's 3D
VAE, a block's input is kept for that anyway; gradients are taken the usual way here.
"""

import torch
from torch import Tensor, nn

from brainlab.networks.blocks import CONV, LEAK, normalisation

CONVOLUTIONS = 3
"""In each function."""


def _function(half: int, inner: int, spatial_dims: int) -> nn.Sequential:
    """Return F or G: convolutions of kernel 3, each after a normalisation and a bend."""
    layers: list[nn.Module] = []
    for step in range(CONVOLUTIONS):
        inputs, outputs = inner if step else half, inner if step < CONVOLUTIONS - 1 else half
        conv = CONV[spatial_dims](inputs, outputs, 3, padding=1)
        layers += [normalisation("batch", inputs, spatial_dims), nn.LeakyReLU(LEAK), conv]
    return nn.Sequential(*layers)


class ReversibleBlock(nn.Module):
    """Maps [n, channels, *size] to the same shape; `inverse` undoes it in evaluation mode.

    channels: an even number; the functions work on half of them, with `channels` maps within.
    """

    def __init__(self, channels: int, spatial_dims: int = 3) -> None:
        super().__init__()
        self.f = _function(channels // 2, channels, spatial_dims)
        self.g = _function(channels // 2, channels, spatial_dims)

    def forward(self, x: Tensor) -> Tensor:
        x1, x2 = x.chunk(2, dim=1)
        y1 = x1 + self.f(x2)
        return torch.cat((y1, x2 + self.g(y1)), dim=1)

    def inverse(self, y: Tensor) -> Tensor:
        """Return the input of an output."""
        y1, y2 = y.chunk(2, dim=1)
        x2 = y2 - self.g(y1)
        return torch.cat((y1 - self.f(x2), x2), dim=1)
