"""Read files of NumPy: .npy, which is not read before it is asked for, and .npz with one array."""

import mmap
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from brainlab.errors import UNREADABLE_ARRAY, UnreadableScanError, array_reason
from brainlab.files.image_start import start_of_image

ARRAY_ENDINGS = (".npy", ".npz")
READ_AT_ONCE = 256
"""Parts of a memory map that are read before their pages go out of the process again."""
MOST_BYTES = 1 << 30
"""Of an array in a .npz, which has to be unpacked whole."""


def open_array(path: Path) -> npt.NDArray[Any]:
    """Open an array of numbers; nothing is unpickled.

    Raises UnreadableScanError for anything else, and for an archive of several arrays.
    """
    try:
        start = start_of_image(path)
        array = _packed(path) if start.startswith(b"PK") else np.load(path, mmap_mode="r", allow_pickle=False)
    except UnreadableScanError as error:
        raise UnreadableScanError(error.reason, path) from error
    except UNREADABLE_ARRAY as error:
        raise UnreadableScanError(f"cannot be read as an array ({array_reason(error)})", path) from error
    if array.dtype.kind not in "biuf":
        raise UnreadableScanError(f"needs real numbers, got an array of {array.dtype}", path)
    if 0 in array.shape:
        raise UnreadableScanError(f"needs images, got an array of shape {list(array.shape)}", path)
    return array


def _packed(path: Path) -> npt.NDArray[Any]:
    """Return the one array of an archive."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) != 1:
            names = ", ".join(member.filename.removesuffix(".npy") for member in members[:4])
            raise UnreadableScanError(f"needs one array, got {len(members)} ({names}); save them in files of their own")
        if members[0].file_size > MOST_BYTES:
            size = f"{members[0].file_size:,} bytes"
            raise UnreadableScanError(f"claims {size}, more than can be unpacked; save it as .npy, which is not packed")
    return next(iter(read_arrays(path).values()))


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read all arrays of a .npz by name; nothing is unpickled.

    Raises one of `UNREADABLE_ARRAY` where the file is damaged, holds something else, which NumPy returns as bytes, or
    claims more than there is memory for.
    """
    try:
        found = np.load(path, allow_pickle=False)
        if not isinstance(found, np.lib.npyio.NpzFile):
            raise ValueError("holds one array without a name")
        with found as kept:
            arrays = {name: kept[name] for name in kept.files}
    except MemoryError as error:
        raise ValueError("too large for the memory of this machine") from error
    if others := [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]:
        raise ValueError(f"{others[0]!r:.60} in it is no array")
    return arrays


def let_go(array: Any) -> None:
    """Let the pages of a memory map go out of this process; the system's cache keeps them while there is room.

    Each page that was read counts as memory of the process for as long as it stays. Arrays of other kinds stay as they
    are.
    """
    base = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def one_by_one(array: Any) -> Iterator[npt.NDArray[Any]]:
    """Yield the parts of an array, few of which stay in memory where it is a memory map."""
    for number, part in enumerate(array):
        yield part
        if number % READ_AT_ONCE == 0:
            let_go(array)
