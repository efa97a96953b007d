"""Images that stay on disk: scans of a prepared dataset, arrays of files, and what a run makes of them.

A memory map counts as memory of the process for as long as its pages stay, so each read lets them go again.
"""

import math
import mmap
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError, naming_path
from brainlab.types import Float32Array, IntArray, UInt8Array
from brainlab.workspace import workspace


class MappedImages:
    """Images on disk by row numbers, as float32 in [0, 1]: [n, *shape].

    array: memory-mapped. read: returns the images at row numbers of the array, by default as they lie there. rows:
    those of the array that count; all by default. shape: of one image; that of the array's by default.
    """

    def __init__(
        self,
        array: npt.NDArray[Any],
        read: Callable[[IntArray], Float32Array] | None = None,
        rows: IntArray | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> None:
        self._array = array
        self._read = read or (lambda wanted: np.asarray(array[wanted], dtype=np.float32))
        self._rows = np.arange(len(array)) if rows is None else rows
        self.shape = (len(self._rows), *(array.shape[1:] if shape is None else shape))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: IntArray) -> Float32Array:
        images = self._read(self._rows[rows])
        let_go(self._array)
        return images


def scans(dataset: PreparedDataset, rows: IntArray) -> MappedImages:
    """Return the first channel of scans of a prepared dataset, or of slices of them, as images [n, *shape]."""
    stored = (dataset.cut_from or dataset).volumes
    return MappedImages(stored, lambda wanted: dataset.batch(wanted)[:, 0], rows, tuple(dataset.shape))


@dataclass(frozen=True)
class OwnLabels:
    """Segmentations of some scans of a prepared dataset by their row numbers among these, [n, *shape], and names."""

    dataset: PreparedDataset
    rows: IntArray

    @property
    def names(self) -> dict[int, str]:
        return self.dataset.label_names

    def __getitem__(self, rows: IntArray) -> UInt8Array:
        stored = self.dataset.segmentations
        assert stored is not None
        return np.asarray(stored[self.rows[rows]])


def own_labels(dataset: PreparedDataset, rows: IntArray) -> OwnLabels | None:
    """Return the segmentations of scans of a prepared dataset; None where it has none."""
    return OwnLabels(dataset, rows) if dataset.segmentations is not None else None


def keep_on_disk(blocks: Iterable[Float32Array], shape: tuple[int, ...]) -> MappedImages:
    """Write blocks of images [k, *shape[1:]] one after the other to a file that is gone with the process, and map it.

    shape: [n, *shape] of all. The file lies in the workspace's cache, or in the system's folder for temporary files.
    Raises InputError where the disk cannot hold it.
    """
    folder = refuse_beyond_disk(4 * math.prod(shape))
    with naming_path(folder), tempfile.TemporaryFile(dir=folder) as file:
        # Plain writes, since a full disk under a memory map kills the process.
        for block in blocks:
            file.write(np.ascontiguousarray(block, dtype=np.float32).data)
        file.flush()
        return MappedImages(np.memmap(file, dtype=np.float32, mode="r", shape=shape))


def refuse_beyond_disk(needed: int, what: str = "the images", advice: str = "take fewer images") -> Path:
    """Return a folder for scratch files; raise InputError, naming `what`, where `needed` bytes do not fit there."""
    folder = _scratch_folder()
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"{what}: take {needed / 1e9:,.1f} GB of disk, {free / 1e9:,.1f} GB are free in {folder}; make room, or "
            f"{advice}"
        )
    return folder


def let_go(array: npt.NDArray[Any]) -> None:
    """Let the pages of a memory map go out of this process; the system's cache keeps them while there is room."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def _scratch_folder() -> Path:
    folder = workspace() / "cache"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return Path(tempfile.gettempdir())
