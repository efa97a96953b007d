"""Which side of an image is which: the one place that turns voxels into pictures, for slices and for volumes.

Images in memory are in RAS order: the first axis of a volume [X, Y, Z] runs towards the patient's right, the second to
the front, the third upwards. A slice keeps the order of its two remaining axes: axial [X, Y], coronal [X, Z], sagittal
[Y, Z]. Pictures are [rows, columns], row 0 at the top, in radiological convention: the patient's right is on the left
of axial and coronal slices and the nose points to the left in sagittal ones; front (axial) or top is up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from brainlab.errors import InputError
from brainlab.types import FloatArray

PLANES = ("axial", "coronal", "sagittal")
AXES = {"axial": (0, 1), "coronal": (0, 2), "sagittal": (1, 2)}
"""The two axes of RAS that a plane shows: across the picture, and up."""

ENDS = (("L", "R"), ("P", "A"), ("I", "S"))
"""Letters of the low and the high end of each axis."""

Scalar = TypeVar("Scalar", bound=np.generic)


class Sides(NamedTuple):
    """Letters of the patient's sides at the four edges of a picture: R, L, A, P, S, I."""

    left: str
    right: str
    top: str
    bottom: str


def normal_axis(plane: str) -> int:
    """Return the axis of RAS that a plane cuts across."""
    return ({0, 1, 2} - set(AXES[plane])).pop()


def upright(section: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """Turn a slice [..., U, V], whose axes run across and up, into a picture [..., rows, columns].

    Both axes run from the far edge, so the same call turns a picture back into a slice.
    """
    return section[..., ::-1, ::-1].swapaxes(-1, -2)


@dataclass(frozen=True, eq=False)
class Grid:
    """Where the voxels of an image lie in the patient, and how the image is looked at.

    shape: of the image without channels, [X, Y, Z] of a volume or the two sides of a slice.
    affine: [4, 4] from voxel indices to mm (RAS). A slice has that of a volume of one voxel along its normal.
    plane: axial, coronal or sagittal for slices; None for volumes.

    Images of any dtype are taken, with any axes before those of the grid, such as a channel.
    Raises InputError where shape, affine and plane do not fit together.

    >>> grid = Grid((40, 48, 40), np.diag([4.0, 4, 4, 1]))
    >>> grid.sides("sagittal")
    Sides(left='A', right='P', top='S', bottom='I')
    >>> grid.view(np.zeros((40, 48, 40)), "axial").shape
    (48, 40)
    """

    shape: tuple[int, ...]
    affine: FloatArray
    plane: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(int(side) for side in self.shape))
        object.__setattr__(self, "affine", np.asarray(self.affine, dtype=float))
        if self.affine.shape != (4, 4):
            raise InputError(f"affine: needs 4 x 4 numbers, got {' x '.join(map(str, self.affine.shape))}")
        if self.plane not in (None, *PLANES):
            raise InputError(f"plane: needs one of {', '.join(PLANES)}, got {self.plane!r}")
        if len(self.shape) != (3 if self.plane is None else 2):
            kind = "a volume needs 3 sides" if self.plane is None else f"{self.plane} slices need 2 sides"
            raise InputError(f"shape: {kind}, got {len(self.shape)}: {list(self.shape)}")

    @classmethod
    def recorded(cls, shape: tuple[int, ...], record: Mapping[str, Any]) -> "Grid":
        """Return the grid of images of a shape from the `affine` and `plane` of a `recipe.json` or `config.json`.

        Records without `plane` are of volumes where the images have three sides, and of axial slices where two.
        """
        return cls(shape, record["affine"], record.get("plane") or ("axial" if len(shape) == 2 else None))

    @classmethod
    def unplaced(cls, shape: tuple[int, ...]) -> "Grid":
        """Return a grid of 1 mm voxels for images whose place in the patient nobody asks for."""
        return cls.recorded(shape, {"affine": np.eye(4)})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grid) and self.fits(other) and np.array_equal(self.affine, other.affine)

    def __hash__(self) -> int:
        return hash((self.shape, self.plane, self.affine.tobytes()))

    def __str__(self) -> str:
        sides = " x ".join(map(str, self.shape))
        return f"{'volumes' if self.plane is None else f'{self.plane} slices'} of {sides} {self.element}s"

    @property
    def noun(self) -> str:
        """What one image is called where images are counted: scan, or slice, of which a scan has many."""
        return "scan" if self.plane is None else "slice"

    @property
    def element(self) -> str:
        """What one of its values is called: voxel, or pixel of a slice."""
        return "voxel" if self.plane is None else "pixel"

    def fits(self, other: "Grid") -> bool:
        """Whether images of the other grid have the same sides and show the same plane."""
        return (self.shape, self.plane) == (other.shape, other.plane)

    @property
    def planes(self) -> tuple[str, ...]:
        """The planes that can be shown."""
        return PLANES if self.plane is None else (self.plane,)

    @property
    def axes(self) -> tuple[int, ...]:
        """Which axis of RAS each side of the image lies along."""
        return (0, 1, 2) if self.plane is None else AXES[self.plane]

    @property
    def spacing_mm(self) -> tuple[float, ...]:
        """Distance of neighbouring voxels along each side of the image."""
        lengths = np.linalg.norm(self.affine[:3, :3], axis=0)
        return tuple(float(lengths[axis]) for axis in self.axes)

    @property
    def volume_shape(self) -> tuple[int, int, int]:
        """Shape [X, Y, Z], of one voxel along the normal of a slice. The order in memory is the same."""
        x, y, z = (self.shape[self.axes.index(axis)] if axis in self.axes else 1 for axis in range(3))
        return x, y, z

    def depth(self, plane: str | None = None) -> int:
        """Return the number of slices along the normal of a plane."""
        return self.volume_shape[normal_axis(self._chosen(plane))]

    def middle(self, plane: str | None = None) -> int:
        """Return the number of the middle slice of a plane."""
        return self.depth(plane) // 2

    def sides(self, plane: str | None = None) -> Sides:
        """Return the letters at the edges of a plane's picture."""
        across, up = (ENDS[axis] for axis in AXES[self._chosen(plane)])
        return Sides(left=across[1], right=across[0], top=up[1], bottom=up[0])

    def pixel_size_mm(self, plane: str | None = None) -> tuple[float, float]:
        """Return the height and the width of one pixel of a plane's picture."""
        lengths = np.linalg.norm(self.affine[:3, :3], axis=0)
        across, up = AXES[self._chosen(plane)]
        return float(lengths[up]), float(lengths[across])

    def slice_grid(self, plane: str, index: int | None = None) -> "Grid":
        """Return the grid of one slice of a volume, the middle one if no index is given."""
        number = self.middle(plane) if index is None else index
        affine = self.affine.copy()
        affine[:3, 3] += affine[:3, normal_axis(plane)] * number
        return Grid(tuple(self.volume_shape[axis] for axis in AXES[plane]), affine, plane)

    def cut(
        self, image: npt.NDArray[Scalar], plane: str | None = None, index: int | None = None
    ) -> npt.NDArray[Scalar]:
        """Return one slice [..., U, V] in RAS order, the middle one if no index is given; its grid is `slice_grid`.

        plane: may be left out for a slice, which is returned as it is.
        """
        plane = self._chosen(plane)
        if image.shape[image.ndim - len(self.shape) :] != self.shape:
            raise InputError(f"image: needs {self}, got an array of {list(image.shape)}")
        if self.plane is not None:
            return image
        return np.take(image, self.middle(plane) if index is None else index, axis=normal_axis(plane) - 3)

    def view(
        self, image: npt.NDArray[Scalar], plane: str | None = None, index: int | None = None
    ) -> npt.NDArray[Scalar]:
        """Return a slice as it is looked at: [..., rows, columns], the middle slice if no index is given."""
        return upright(self.cut(image, plane, index))

    def voxel(self, row: int, column: int, plane: str | None = None, index: int | None = None) -> tuple[int, ...]:
        """Return the index in the image of a pixel of `view`."""
        plane = self._chosen(plane)
        across, up = AXES[plane]
        place = [0, 0, 0]
        place[normal_axis(plane)] = self.middle(plane) if index is None else index
        place[across] = self.volume_shape[across] - 1 - column
        place[up] = self.volume_shape[up] - 1 - row
        return tuple(place[axis] for axis in self.axes)

    def _chosen(self, plane: str | None) -> str:
        """Return the plane asked for, a slice's own one if none is; raise InputError where it cannot be shown."""
        chosen = plane or self.plane
        if chosen not in self.planes:
            raise InputError(f"plane: {self} can be shown as {' or '.join(self.planes)}, got {chosen}")
        return chosen
