"""A discriminator that judges each patch of an image by itself (Wei's thesis, sections 3.2.4 and 4.2.6).

Patches do not overlap, unlike the receptive fields of Isola et al. 2017, which in three dimensions would be more than a
million.
"""

import itertools
import math

from torch import Tensor, nn

from brainlab.networks.blocks import CONV, LEAK, normalisation, pooled_block
from brainlab.networks.translation.attention import FlexibleSelfAttention
from brainlab.networks.translation.convolution_units import require_multiples
from brainlab.networks.translation.residual_blocks import ResDown

CLASSES = 2
"""Fake is class 0, real class 1."""

WIDTHS = (32, 64, 128)
"""Maps after each halving of a patch; the thesis prints none."""

ATTENDED = 2
"""Attention comes after so many halvings, or after the last where there are fewer."""


def cut_patches(x: Tensor, patch: int) -> Tensor:
    """Cut images into patches that do not overlap: [n, c, *sides] -> [n * patches, c, patch, patch (, patch)].

    The patches of the first image come first, those of each image with the last side fastest.
    Raises InputError where a side does not divide by `patch`.
    """
    sides = x.shape[2:]
    require_multiples("the patch discriminator", sides, patch)
    for axis in range(2, x.ndim):
        x = x.unfold(axis, patch, patch)  # in the end [n, c, *(sides / patch), patch, ...]
    return x.movedim(1, 1 + len(sides)).flatten(0, len(sides))


class PatchDiscriminator(nn.Module):
    """Inputs and an image of the target, as channels, to the logits of each patch: [n, c, *sides] -> [n * patches, 2].

    One network for all patches: convolutions of kernel 3 and stride 1, each with batch normalisation, LeakyReLU and an
    average pooling that halves the sides, then a dense layer of two nodes, whose softmax the loss takes
    (`patch_loss.patch_cross_entropy`). While training, batch normalisation takes its mean over all patches; otherwise
    a patch's logits follow from its own voxels alone.

    channels: those of the inputs and of the target.
    patch: voxels a side, a multiple of 2 to the number of widths.
    widths: maps of each convolution.
    residual: as in the CF-SAGAN, each pooling is a ResDown block and flexible self-attention comes after `ATTENDED`.
    pool: voxels a side of the blocks that this attention pools.
    dims: 2 for slices, 3 for volumes.
    Raises InputError where the patch does not divide so often, or a side of the images does not divide by the patch.
    """

    def __init__(
        self,
        channels: int,
        patch: int = 32,
        widths: tuple[int, ...] = WIDTHS,
        *,
        residual: bool = False,
        pool: int = 1,
        dims: int = 3,
    ) -> None:
        super().__init__()
        require_multiples("a patch", (patch,) * dims, 2 ** len(widths))
        self.patch = patch
        layers: list[nn.Module] = []
        for number, (inputs, outputs) in enumerate(itertools.pairwise((channels, *widths)), start=1):
            if not residual:
                layers.append(pooled_block(inputs, outputs, "batch", dims))
                continue
            layers.append(_residual_stage(inputs, outputs, dims))
            if number == min(ATTENDED, len(widths)):
                layers.append(FlexibleSelfAttention(outputs, pool, dims))
        self.features = nn.Sequential(*layers)
        side = patch // 2 ** len(widths)
        self.dense = nn.Linear(widths[-1] * math.prod((side,) * dims), CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        patches = cut_patches(x, self.patch)
        return self.dense(self.features(patches).flatten(1))  # [n * patches, 2]


def _residual_stage(inputs: int, outputs: int, dims: int) -> nn.Sequential:
    """Return a convolution that keeps the size, normalised and bent, and the ResDown that halves its sides."""
    convolution = CONV[dims](inputs, outputs, 3, padding=1)
    return nn.Sequential(
        convolution, normalisation("batch", outputs, dims), nn.LeakyReLU(LEAK), ResDown(outputs, outputs, dims=dims)
    )
