"""The steps of a recipe: from a brain on its grid to what models read. Each has a number or two and `apply`."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from brainlab.cohort.template import GRID_ORIGIN_MM, grid_affine
from brainlab.errors import IntensityError
from brainlab.images.volume import Volume
from brainlab.types import Float32Array, FloatArray


class Step(ABC):
    """One step; `recipe.json` keeps its fields, and its `words` for people."""

    @property
    @abstractmethod
    def words(self) -> str:
        """What is done, for the record."""

    def concerns(self, sequence: str | None) -> bool:
        """Whether images of a sequence take this step; None where a recipe has one sequence and no name for it."""
        return True

    @abstractmethod
    def apply(self, volume: Volume) -> Volume:
        """Return the volume after the step. Raises IntensityError where there is nothing to work on."""


@dataclass(frozen=True, kw_only=True)
class BlockMeans(Step):
    """Average an axis-aligned volume in template space over cubes.

    Each value is the mean over a cube of space, voxels counted by the share that lies inside (outside the image is 0):
    the plain mean of 4x4x4 voxels where the volume is on the 1 mm grid, and of what covers the cube on any other.

    trim: first and one-past-last 1 mm voxel of the template's grid (182x218x182) kept along each axis.
    block_mm: edge of the cubes.
    """

    trim: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
    block_mm: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the result."""
        x, y, z = ((stop - start) // self.block_mm for start, stop in self.trim)
        return x, y, z

    @property
    def affine(self) -> FloatArray:
        """The 4x4 matrix from the result's voxels to mm (RAS): the centre of each block."""
        affine = np.diag([self.block_mm, self.block_mm, self.block_mm, 1.0])
        first = grid_affine() @ [*(start for start, _ in self.trim), 1.0]
        affine[:3, 3] = first[:3] + (self.block_mm - 1) / 2
        return affine

    @property
    def words(self) -> str:
        size = "x".join(str(stop - start) for start, stop in self.trim)
        kept = ", ".join(f"{start}:{stop}" for start, stop in self.trim)
        block = "x".join([str(self.block_mm)] * 3)
        return f"trimmed to {size}: [{kept}], mean of {block} blocks"

    def apply(self, volume: Volume) -> Volume:
        means = volume.data
        for axis, count in enumerate(self.shape):
            start = GRID_ORIGIN_MM[axis] + self.trim[axis][0] - 0.5
            edges = start + self.block_mm * np.arange(count + 1)
            weights = _overlaps(edges, volume.affine[axis, 3], volume.affine[axis, axis], volume.data.shape[axis])
            # each turn drops the first axis and appends its means: [X, Y, Z] -> [Y, Z, x] -> [Z, x, y] -> [x, y, z]
            means = np.tensordot(means, weights, axes=(0, 1))
        return Volume(np.ascontiguousarray(means), self.affine)


@dataclass(frozen=True, kw_only=True)
class BoundAbove(Step):
    """Set what is brighter than a percentile to it, zeros of the background included (FLAIR IntroVAE, section 3)."""

    upper_percentile: float

    @property
    def words(self) -> str:
        return f"upper bound at the {self.upper_percentile:g}th percentile"

    def apply(self, volume: Volume) -> Volume:
        bounded = np.minimum(volume.data, np.percentile(volume.data, self.upper_percentile))
        return Volume(bounded.astype(np.float32), volume.affine)


@dataclass(frozen=True, kw_only=True)
class UnitRange(Step):
    """Shift the minimum to 0 and divide by the maximum: intensities in [0, 1] (FLAIR IntroVAE, section 3)."""

    @property
    def words(self) -> str:
        return "minimum shifted to 0, divided by the maximum"

    def apply(self, volume: Volume) -> Volume:
        data = volume.data - volume.data.min()
        if not (highest := float(data.max())) > 0:
            raise IntensityError("no contrast left inside the brain: every value is the same")
        return Volume(data / np.float32(highest), volume.affine)


@dataclass(frozen=True, kw_only=True)
class ClipPercentiles(Step):
    """Clip the brain's intensities between two of their percentiles, and scale these to 0 and 1 (slice VAE, 3.2).

    What is 0 is background: it stays 0 and has no part in the percentiles.
    """

    low_percentile: float
    high_percentile: float

    @property
    def words(self) -> str:
        return (
            f"brain clipped to its {self.low_percentile:g}th and {self.high_percentile:g}th percentile, scaled to 0 "
            "and 1"
        )

    def apply(self, volume: Volume) -> Volume:
        brain = volume.data != 0
        if not brain.any():
            raise IntensityError("no contrast left inside the brain: every value is the same")
        low, high = np.percentile(volume.data[brain], (self.low_percentile, self.high_percentile))
        if not high > low:
            raise IntensityError("no contrast left inside the brain: every value is the same")
        scaled = np.clip((volume.data - low) / (high - low), 0, 1).astype(np.float32)
        return Volume(np.where(brain, scaled, np.float32(0)), volume.affine)


@dataclass(frozen=True, kw_only=True)
class DivideByMaximum(Step):
    """Set what is negative to 0 and divide by the maximum: intensities in [0, 1], 0 where they were 0 (DWI, 3.1)."""

    @property
    def words(self) -> str:
        return "divided by the maximum"

    def apply(self, volume: Volume) -> Volume:
        data = volume.data * (volume.data > 0)
        if not (highest := float(data.max())) > 0:
            raise IntensityError("no contrast left inside the brain: every value is the same")
        return Volume(data / np.float32(highest), volume.affine)


@dataclass(frozen=True, kw_only=True)
class DivideBy127(Step):
    """Divide grey levels of 0 to 255 by 127, as the code of the IXI thesis does: `paper_exact` alone.

    Its images reach 2, which a decoder into [0, 1] cannot; here all above 1 is 1, as it then learns to show it.
    """

    @property
    def words(self) -> str:
        return "grey levels of 0 to 255 divided by 127, above 1 set to 1 (an error of the published code)"

    def apply(self, volume: Volume) -> Volume:
        return Volume(np.minimum(volume.data * np.float32(255 / 127), np.float32(1)), volume.affine)


def _overlaps(edges: FloatArray, first: float, step: float, count: int) -> Float32Array:
    """Share of each block [n] that each voxel along an axis covers: [n, count], rows summing to at most 1."""
    centres = first + step * np.arange(count)
    low, high = centres - abs(step) / 2, centres + abs(step) / 2
    covered = np.minimum(edges[1:, None], high) - np.maximum(edges[:-1, None], low)
    return (np.clip(covered, 0, None) / np.diff(edges)[:, None]).astype(np.float32)
