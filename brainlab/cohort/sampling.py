"""The grids of recipes other than block means: where the voxels of a result lie in a head, or in a picture."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from brainlab.types import FloatArray


class Space(StrEnum):
    """In what space a recipe's grid lies.

    TEMPLATE: that of the MNI152 template, to which the affine fit brings a head.
    UPRIGHT: turned as the template is, in the head's own size, the brain's box in the middle of the grid.
    OWN: along the axes of the scan itself, which the fit only places.
    """

    TEMPLATE = "template"
    UPRIGHT = "upright"
    OWN = "own"


SPACE_WORDS = {
    Space.TEMPLATE: "in the template's space",
    Space.UPRIGHT: "turned as the template is, in the head's own size, around the middle of the brain's box",
    Space.OWN: "along the scan's own axes and in its own size",
}


@dataclass(frozen=True, kw_only=True)
class SampledGrid:
    """A grid on which a scan is sampled linearly; where it is coarser than the scan, a value is a mean of samples.

    whole: shape of the grid the paper speaks of. kept: first and one-past-last slice along z that are kept of it.
    voxel_mm: distance of neighbours along each axis. centre_mm: where the middle of the whole grid lies, in mm of the
    template; in a space of the head's own size the middle of what is kept lies on that point of the head.
    stripped: whether all but the brain is 0.
    """

    space: Space
    whole: tuple[int, int, int]
    voxel_mm: tuple[float, float, float]
    centre_mm: tuple[float, float, float]
    stripped: bool
    kept: tuple[int, int] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the result."""
        x, y, z = self.whole
        return (x, y, z) if self.kept is None else (x, y, self.kept[1] - self.kept[0])

    @property
    def affine(self) -> FloatArray:
        """The 4x4 matrix from the result's voxels to mm: the template's, or as if the head had the template's place."""
        affine = np.diag([*self.voxel_mm, 1.0])
        first = np.array([0, 0, 0 if self.kept is None else self.kept[0]])
        affine[:3, 3] = self.centre_mm + (first - (np.array(self.whole) - 1) / 2) * self.voxel_mm
        return affine

    @property
    def middle_mm(self) -> FloatArray:
        """The middle of what is kept."""
        return self.affine[:3, :3] @ ((np.array(self.shape) - 1) / 2) + self.affine[:3, 3]

    @property
    def words(self) -> str:
        size, voxel = ("x".join(f"{number:g}" for number in numbers) for numbers in (self.whole, self.voxel_mm))
        kept = "" if self.kept is None else f", axial slices {self.kept[0]}:{self.kept[1]} kept"
        return f"linear sampling on {size} voxels of {voxel} mm {SPACE_WORDS[self.space]}{kept}"


@dataclass(frozen=True, kw_only=True)
class PictureSquare:
    """A square for pictures of any size: padded with black on its shorter sides, then resampled linearly.

    side: pixels along each side of the result. The size of a pixel in mm is not known and taken for 1.
    """

    side: int

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the result."""
        return self.side, self.side

    @property
    def affine(self) -> FloatArray:
        """A matrix of 1 mm voxels, since pictures do not tell their place."""
        return np.eye(4)

    @property
    def words(self) -> str:
        return f"padded to a square with black, resampled linearly to {self.side}x{self.side}"
