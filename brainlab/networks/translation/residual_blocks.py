"""Blocks that halve or double the sides of an image around a short residual connection.

Wei's thesis, section 4.2.6 and figure 4.2 (a, b). The short connection goes around the convolution that keeps the
size, because the strided one before it changes size and maps.
"""

import torch
from torch import Tensor, nn

from brainlab.networks.translation.convolution_units import convolution_unit, doubling_unit


class ResDown(nn.Module):
    """A strided convolution, h, and h + f(h): [n, inputs, *sides] -> [n, outputs, *sides / 2].

    f is a convolution of kernel 3, LeakyReLU, batch normalisation and dropout.
    dropout: share of values set to 0 while training; 0.5 in the thesis.  dims: 2 for slices, 3 for volumes.
    """

    def __init__(self, inputs: int, outputs: int, dropout: float = 0.0, dims: int = 3) -> None:
        super().__init__()
        self.downsample = convolution_unit(inputs, outputs, dropout, dims, stride=2)
        self.body = convolution_unit(outputs, outputs, dropout, dims)

    def forward(self, x: Tensor) -> Tensor:
        h = self.downsample(x)
        return h + self.body(h)


class ResUp(nn.Module):
    """A strided transposed convolution, h, and h + f(h, skip): [n, inputs, *sides] -> [n, outputs, *(2 * sides)].

    skip: maps [n, outputs, *(2 * sides)] of the encoder's same level, which the long connection brings; f sees them as
        further channels. Other arguments as those of `ResDown`.
    """

    def __init__(self, inputs: int, outputs: int, dropout: float = 0.0, dims: int = 3) -> None:
        super().__init__()
        self.upsample = doubling_unit(inputs, outputs, dropout, dims)
        self.body = convolution_unit(2 * outputs, outputs, dropout, dims)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        h = self.upsample(x)
        return h + self.body(torch.cat((h, skip), dim=1))
