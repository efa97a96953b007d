"""Sets of images that need not fit into memory, and what metrics are computed from."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol, TypeVar

import numpy as np

from brainlab.errors import InputError
from brainlab.evaluation.labelled import Labelled
from brainlab.types import BoolArray, Float32Array, FloatArray, IntArray, StringArray, UInt8Array

BLOCK_BYTES = 2**26
"""Memory that the images read at once may fill: 218 of 40x48x40 in float32, 64 of 64^3, one of 256^3."""

BRIGHT = 0.01
"""A voxel brighter than this belongs to the brain, in images whose background is 0."""

Need = Literal["real", "generated", "reconstructed", "pairs", "codes", "training", "labelled"]
"""What a metric is computed from, see `ImageSets`."""

NO_RECONSTRUCTION = "the run does not reconstruct images, for it has no encoder"

MISSING: dict[Need, str] = {
    "reconstructed": NO_RECONSTRUCTION,
    "pairs": NO_RECONSTRUCTION,
    "codes": "the run has no encoder",
    "training": "the scans that the generator was trained on are not at hand",
    "labelled": "the run draws nothing on request",
}
"""Why a part is missing, unless `ImageSets.reasons` knows better."""

T = TypeVar("T")


class Images(Protocol):
    """Images [n, *shape] in [0, 1] by row numbers, in float32: an array, or anything that reads them from disk."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: IntArray, /) -> Float32Array: ...


class Segmentations(Protocol):
    """Segmentations of n images by row numbers, [n, *shape], and the names of their labels by number; 0 is none."""

    @property
    def names(self) -> Mapping[int, str]: ...

    def __getitem__(self, rows: IntArray, /) -> UInt8Array: ...


class Codes(Protocol):
    """Codes of n images: means [n, d], and what each dimension carries; no divergence where there is no spread."""

    @property
    def mean(self) -> Float32Array: ...

    def kl_per_dimension(self) -> FloatArray | None: ...

    def active(self, threshold_nats: float) -> BoolArray: ...


@dataclass(frozen=True)
class ImageSets:
    """What the metrics are computed from. Any of them may be larger than memory.

    real: [m, *shape], held-out scans. generated: [n, *shape]. reconstructed: of `real`, in its order. pairs: images to
    be compared with `real` one by one; the reconstructions of a run. codes: posteriors of `real`. training: the scans
    that the generator was trained on. labelled: images that were asked for by a label, and real ones of it. None where
    there are none. code_length: numbers in the code of an image, where images are encoded. people, training_people:
    whom each of `real` and of `training` is of, [m]; None where that is unknown, and each may be of another person.
    real_rows: where `real` are among the scans of their dataset, [m]. real_labels: their own segmentations, with names.
    recipe: what `recipe.json` says of the images, None where nobody knows. seed: of every random choice. reasons: why a
    part is None, in place of a general reason.
    """

    real: Images
    generated: Images
    reconstructed: Images | None = None
    pairs: Images | None = None
    codes: Codes | None = None
    code_length: int | None = None
    training: Images | None = None
    labelled: Labelled | None = None
    people: StringArray | None = None
    training_people: StringArray | None = None
    real_rows: IntArray | None = None
    real_labels: "Segmentations | None" = None
    recipe: Mapping[str, Any] | None = None
    seed: int = 0
    reasons: Mapping[Need, str] = field(default_factory=dict)
    _known: dict[Callable[..., Any], Any] = field(default_factory=dict, repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one image."""
        return tuple(self.real.shape[1:])

    @cached_property
    def brain(self) -> BoolArray:
        """Voxels that are bright in most real scans: [*shape]."""
        return bright_in_most(self.real)

    def part(self, need: Need) -> Any:
        """Return one of the sets. Raises InputError with the reason where it is missing."""
        if (found := getattr(self, need)) is None:
            raise InputError(self.reasons.get(need, MISSING[need]))
        return found

    def once(self, function: Callable[["ImageSets"], T]) -> T:
        """Return what a function makes of these sets, worked out once for all metrics that need it."""
        if function not in self._known:
            self._known[function] = function(self)
        return self._known[function]


def block_rows(shape: tuple[int, ...], images: int = 1) -> int:
    """Return how many images of a shape fill `images` blocks of memory in float32; at least one."""
    return max(1, images * BLOCK_BYTES // (4 * math.prod(shape)))


def blocks(images: Images, rows: IntArray | None = None, at_once: int | None = None) -> Iterator[Float32Array]:
    """Read images block by block: those at `rows`, by default all, `at_once` of them or as many as fill a block."""
    rows = np.arange(len(images)) if rows is None else rows
    size = at_once or block_rows(images.shape[1:])
    for start in range(0, len(rows), size):
        yield images[rows[start : start + size]]


def each(images: Images, rows: IntArray | None = None) -> Iterator[Float32Array]:
    """Read images one by one, in blocks."""
    for block in blocks(images, rows):
        yield from block


def evenly(count: int, most: int) -> IntArray:
    """Return at most `most` of `count` row numbers, evenly spaced, for an order may have a meaning."""
    return np.linspace(0, count - 1, min(count, most)).astype(int)


def mean_image(images: Images, rows: IntArray | None = None) -> FloatArray:
    """Return the mean of images in float64: [*shape]."""
    total = np.zeros(images.shape[1:])
    for image in each(images, rows):
        total += image
    return total / (len(images) if rows is None else len(rows))


def bright_in_most(images: Images) -> BoolArray:
    """Return the voxels that are bright in more than half of the images: [*shape]."""
    counts = np.zeros(images.shape[1:], dtype=np.int64)
    for block in blocks(images):
        counts += (block > BRIGHT).sum(axis=0)
    return counts / len(images) > 0.5
