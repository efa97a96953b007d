"""Bodies of two tissues, a bright core in a darker mantle, and a network by hand that labels these by brightness."""

import numpy as np
import pytest
import torch
from torch import nn

from brainlab.images.grid import Grid
from brainlab.networks.perceptual.tissue_folder import TissueNetwork, TissueSettings
from brainlab.networks.perceptual.volume_segmenter import VolumeSegmenter

SIDES = (22, 24, 20)
GRID = Grid(SIDES, np.diag([4.0, 4.0, 4.0, 1.0]))


class ByBrightness(nn.Module):
    """Slices [n, 1, X, Y] to logits: below .2 background, from .7 the core, between the mantle; `lesion` never."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        core, outside = (x > 0.7).float(), (x < 0.2).float()
        return torch.cat([outside, 1 - core - outside, core, torch.zeros_like(x) - 1], dim=1)


def drawn(matrix=None):
    """Return a body [X, Y, Z] whose points are those of the standard one, in voxels from its middle, by a matrix."""
    matrix = np.eye(4) if matrix is None else matrix
    places = np.stack(np.meshgrid(*map(np.arange, SIDES), indexing="ij"), axis=-1) - (np.array(SIDES) - 1) / 2
    x, y, z = np.moveaxis(places @ matrix[:3, :3].T + matrix[:3, 3], -1, 0)
    depth = 1 - np.sqrt((x / 8) ** 2 + (y / 9) ** 2 + (z / 7) ** 2)
    core = 1 - np.sqrt(((x - 2) / 3) ** 2 + ((y - 1) / 6) ** 2 + (z / 3) ** 2)
    mantle = 0.45 + 0.15 * np.sin(x / 2 + y / 3) * np.cos(z / 3)
    return np.where(core > 0, 0.9, np.where(depth > 0, mantle, 0)).astype(np.float32)


@pytest.fixture
def body():
    return drawn


@pytest.fixture
def segmenter(monkeypatch):
    """The network that every evaluation finds."""
    labels = ("background", "mantle", "core", "lesion")
    settings = TissueSettings(labels=labels, widths=(4,), data="made", data_sha256="", simulated=True, plane="coronal")
    found = VolumeSegmenter("by-hand", TissueNetwork(ByBrightness(), settings, "ab" * 32), GRID, "T1w images")
    monkeypatch.setattr("brainlab.networks.perceptual.find.find_segmenter", lambda *_: found)
    return found
