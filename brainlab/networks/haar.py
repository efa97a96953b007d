"""One level of the orthonormal Haar transform, for images of two and of three dimensions.

Along each side two neighbours a, b become their scaled sum and difference, (a + b) / sqrt(2) and (a - b) / sqrt(2). All
sides together give 2^d bands at half the size, which hold the same numbers in another basis: nothing is lost, the sum
of squares is kept, and white noise stays white. A network on bands therefore works at a quarter (slices) or an eighth
(volumes) of the positions.
"""

import torch
from torch import Tensor

from brainlab.errors import InputError
from brainlab.networks.blocks import depth_to_space, space_to_depth

SPREAD_FLOOR = 0.001
"""Smallest standard deviation that a band is divided by; rounding to 8 bits alone gives as much."""


def haar_bands(x: Tensor) -> Tensor:
    """Return the bands of images: [n, c, *s] -> [n, c * 2^d, *(s / 2)].

    The bands of one channel follow each other: first the low band, 2^(d/2) times the mean of each block; then, for
    slices, differences along the second side, along the first, and along both; in general, band b has differences
    along those sides whose bit is set in b, the last side being the lowest bit.

    Raises InputError where a side is odd.
    """
    if any(side % 2 for side in x.shape[2:]):
        raise InputError(f"Haar bands: needs even sides, got {tuple(x.shape[2:])}; prepare scans of another shape")
    return _per_block(space_to_depth(x), x.shape[1])


def from_haar_bands(bands: Tensor) -> Tensor:
    """Return the images of bands: [n, c * 2^d, *s] -> [n, c, *(2 * s)]; undoes `haar_bands`."""
    return depth_to_space(_per_block(bands, bands.shape[1] // 2 ** (bands.ndim - 2)))


def _per_block(x: Tensor, channels: int) -> Tensor:
    """Transform the 2^d values of each block, which are channels; done twice it changes nothing.

    Sums and not a matrix product, which mixed precision would round to 8 bits.
    """
    dims = x.ndim - 2
    block = x.unflatten(1, (channels, *[2] * dims))  # [n, c, 2, ..., 2, *s]
    for side in range(2, 2 + dims):
        first, second = block.unbind(side)
        block = torch.stack((first + second, first - second), dim=side)
    return block.flatten(1, 1 + dims) / 2 ** (dims / 2)


def spread_and_mean(bands: Tensor, *, even_voxels: bool = False) -> tuple[Tensor, Tensor]:
    """Return standard deviation, at least SPREAD_FLOOR, and mean of each band, or voxel of a band: [1, bands, ...]."""
    over = (0, *(() if even_voxels else range(2, bands.ndim)))
    spread, mean = torch.std_mean(bands, dim=over, correction=0, keepdim=True)
    return spread.clamp(min=SPREAD_FLOOR), mean
