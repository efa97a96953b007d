"""A classifier that sees how strong each feature is in an image, and not where: [n, 1, *size] to log odds [n]."""

import itertools

import torch
from torch import Tensor, nn

from brainlab.networks.blocks import SpaceToDepth, down_block


class TextureClassifier(nn.Module):
    """Halving convolutions, and after each the mean and standard deviation of its channels over the whole image.

    These numbers, 2 a channel, are normalised over the batch and weighed linearly. Sides need to be even.
    widths: channels after each halving of the image, whose blocks of 2 voxels a side are first folded into channels.
    """

    def __init__(self, widths: tuple[int, ...], spatial_dims: int) -> None:
        super().__init__()
        self.fold = SpaceToDepth()
        channels = (2**spatial_dims, *widths)
        self.blocks = nn.ModuleList(down_block(*pair, "batch", spatial_dims) for pair in itertools.pairwise(channels))
        self.normalise = nn.BatchNorm1d(2 * sum(widths))
        self.weigh = nn.Linear(2 * sum(widths), 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.fold(x)  # [n, 2^d, *size / 2]
        pooled = []
        for block in self.blocks:
            h = block(h)
            positions = h.flatten(2)  # [n, width, positions]
            pooled += [positions.mean(2), positions.std(2, unbiased=False)]
        log_odds: Tensor = self.weigh(self.normalise(torch.cat(pooled, 1)))[:, 0]
        return log_odds
