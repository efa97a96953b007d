"""A tissue network that labels whole volumes slice by slice, on the grid of the volumes that it learned slices of."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from brainlab.images.grid import Grid, normal_axis
from brainlab.networks.perceptual.tissue_folder import TissueNetwork
from brainlab.types import Float32Array, UInt8Array

PIXELS_AT_ONCE = 2**18
"""Pixels of the slices that pass through the network together: 64 of 64 x 64, 4 of 256 x 256."""


@dataclass(frozen=True)
class VolumeSegmenter:
    """name: of the network's folder. tissue: it. grid: of the volumes that it labels. kind: which images these are."""

    name: str
    tissue: TissueNetwork
    grid: Grid
    kind: str

    @property
    def labels(self) -> tuple[str, ...]:
        """Names in the order of the numbers that voxels get, background first."""
        return self.tissue.settings.labels

    @property
    def regions(self) -> tuple[str, ...]:
        """The labels without the background."""
        return self.labels[1:]

    @property
    def plane(self) -> str:
        """The plane of the slices that are labelled one by one."""
        return self.tissue.settings.plane

    def segment(self, volume: Float32Array) -> UInt8Array:
        """Return the number of the label of each voxel of a volume [X, Y, Z] in [0, 1]: [X, Y, Z]."""
        axis = normal_axis(self.plane)
        slices = torch.from_numpy(np.ascontiguousarray(np.moveaxis(volume, axis, 0)))[:, None]  # [slices, 1, U, V]
        size = max(1, PIXELS_AT_ONCE // math.prod(slices.shape[2:]))
        with torch.inference_mode():
            found = torch.cat([self.tissue.network(part).argmax(1).to(torch.uint8) for part in slices.split(size)])
        return np.moveaxis(found.numpy(), 0, axis)

    def __str__(self) -> str:
        trained_on = "simulated scans" if self.tissue.settings.simulated else "real scans"
        return f"{self.name} ({self.plane} slices, sha256 {self.tissue.sha256[:16]}, trained on {trained_on})"
