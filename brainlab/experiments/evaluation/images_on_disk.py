"""Images that stay on disk: scans of a prepared dataset, arrays of files, and what a run makes of them.

A memory map counts as memory of the process for as long as its pages stay, so each read lets them go again. Other
processes are handed what says where images lie, never the images.
"""

import contextlib
import math
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from brainlab.cohort.prepared import PreparedDataset
from brainlab.counted import sized
from brainlab.errors import InputError, naming_path
from brainlab.files.array_files import let_go
from brainlab.files.folder_lock import folder_in_use, is_locked
from brainlab.runs.passes.places import DatasetPlace
from brainlab.types import Float32Array, IntArray, UInt8Array
from brainlab.workspace import workspace

SHARED = "evaluation-"


class MappedImages:
    """Images on disk by row numbers, as float32 in [0, 1]: [n, *shape].

    array: memory-mapped. read: returns the images at row numbers of the array, by default as they lie there. rows:
    those of the array that count; all by default. shape: of one image; that of the array's by default. again: a
    function and its arguments that map the same images in another process; without it they cannot be handed over.
    """

    def __init__(
        self,
        array: npt.NDArray[Any],
        read: Callable[[IntArray], Float32Array] | None = None,
        rows: IntArray | None = None,
        shape: tuple[int, ...] | None = None,
        again: tuple[Callable[..., Any], tuple[Any, ...]] | None = None,
    ) -> None:
        self._array = array
        self._read = read or (lambda wanted: np.asarray(array[wanted], dtype=np.float32))
        self._rows = np.arange(len(array)) if rows is None else rows
        self._again = again
        self.shape = (len(self._rows), *(array.shape[1:] if shape is None else shape))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: IntArray) -> Float32Array:
        images = self._read(self._rows[rows])
        let_go(self._array)
        return images

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        if self._again is None:
            raise TypeError("images of this process alone cannot be handed to another")
        return self._again


def scans(dataset: PreparedDataset, rows: IntArray, place: DatasetPlace | None = None) -> MappedImages:
    """Return the first channel of scans of a prepared dataset, or of slices of them, as images [n, *shape].

    place: where other processes find it, if they are to.
    """
    stored = (dataset.cut_from or dataset).volumes
    again = None if place is None else (_scans_at, (place, rows))
    return MappedImages(stored, lambda wanted: dataset.batch(wanted)[:, 0], rows, tuple(dataset.shape), again)


def _scans_at(place: DatasetPlace, rows: IntArray) -> MappedImages:
    return scans(place.load(), rows)


@dataclass(frozen=True)
class OwnLabels:
    """Segmentations of some scans of a prepared dataset by their row numbers among these, [n, *shape], and names."""

    dataset: PreparedDataset
    rows: IntArray
    place: DatasetPlace | None = None

    @property
    def names(self) -> dict[int, str]:
        return self.dataset.label_names

    def __getitem__(self, rows: IntArray) -> UInt8Array:
        stored = self.dataset.segmentations
        assert stored is not None
        return np.asarray(stored[self.rows[rows]])

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _labels_at, (self.place, self.rows)


def own_labels(dataset: PreparedDataset, rows: IntArray, place: DatasetPlace | None = None) -> OwnLabels | None:
    """Return the segmentations of scans of a prepared dataset; None where it has none. place: as of `scans`."""
    return OwnLabels(dataset, rows, place) if dataset.segmentations is not None else None


def _labels_at(place: DatasetPlace, rows: IntArray) -> OwnLabels:
    return OwnLabels(place.load(), rows)


def keep_on_disk(blocks: Iterable[Float32Array], shape: tuple[int, ...], folder: Path | None = None) -> MappedImages:
    """Write blocks of images [k, *shape[1:]] one after the other to a file, and map it.

    shape: [n, *shape] of all. folder: where other processes find the file (`shared_folder`); by default it is gone with
    this process, and lies in the workspace's cache, or in the system's folder for temporary files.
    Raises InputError where the disk cannot hold it.
    """
    place = refuse_beyond_disk(4 * math.prod(shape))
    with naming_path(place):
        if folder is None:
            with tempfile.TemporaryFile(dir=place) as file:
                _write(file, blocks)
                return MappedImages(np.memmap(file, dtype=np.float32, mode="r", shape=shape))
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as named:
            _write(named, blocks)
        return _kept_at(Path(named.name), shape)


def _write(file: Any, blocks: Iterable[Float32Array]) -> None:
    # Plain writes, since a full disk under a memory map kills the process.
    for block in blocks:
        file.write(np.ascontiguousarray(block, dtype=np.float32).data)
    file.flush()


def _kept_at(path: Path, shape: tuple[int, ...]) -> MappedImages:
    return MappedImages(np.memmap(path, dtype=np.float32, mode="r", shape=shape), again=(_kept_at, (path, shape)))


@contextlib.contextmanager
def shared_folder() -> Iterator[Path]:
    """Make a folder for images that other processes read, in the workspace's cache; it is removed in the end.

    Folders of processes that were killed before they could are removed, too.
    """
    cache = _scratch_folder().absolute()
    for left in cache.glob(f"{SHARED}*"):
        if not is_locked(left):
            shutil.rmtree(left, ignore_errors=True)
    with contextlib.ExitStack() as held:
        with naming_path(cache):
            made = tempfile.TemporaryDirectory(dir=cache, prefix=SHARED, ignore_cleanup_errors=True)
        folder = Path(held.enter_context(made))
        held.enter_context(folder_in_use(folder, "brainlab evaluate"))
        yield folder


def refuse_beyond_disk(needed: int, what: str = "the images", advice: str = "take fewer images") -> Path:
    """Return a folder for scratch files; raise InputError, naming `what`, where `needed` bytes do not fit there."""
    folder = _scratch_folder()
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"{what}: take {sized(needed)} of disk, {sized(free)} are free in {folder}; make room, or {advice}"
        )
    return folder


def _scratch_folder() -> Path:
    folder = workspace() / "cache"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return Path(tempfile.gettempdir())
