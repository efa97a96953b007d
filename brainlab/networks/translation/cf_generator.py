"""The generator of the conditional flexible self-attention GAN, CF-SAGAN (Wei's thesis, section 4.2.6, figure 4.2)."""

import itertools

from torch import Tensor, nn

from brainlab.networks.blocks import CONV
from brainlab.networks.translation.attention import FlexibleSelfAttention
from brainlab.networks.translation.convolution_units import convolution_unit, require_multiples
from brainlab.networks.translation.residual_blocks import ResDown, ResUp

BLOCKS = 4
"""ResDown blocks on the way down, and ResUp blocks on the way up."""

ATTENDED = 2
"""Attention comes after so many of them each way, at a quarter of the sides."""


class CFGenerator(nn.Module):
    """Registered sequences [n, inputs, *sides] to one image of another, [n, 1, *sides], without bounds.

    A convolution, four ResDown blocks, four ResUp blocks and a convolution to one map. Flexible self-attention stands
    in the middle of the blocks each way, so at a quarter of the sides: 16^3 places for a patch of 64^3 voxels at pool
    1. Each level of the encoder goes to the same level of the decoder by a long connection.

    inputs: channels; noise (Sketcher) or the sketch (Refiner) counts as one.
    width: maps of the first convolution, doubled by each ResDown; 16 in the thesis. Needs to be even.
    pool: voxels a side of the blocks that attention pools.
    dropout: share of values set to 0 while training.  dims: 2 for slices, 3 for volumes.
    Raises InputError where a side does not divide by 16.
    """

    def __init__(self, inputs: int, width: int = 16, pool: int = 1, dropout: float = 0.5, dims: int = 3) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(BLOCKS + 1)]
        attended = widths[ATTENDED]
        self.enter = convolution_unit(inputs, width, dropout, dims)
        self.down = nn.ModuleList(ResDown(a, b, dropout, dims) for a, b in itertools.pairwise(widths))
        self.attend_down = FlexibleSelfAttention(attended, pool, dims)
        self.up = nn.ModuleList(ResUp(a, b, dropout, dims) for a, b in itertools.pairwise(widths[::-1]))
        self.attend_up = FlexibleSelfAttention(attended, pool, dims)
        self.leave = CONV[dims](width, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        require_multiples("the CF-SAGAN generator", x.shape[2:], 2**BLOCKS)
        x = self.enter(x)
        carried: list[Tensor] = []
        for number, down in enumerate(self.down, start=1):
            carried.append(x)
            x = down(x)
            if number == ATTENDED:
                x = self.attend_down(x)
        for number, up in enumerate(self.up, start=1):
            x = up(x, carried.pop())
            if number == ATTENDED:
                x = self.attend_up(x)
        return self.leave(x)
