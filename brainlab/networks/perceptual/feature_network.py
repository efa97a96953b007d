"""What a network must give to be looked through: maps for a perceptual loss, a vector for distances between sets."""

from abc import ABC, abstractmethod
from typing import Self

import torch
from torch import Tensor, nn

TISSUE_LEVEL, TISSUE_SHARE = 0.1, 0.01
"""A slice shows brain where at least so large a share of its pixels is brighter than so much; haze is not."""
MOST_SLICES = 40
"""Slices of a volume that are looked at, evenly taken: every one that shows brain up to 4 mm, every fourth of 1 mm."""
AT_ONCE = 2**20
"""Pixels that pass at once: 64 slices of 128 x 128."""


class FeatureNetwork(nn.Module, ABC):
    """A trained network that is looked through and never trained on: frozen, and always in evaluation mode.

    name: for settings and cards.  sha256: of its weights file.  trained_on: what it learnt from, in words.
    length: of its feature vector.  balanced: whether its maps are taken as they are in a perceptual loss, as published
    for it; otherwise each level's error is to be divided by that level's mean square on real images.
    """

    name: str
    sha256: str
    trained_on: str
    length: int
    balanced: bool = False

    @abstractmethod
    def levels(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return three levels of maps, fine to coarse, [n, maps, *sides], of slices [n, 1, X, Y] in [0, 1]."""

    @abstractmethod
    def pooled(self, x: Tensor) -> Tensor:
        """Return the mean over positions of the coarsest maps of slices [n, 1, X, Y] in [0, 1]: [n, length]."""

    def vector(self, x: Tensor) -> Tensor:
        """Return the features [n, length] of slices [n, 1, X, Y] or of volumes [n, 1, X, Y, Z], RAS, in [0, 1].

        Those of a volume are the mean over its axial slices that show brain, at most `MOST_SLICES` of them, or over all
        where none does.
        """
        if x.ndim == 4:
            return torch.cat([self.pooled(part) for part in x.split(max(1, AT_ONCE // x[0].numel()))])
        return torch.stack([self.vector(slices_with_brain(volume)).mean(0) for volume in x])

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode, whatever the network around it does."""
        return super().train(mode=False)

    def freeze(self) -> Self:
        """Let no gradient reach the weights, and no layer behave as in training."""
        return self.requires_grad_(False).eval()

    def __str__(self) -> str:
        return f"{self.name} (sha256 {self.sha256[:16]}, trained on {self.trained_on})"


def slices_with_brain(volume: Tensor) -> Tensor:
    """Return the axial slices [k, 1, X, Y] of a volume [1, X, Y, Z] that show brain, see `FeatureNetwork.vector`."""
    slices = volume.movedim(-1, 0)  # [Z, 1, X, Y]
    shown = (slices > TISSUE_LEVEL).flatten(1).float().mean(1) >= TISSUE_SHARE
    rows = torch.nonzero(shown)[:, 0] if bool(shown.any()) else torch.arange(len(slices), device=slices.device)
    evenly = torch.linspace(0, len(rows) - 1, min(len(rows), MOST_SLICES), device=rows.device)
    return slices[rows[evenly.round().long()]]
