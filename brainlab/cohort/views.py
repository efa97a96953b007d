"""What a method reads of a prepared dataset: whole images, slices, or pairs of sequences, as a dataset of its own.

A view turns a dataset into the dataset that the method sees, one row an image. Training, encoding, evaluation and
pages then work on either alike.
"""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.images.grid import Grid, normal_axis
from brainlab.images.regions import LESION, NAWM, OTHER
from brainlab.types import IntArray

Within = Literal["image", "brain"]
"""Which voxels count in an error: all, or those of the brain alone."""

SLICE = "slice"
"""Column of a table of slices: the number of each in its scan."""


@dataclass(frozen=True)
class Batch:
    """What one step of training reads: arrays, or tensors once the loop has moved them to its device.

    image: [n, C, *shape].  target: [n, 1, *shape], what is to be made of it, for translators.
    regions: [n, 1, *shape], OTHER, NAWM or LESION of each voxel, where the data have segmentations.
    condition: what was asked for, each [n, ...].
    brain: [n, 1, *shape], whether a voxel counts, where only those of the brain are to.
    """

    image: Any
    target: Any = None
    regions: Any = None
    condition: Mapping[str, Any] | None = None
    brain: Any = None

    def __len__(self) -> int:
        return len(self.image)


class View(Protocol):
    """What a method reads of a prepared dataset; two of the same settings are equal."""

    def of(self, data: PreparedDataset) -> PreparedDataset:
        """Return the dataset as the method sees it, without reading voxels. Raises InputError where there is no way."""
        ...

    def batch(self, seen: PreparedDataset, rows: IntArray) -> Batch:
        """Return rows of what `of` returned, as arrays."""
        ...


@dataclass(frozen=True)
class Volumes:
    """Whole volumes [C, X, Y, Z]."""

    def of(self, data: PreparedDataset) -> PreparedDataset:
        if data.grid.plane is not None:
            raise InputError(f"{data.folder}: needs volumes, got {data.grid}; train a method for slices")
        return data

    def batch(self, seen: PreparedDataset, rows: IntArray) -> Batch:
        return Batch(seen.batch(rows))


@dataclass(frozen=True)
class Slices:
    """Slices [C, *sides] of one plane: the images of a dataset of slices, or cut from each volume.

    plane: axial, coronal or sagittal.  first, last: the part of the volume that is cut, as shares of its length along
    the plane's normal; 0.35 to 0.65 leaves out what shows little brain.
    """

    plane: str = "axial"
    first: float = 0.35
    last: float = 0.65

    @property
    def part(self) -> str:
        """What is cut of a dataset of volumes, in words."""
        return f"{self.plane} slices {self.first:.0%} to {self.last:.0%}"

    def numbers(self, grid: Grid) -> IntArray:
        """Return the numbers of the slices that are cut from volumes of a grid, at least one."""
        length = grid.depth(self.plane)
        first = round(self.first * length)
        return np.arange(first, max(round(self.last * length), first + 1))

    def of(self, data: PreparedDataset) -> PreparedDataset:
        if data.grid.plane is not None:
            if data.grid.plane != self.plane:
                raise InputError(f"{data.folder}: needs {self.plane} slices, got {data.grid}; prepare that plane")
            return data
        axis, numbers = normal_axis(self.plane), self.numbers(data.grid)
        scans = data.scans.loc[data.scans.index.repeat(len(numbers))].reset_index(drop=True)
        scans[SLICE] = np.tile(numbers, len(data))
        cut = CutVolumes(data.volumes, data.volumes.ndim - 3 + axis, numbers)
        labels = data.segmentations
        labels = None if labels is None else CutVolumes(labels, 1 + axis, numbers)
        recipe = {**data.recipe, "shape": list(data.grid.slice_grid(self.plane).shape), "plane": self.plane}
        return dataclasses.replace(
            data, volumes=cut, segmentations=labels, scans=scans, recipe=recipe, cut_from=data, part=self.part
        )

    def batch(self, seen: PreparedDataset, rows: IntArray) -> Batch:
        return Batch(seen.batch(rows))


class CutParts(ABC):
    """The same parts of each of many volumes, read as they are asked for; as an array of one part a row.

    volumes: [N, ...].  parts: of each volume.  sides: shape of a part, with channels where there are several.
    """

    def __init__(self, volumes: npt.NDArray[Any], parts: int, sides: Sequence[int]) -> None:
        self.volumes, self.parts = volumes, parts
        self.shape = (len(volumes) * parts, *sides)
        self.ndim, self.dtype = len(self.shape), volumes.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> npt.NDArray[Any]:
        chosen = np.arange(len(self))[rows]
        if chosen.ndim == 0:
            return self.part(*divmod(int(chosen), self.parts))
        if not len(chosen):
            return np.empty((0, *self.shape[1:]), self.dtype)
        return np.stack([self.part(*divmod(int(row), self.parts)) for row in chosen])

    @abstractmethod
    def part(self, scan: int, place: int) -> npt.NDArray[Any]:
        """Return one part of one volume."""


class CutVolumes(CutParts):
    """The same slices of each of many volumes. axis: the one of [N, ...] that is cut.  numbers: of the slices."""

    def __init__(self, volumes: npt.NDArray[Any], axis: int, numbers: IntArray) -> None:
        self.axis, self.numbers = axis, numbers
        sides = [side for place, side in enumerate(volumes.shape) if place not in (0, axis)]
        super().__init__(volumes, len(numbers), sides)

    def part(self, scan: int, place: int) -> npt.NDArray[Any]:
        return np.asarray(np.take(self.volumes[scan], self.numbers[place], axis=self.axis - 1))


@dataclass(frozen=True)
class Pairs:
    """Some sequences of each image as the input, another as the target: what translators read.

    inputs, target: names of channels, `MTR` for `MTRmap` too.  images: the view that both are read through.
    within: whether batches say which voxels are brain, so that errors count these alone.
    """

    inputs: tuple[str, ...]
    target: str
    images: View = field(default_factory=Volumes)
    within: Within = "image"

    def of(self, data: PreparedDataset) -> PreparedDataset:
        """Return what `images` makes of the data.

        Raises InputError where these lack a sequence, are not z-scores, or do not say where the brain is and should.
        """
        self.places(data)
        refuse_unit_range(data)
        if self.within == "brain" and data.segmentations is None:
            raise InputError(
                f"--within brain: needs data that say where the brain is, got {data.folder} without segmentations; "
                "prepare it again, which keeps the brain, or choose image"
            )
        return self.images.of(data)

    def batch(self, seen: PreparedDataset, rows: IntArray) -> Batch:
        whole, (*inputs, target) = seen.batch(rows), self.places(seen)
        labels = seen.segmentations if self.within == "brain" else None
        brain = None if labels is None else np.asarray(labels[rows])[:, None] > 0
        return Batch(whole[:, inputs], target=whole[:, [target]], regions=regions_of(seen, rows), brain=brain)

    def places(self, data: PreparedDataset) -> list[int]:
        """Return which channels of the data are the inputs, in order, and the target. Raises InputError."""
        if not self.inputs:
            raise InputError("--inputs: needs at least one sequence, got none")
        if self.target in self.inputs or len(set(self.inputs)) < len(self.inputs):
            raise InputError(
                f"--inputs: needs sequences other than the target {self.target}, each once, got "
                f"{', '.join(self.inputs)}"
            )
        return places_of((*self.inputs, self.target), data)


def refuse_unit_range(data: PreparedDataset) -> None:
    """Raise InputError where images are scaled each by itself, so that no intensity can be told from another scan's."""
    if data.unit_range:
        raise InputError(
            f"{data.folder}: needs z-scores of a cohort, got each image in [0, 1] by itself; prepare it with a recipe "
            "of several sequences, such as flair-synthesis"
        )


def places_of(sequences: Sequence[str], data: PreparedDataset) -> list[int]:
    """Return the channel of each sequence in a dataset. Raises InputError that names those it lacks."""
    known = {name.removesuffix("map").casefold(): place for place, name in enumerate(data.channels)}
    wanted = [name.removesuffix("map").casefold() for name in sequences]
    if missing := [name for name, key in zip(sequences, wanted, strict=True) if key not in known]:
        raise InputError(
            f"{data.folder}: needs {', '.join(sequences)}, got {', '.join(data.channels)}; prepare it with "
            f"{', '.join(missing)}, or choose other sequences with --inputs and --target"
        )
    return [known[key] for key in wanted]


def regions_of(data: PreparedDataset, rows: IntArray) -> IntArray | None:
    """Return OTHER, NAWM or LESION of each voxel of some rows, [n, 1, *shape]; None where no white matter is named.

    By the names of labels: `lesion`, and any with `white` in it.
    """
    if data.segmentations is None or not any("white" in name for name in data.label_names.values()):
        return None
    region = np.zeros(256, dtype=np.int64)
    for number, name in data.label_names.items():
        region[number] = LESION if name == "lesion" else NAWM if "white" in name else OTHER
    return region[np.asarray(data.segmentations[rows])][:, None]
