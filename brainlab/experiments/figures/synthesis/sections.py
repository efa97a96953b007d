"""Axial sections of held-out scans through their lesions, cropped to the brain, as tiles of a sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.views import places_of, regions_of
from brainlab.errors import InputError
from brainlab.figures.sheet import BODY_IN
from brainlab.figures.slices import GAP_IN, LABEL_IN, Tile
from brainlab.images.grid import Grid
from brainlab.images.regions import LESION, NAWM
from brainlab.types import BoolArray, Float32Array, IntArray, UInt8Array

Scalar = TypeVar("Scalar", bound=np.generic)

PLANE = "axial"
MARGIN = 3
"""Voxels left around the brain."""
DARKEST, BRIGHTEST = 1.0, 99.8
"""Percentiles of the true image's brain that are black and white."""
LARGEST_IN = 1.35
GREYS, STEPS = 63, 7
"""Levels of grey, and of each colour of a difference: noise in more of them would fill the file, and none is seen."""
COLOURS = 256
"""Of a sheet of such tiles."""


@dataclass(frozen=True)
class Section:
    """An axial slice of a scan, cropped to its brain. corner, shape: of the crop, in voxels of the slice."""

    whole: Grid
    index: int
    corner: tuple[int, int]
    shape: tuple[int, int]

    @classmethod
    def through(cls, what: BoolArray, brain: BoolArray, whole: Grid) -> "Section":
        """Return the slice that shows most voxels of something, or of the brain where there are none of it."""
        shown = what if what.any() else brain
        index = int(shown.sum(axis=(0, 1)).argmax())
        u, v = np.nonzero(brain.any(axis=2))
        first = np.maximum([u.min() - MARGIN, v.min() - MARGIN], 0)
        last = np.minimum([u.max() + MARGIN + 1, v.max() + MARGIN + 1], brain.shape[:2])
        (left, low), (width, height) = first.tolist(), (last - first).tolist()
        return cls(whole, index, (left, low), (width, height))

    @property
    def grid(self) -> Grid:
        return Grid(self.shape, self.whole.affine, PLANE)

    def cut(self, volume: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Return the section of a volume [X, Y, Z] -> [U, V]."""
        (left, low), (width, height) = self.corner, self.shape
        return self.whole.cut(volume, PLANE, self.index)[left : left + width, low : low + height]

    def grey(
        self,
        volume: Float32Array,
        window: tuple[float, float],
        *,
        outline: BoolArray | None = None,
        painted: UInt8Array | None = None,
        colours: tuple[str, ...] = (),
    ) -> Tile:
        """Return a tile of a volume, black and white at the ends of a window.

        outline, painted: volumes too, as `Tile` shows them.
        """
        low, high = window
        image = _levels(np.clip((self.cut(volume) - np.float32(low)) / np.float32(high - low), 0, 1), GREYS)
        over, around = self._labels(painted), self._labels(outline)
        return Tile(image, self.grid, PLANE, painted=over, colours=colours, outline=around)

    def difference(self, volume: Float32Array, limit: float) -> Tile:
        """Return a tile of a difference, strongest in colour from `limit` on."""
        steps = _levels(np.clip(self.cut(volume) / np.float32(limit), -1, 1), STEPS)
        return Tile(steps * np.float32(limit), self.grid, PLANE, limit=limit)

    def heat(self, volume: Float32Array, highest: float, outline: BoolArray | None = None) -> Tile:
        """Return a tile of a map, brightest from `highest` on."""
        image = _levels(np.clip(self.cut(volume) / np.float32(highest), 0, 1), GREYS)
        return Tile(image, self.grid, PLANE, heat=True, outline=self._labels(outline))

    def _labels(self, volume: BoolArray | UInt8Array | None) -> UInt8Array | None:
        return None if volume is None else self.cut(volume).astype(np.uint8)


@dataclass(frozen=True)
class HeldOutScan:
    """One row of a dataset. Raises InputError where nothing says what is brain, lesion and white matter."""

    data: PreparedDataset
    row: int

    @cached_property
    def images(self) -> Float32Array:
        """All sequences, as z-scores [C, X, Y, Z]."""
        return self.data.batch(np.array([self.row]))[0]

    @cached_property
    def regions(self) -> IntArray:
        return _regions(self.data, self.row)

    @cached_property
    def brain(self) -> BoolArray:
        return np.asarray(self.data.segmentations[self.row]) > 0  # type: ignore[index]

    @property
    def lesions(self) -> BoolArray:
        return self.regions == LESION

    @property
    def white_matter(self) -> BoolArray:
        """White matter with its lesions."""
        return self.lesions | (self.regions == NAWM)

    def sequences(self, names: Sequence[str]) -> Float32Array:
        return self.images[places_of(names, self.data)]

    def section(self, what: BoolArray | None = None) -> Section:
        """Return the axial slice that shows most of something, by default of the lesions."""
        return Section.through(self.lesions if what is None else what, self.brain, self.data.grid)


def of_median_load(data: PreparedDataset, rows: Sequence[int]) -> HeldOutScan:
    """Return the scan whose lesions have the median volume among those with lesions; the larger of two in the middle.

    Raises InputError where none has any.
    """
    loads = [(int((_regions(data, row) == LESION).sum()), row) for row in rows]
    with_lesions = sorted(load for load in loads if load[0])
    if not with_lesions:
        raise InputError(f"{data.folder}: needs a held-out scan with lesions, got none; do the other folds too")
    return HeldOutScan(data, with_lesions[len(with_lesions) // 2][1])


def spread_over_load(data: PreparedDataset, rows: Sequence[int], count: int) -> list[HeldOutScan]:
    """Return so many scans with lesions, or all, evenly taken from those with fewest to those with most lesions.

    Each is of another person. Raises InputError where there are none.
    """
    loads = sorted((int((_regions(data, row) == LESION).sum()), row) for row in rows)
    people: dict[str, int] = {}
    for load, row in loads:
        if load:
            people.setdefault(str(data.scans["participant"].iloc[row]), row)
    if not people:
        raise InputError(f"{data.folder}: needs a held-out scan with lesions, got none; do the other folds too")
    several = list(people.values())
    places = np.unique(np.linspace(0, len(several) - 1, count).round().astype(int))
    return [HeldOutScan(data, several[place]) for place in places.tolist()]


def within(brain: BoolArray, volume: Float32Array, beyond: float = 0.0) -> Float32Array:
    """Return a volume with one value outside of the brain."""
    return np.where(brain, volume, np.float32(beyond)).astype(np.float32)


def window_of(truth: Float32Array, brain: BoolArray, lowest: float | None = None) -> tuple[float, float]:
    """Return what is black and what is white: percentiles of the true image's brain, or `lowest` for black."""
    low, high = np.percentile(truth[brain], [DARKEST, BRIGHTEST])
    return (float(low) if lowest is None else lowest), float(high)


def common_limit(differences: Sequence[Float32Array], brain: BoolArray, percentile: float = 99.0) -> float:
    """Return a limit of two digits that so many percent of all differences in the brain lie within."""
    found = np.percentile(np.abs([each[brain] for each in differences]), percentile)
    return float(f"{max(float(found), 1e-6):.2g}")


def in_bands(titles: Sequence[str], most: int = 6) -> list[list[str]]:
    """Deal titles into rows of at most so many, of about the same length."""
    rows = -(-len(titles) // most)
    columns = -(-len(titles) // rows)
    return [list(titles[start : start + columns]) for start in range(0, len(titles), columns)]


def tile_width_in(columns: int) -> float:
    """Return the side of so many tiles beside one another."""
    return min(LARGEST_IN, (BODY_IN - LABEL_IN) / columns - GAP_IN)


def _levels(image: Float32Array, count: int) -> Float32Array:
    """Round to so many equal steps from 0 to 1."""
    rounded: Float32Array = np.rint(image * np.float32(count)) / np.float32(count)
    return rounded


def _regions(data: PreparedDataset, row: int) -> IntArray:
    regions = regions_of(data, np.array([row]))
    if regions is None:
        raise InputError(
            f"{data.folder}: needs segmentations with lesions and white matter, got none; prepare with --segmentations"
        )
    return regions[0, 0]
