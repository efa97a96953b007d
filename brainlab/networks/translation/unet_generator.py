"""The 3D U-Net that generates in the Sketcher and in the Refiner (Wei's thesis, section 3.2.4, figure 3.3 A)."""

import torch
from torch import Tensor, nn

from brainlab.networks.blocks import CONV
from brainlab.networks.translation.convolution_units import convolution_unit, doubling_unit, require_multiples

LEVELS = 3
"""How often the sides are halved."""


class UNetGenerator(nn.Module):
    """Registered sequences [n, inputs, *sides] to one image of another, [n, 1, *sides], without bounds.

    On each of three levels: two convolutions, then a strided one that halves the sides and doubles the maps. Two
    convolutions at the bottom. On the way up: a strided transposed convolution, the maps of the same level beside it,
    two convolutions. A convolution to one map ends it.

    inputs: channels; noise (Sketcher) or the sketch (Refiner) counts as one.
    width: maps of the first level; 32 in the thesis, whose levels then have 32, 64, 128 and the bottom 256.
    dropout: share of values set to 0 while training.  dims: 2 for slices, 3 for volumes.
    Raises InputError where a side does not divide by 8.
    """

    def __init__(self, inputs: int, width: int = 32, dropout: float = 0.5, dims: int = 3) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(LEVELS)]
        entered = [inputs, *widths[1:]]
        self.down = nn.ModuleList(_pair(a, b, dropout, dims) for a, b in zip(entered, widths, strict=True))
        self.downsample = nn.ModuleList(convolution_unit(a, 2 * a, dropout, dims, stride=2) for a in widths)
        self.bottom = _pair(2 * widths[-1], 2 * widths[-1], dropout, dims)
        upwards = widths[::-1]
        self.upsample = nn.ModuleList(doubling_unit(2 * a, a, dropout, dims) for a in upwards)
        self.up = nn.ModuleList(_pair(2 * a, a, dropout, dims) for a in upwards)
        self.leave = CONV[dims](width, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        require_multiples("the U-Net generator", x.shape[2:], 2**LEVELS)
        carried: list[Tensor] = []
        for pair, downsample in zip(self.down, self.downsample, strict=True):
            x = pair(x)
            carried.append(x)
            x = downsample(x)
        x = self.bottom(x)
        for upsample, pair in zip(self.upsample, self.up, strict=True):
            x = pair(torch.cat((upsample(x), carried.pop()), dim=1))
        return self.leave(x)


def _pair(inputs: int, outputs: int, dropout: float, dims: int) -> nn.Sequential:
    return nn.Sequential(
        convolution_unit(inputs, outputs, dropout, dims), convolution_unit(outputs, outputs, dropout, dims)
    )
