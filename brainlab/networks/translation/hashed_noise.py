"""Noise that follows from images: random in kind, the same wherever and whenever the same voxels are seen.

Noise from a seeded generator depends on the size and the order of what is asked of it. Patches that overlap would each
have their own at the same voxel, and their blend would be smoother than either. Here the noise of a block of voxels is
a hash of the block's own values.
"""

import torch
from torch import Tensor

from brainlab.networks.blocks import space_to_depth

_MULTIPLIERS = (0xBF58476D1CE4E5B9 - 2**64, 0x94D049BB133111EB - 2**64)
_INCREMENT = 0x9E3779B97F4A7C15 - 2**64
"""Of SplitMix64 (Steele, Lea, Flood 2014, figure 13), as signed integers."""


def hashed_noise(x: Tensor) -> Tensor:
    """Return standard normal numbers for each block of two voxels a side: [n, c, *s] -> [n, 2^d, *(s / 2)], float32.

    Those of a block follow from its voxels in all channels and from nothing else. They are 0 where each channel is
    constant over the block, as in air that was set to one value, which would have one number all over.
    """
    blocks = space_to_depth(x.float() + 0)  # + 0, since -0 has other bits than 0
    cells = 2 ** (x.ndim - 2)
    bits = blocks.contiguous().view(torch.int32).long()  # [n, c * cells, *(s / 2)]
    key = torch.zeros_like(bits[:, 0])
    for part in bits.unbind(1):
        key = _mixed(key ^ part)
    draws = torch.stack([_mixed(key ^ band) for band in range(cells)], dim=1)
    uniform = (_shifted(draws, 11).double() + 0.5) / 2**53
    each = blocks.unflatten(1, (x.shape[1], cells))
    varies = (each.amax(2) != each.amin(2)).any(1, keepdim=True)
    return torch.special.ndtri(uniform).float() * varies


def _mixed(key: Tensor) -> Tensor:
    """Return the next number of SplitMix64 after a state, of 64 bits."""
    key = key + _INCREMENT
    key = (key ^ _shifted(key, 30)) * _MULTIPLIERS[0]
    key = (key ^ _shifted(key, 27)) * _MULTIPLIERS[1]
    return key ^ _shifted(key, 31)


def _shifted(key: Tensor, places: int) -> Tensor:
    """Shift to the right as if integers had no sign."""
    return (key >> places) & (2 ** (64 - places) - 1)
