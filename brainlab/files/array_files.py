"""Read files of NumPy: .npy, which is not read before it is asked for, and .npz with one array."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from brainlab.errors import UNREADABLE_ARRAY, UnreadableScanError, array_reason
from brainlab.files.image_start import start_of_image

ARRAY_ENDINGS = (".npy", ".npz")
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
    except MemoryError as error:
        raise UnreadableScanError("too large for the memory of this machine", path) from error
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
    with np.load(path, allow_pickle=False) as arrays:
        array: npt.NDArray[Any] = arrays[arrays.files[0]]
        return array
