"""Read MINC by nibabel: version 1 is netCDF, version 2 is HDF5, for which h5py has to be installed.

https://en.wikibooks.org/wiki/MINC
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.externals.netcdf import netcdf_file
from nibabel.minc1 import Minc1File
from nibabel.minc2 import Minc2File

from brainlab.errors import UnreadableScanError
from brainlab.images.formats.stored import (
    DEFLATE_LIMIT,
    StoredScan,
    checked_shape,
    in_memory,
    placed_scan,
    refusing_damage,
    too_short,
)

NETCDF, HDF = b"CDF", b"\x89HDF\r\n\x1a\n"
MOST_BYTES = 1 << 30
"""Of a whole file, unpacked: these libraries take memory before a header can be compared with what there is."""
LONGEST_REASON = 80
SPACE = ("xspace", "yspace", "zspace")


def is_minc(start: bytes) -> bool:
    """Whether a file begins as netCDF or HDF5 do."""
    return start.startswith((NETCDF, HDF))


def read_minc(path: Path, *, series: bool = False, flat: bool = False) -> StoredScan:
    """Read one file; arguments and errors as of `read_nifti`. Values are those that the scale of each slice gives."""
    with refusing_damage():
        held = path.stat().st_size
        content = in_memory(path, MOST_BYTES)
    first = content.getvalue()[:8]
    try:
        if first.startswith(HDF):
            with _hdf(content) as stored:
                return _scan(Minc2File(stored), series, flat, held * DEFLATE_LIMIT)
        return _scan(Minc1File(netcdf_file(content, "r")), series, flat, held * DEFLATE_LIMIT)
    except (UnreadableScanError, MemoryError):
        raise
    except Exception as error:  # of a damaged file these libraries raise errors of every kind
        told = f"{type(error).__name__} {' '.join(str(error).split())}".strip()[:LONGEST_REASON]
        raise UnreadableScanError(f"cannot be read as MINC ({told}); damaged, or of another format") from error


def _hdf(content: io.BytesIO) -> Any:
    try:
        import h5py  # an optional package, for MINC 2 only
    except ImportError as error:
        raise UnreadableScanError(
            "MINC 2 needs the package h5py; install it with pip, or convert the file to NIfTI with mnc2nii"
        ) from error
    return h5py.File(content, "r")


def _scan(file: Any, series: bool, flat: bool, held: int) -> StoredScan:
    """Return what a file holds whose header fits it. held: bytes that it can hold at most."""
    names = list(file._dim_names)
    if "vector_dimension" in names:
        raise UnreadableScanError("colour or vector values; an intensity image is needed")
    order = [
        *(k for k, name in enumerate(names) if name in SPACE),
        *(k for k, name in enumerate(names) if name not in SPACE),
    ]
    sizes = [int(size) for size in file.get_data_shape()]
    dtype = np.dtype(file.get_data_dtype())
    shape = checked_shape([sizes[k] for k in order], series, flat)
    if (needed := int(np.prod(shape)) * dtype.itemsize) > held:
        raise UnreadableScanError(too_short(shape, needed, held, True))
    affine = np.asarray(file.get_affine(), dtype=float)
    voxels = np.asarray(file.get_scaled_data()).transpose(order).reshape(shape)
    return placed_scan(voxels, affine)
