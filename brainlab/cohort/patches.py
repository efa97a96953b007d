"""Patches of volumes: a view that makes each volume a set of smaller ones, overlapping, without those outside the head.

Wei, section 4.3.1, learns from patches of 64^3 voxels that overlap by half.
"""

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.views import Batch, CutParts
from brainlab.errors import InputError
from brainlab.images.grid import Grid
from brainlab.types import FloatArray, IntArray

PATCH = "patch"
"""Column of a table of patches: the number of each in its scan."""

BRAIN_MM = (80.0, 100.0, 80.0)
"""Half axes, right, front and up, of an ellipsoid about the middle of a recipe's grid that holds the brains there."""

LEAST_BRAIN = 0.2
"""Share of a patch that must lie in that ellipsoid; the others show air, and a network learns nothing from them."""


@dataclass(frozen=True)
class Patches:
    """Patches [C, *sides] of volumes, on a lattice that reaches both ends of each side.

    sides: in voxels; where a volume is shorter, all of it.  overlap: least share of a side that neighbours have in
    common.
    """

    sides: tuple[int, int, int] = (64, 64, 64)
    overlap: float = 0.5

    def within(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the sides of the patches of volumes of a shape."""
        return tuple(min(side, length) for side, length in zip(self.sides, shape, strict=True))

    def corners(self, grid: Grid) -> IntArray:
        """Return the first voxel of each patch that shows enough of the head, [patches, 3]; of all where none does."""
        sides = self.within(grid.shape)
        starts = [_starts(length, side, self.overlap) for length, side in zip(grid.shape, sides, strict=True)]
        corners = np.array(list(itertools.product(*starts)))
        shares = np.array([_share_of_brain(grid, corner, sides) for corner in corners])
        kept = corners[shares >= LEAST_BRAIN]
        return kept if len(kept) else corners

    def of(self, data: PreparedDataset) -> PreparedDataset:
        if data.grid.plane is not None:
            raise InputError(f"{data.folder}: needs volumes, got {data.grid}; train a method for slices")
        corners, sides = self.corners(data.grid), self.within(data.shape)
        scans = data.scans.loc[data.scans.index.repeat(len(corners))].reset_index(drop=True)
        scans[PATCH] = np.tile(np.arange(len(corners)), len(data))
        labels = data.segmentations
        return dataclasses.replace(
            data,
            volumes=CutPatches(data.volumes, corners, sides),
            segmentations=None if labels is None else CutPatches(labels, corners, sides),
            scans=scans,
            recipe={**data.recipe, "shape": list(sides)},
            cut_from=data,
            part=f"patches of {' x '.join(map(str, sides))} voxels",
        )

    def batch(self, seen: PreparedDataset, rows: IntArray) -> Batch:
        return Batch(seen.batch(rows))


def _starts(length: int, side: int, overlap: float) -> IntArray:
    """Return where patches begin along one side: evenly from end to end, neighbours sharing at least `overlap`."""
    step = max(1, int(side * (1 - overlap)))
    return np.linspace(0, length - side, 1 + -(-(length - side) // step)).round().astype(int)


def _share_of_brain(grid: Grid, corner: IntArray, sides: tuple[int, ...], points: int = 8) -> float:
    """Return the share of a patch in the ellipsoid of the brains, by points on a lattice within it."""
    middle = (np.array(grid.shape) - 1) / 2
    spans: list[FloatArray] = [
        (first + (np.arange(points) + 0.5) / points * side - 0.5 - half) * spacing / radius
        for first, side, half, spacing, radius in zip(corner, sides, middle, grid.spacing_mm, BRAIN_MM, strict=True)
    ]
    x, y, z = np.meshgrid(*spans, indexing="ij", sparse=True)
    return float((x**2 + y**2 + z**2 <= 1).mean())


class CutPatches(CutParts):
    """The same patches of each of many volumes [N, ..., X, Y, Z]. corners: [patches, 3].  sides: of each patch."""

    def __init__(self, volumes: npt.NDArray[Any], corners: IntArray, sides: tuple[int, ...]) -> None:
        self.corners, self.sides = corners, sides
        super().__init__(volumes, len(corners), (*volumes.shape[1:-3], *sides))

    def part(self, scan: int, place: int) -> npt.NDArray[Any]:
        x, y, z = (slice(first, first + side) for first, side in zip(self.corners[place], self.sides, strict=True))
        return np.asarray(self.volumes[scan, ..., x, y, z])
