"""Read MetaImage, which ITK writes: a text header, then voxels behind it (`.mha`) or in a file beside it (`.mhd`).

https://itk.org/Wiki/ITK/MetaIO/Documentation
"""

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import numpy as np

from brainlab.errors import UnreadableScanError
from brainlab.images.formats.stored import (
    DEFLATE_LIMIT,
    LPS_TO_RAS,
    StoredScan,
    checked_shape,
    placed_scan,
    read_voxels,
    refusing_damage,
    too_short,
)
from brainlab.images.formats.text_header import needed, numbers, text, voxel_file, whole_numbers

FIRST_NAMES = (b"objecttype", b"ndims", b"comment", b"objectsubtype", b"transformtype")
MOST_LINES, LONGEST_LINE = 1000, 1 << 16
TYPES = {
    "MET_UCHAR": "u1", "MET_CHAR": "i1", "MET_USHORT": "u2", "MET_SHORT": "i2", "MET_UINT": "u4", "MET_INT": "i4",
    "MET_ULONG_LONG": "u8", "MET_LONG_LONG": "i8", "MET_FLOAT": "f4", "MET_DOUBLE": "f8",
}  # fmt: skip
"""`MET_LONG` has 4 or 8 bytes, as the machine that wrote it had, and is not read."""
LAST_FIELD = "elementdatafile"


def is_metaimage(start: bytes) -> bool:
    """Whether a file begins with a name that a MetaImage header begins with, and an equals sign."""
    name, mark, _ = start.partition(b"=")
    return bool(mark) and name.strip().lower() in FIRST_NAMES


def read_metaimage(path: Path, *, series: bool = False, flat: bool = False) -> StoredScan:
    """Read one file; arguments and errors as of `read_nifti`."""
    with refusing_damage(), path.open("rb") as stream:
        fields = _fields(stream)
        sizes = whole_numbers("DimSize", needed(fields, "dimsize"))
        count = whole_numbers("NDims", needed(fields, "ndims"))[0]
        if len(sizes) != count:
            raise UnreadableScanError(f"needs {count} sizes, as NDims has it, got {len(sizes)}; the file is damaged")
        if whole_numbers("channels", fields.get("elementnumberofchannels", "1"))[0] != 1:
            raise UnreadableScanError("colour or vector values; an intensity image is needed")
        shape = checked_shape(sizes, series, flat)
        dtype = _dtype(fields)
        place = _voxel_file(path, fields)
        if place is None:
            voxels = _read(stream, stream.tell(), fields, dtype, shape, path.stat().st_size)
        else:
            with place.open("rb") as beside:
                voxels = _read(beside, 0, fields, dtype, shape, place.stat().st_size)
    matrix, known = _first(fields, "transformmatrix", "rotation", "orientation"), True
    if matrix is None:
        matrix, known = " ".join(map(str, np.eye(count).ravel())), False
    spacing = _first(fields, "elementspacing", "elementsize") or " ".join(["1"] * count)
    origin = _first(fields, "offset", "position", "origin") or " ".join(["0"] * count)
    affine = np.eye(4)
    # a row of the file's matrix is the direction of an axis, as of ITK's that is read column by column
    directions = np.reshape(numbers("TransformMatrix", matrix, count * count), (count, count)).T
    affine[:3, :3] = directions[:3, :3] * np.abs(numbers("ElementSpacing", spacing, count))[:3]
    affine[:3, 3] = numbers("Offset", origin, count)[:3]
    return placed_scan(voxels, LPS_TO_RAS @ affine, known=known)


def voxels_of_metaimage(path: Path) -> Path | None:
    """Return the file of voxels that a header names, None where it holds them; errors as of `read_nifti`."""
    with refusing_damage(), path.open("rb") as stream:
        return _voxel_file(path, _fields(stream))


def _voxel_file(path: Path, fields: Mapping[str, str]) -> Path | None:
    name = fields[LAST_FIELD]
    return None if name.upper() == "LOCAL" else voxel_file(path, name)


def _fields(stream: IO[bytes]) -> dict[str, str]:
    """Read the header up to the field behind which the voxels are. Names are in small letters."""
    fields: dict[str, str] = {}
    for _ in range(MOST_LINES):
        name, mark, value = text(stream.readline(LONGEST_LINE)).partition("=")
        if not mark:
            break
        fields[name.strip().lower()] = value.strip()
        if LAST_FIELD in fields:
            return fields
    raise UnreadableScanError("needs a header that ends with ElementDataFile; damaged, or of another format")


def _first(fields: Mapping[str, str], *names: str) -> str | None:
    return next((fields[name] for name in names if name in fields), None)


def _yes(fields: Mapping[str, str], *names: str) -> bool:
    return (_first(fields, *names) or "").lower() in ("true", "1", "yes")


def _dtype(fields: Mapping[str, str]) -> np.dtype[np.generic]:
    kind = needed(fields, "elementtype").upper()
    if kind not in TYPES:
        raise UnreadableScanError(f"needs an ElementType of {', '.join(TYPES)}, got {kind}; save it with one of these")
    if not _yes(fields, "binarydata") and "binarydata" in fields:
        raise UnreadableScanError("voxels written as text; save them as binary")
    big = _yes(fields, "binarydatabyteordermsb", "elementbyteordermsb")
    return np.dtype(TYPES[kind]).newbyteorder(">" if big else "<")


def _read(
    stream: IO[bytes],
    first: int,
    fields: Mapping[str, str],
    dtype: np.dtype[np.generic],
    shape: tuple[int, ...],
    held: int,
) -> np.ndarray:
    """Read the voxels from byte `first` of a file that holds so many."""
    size = int(np.prod(shape)) * dtype.itemsize
    skipped = whole_numbers("HeaderSize", fields.get("headersize", "0"))[0]
    first = held - size if skipped == -1 else max(first, skipped)
    if first < 0 or skipped < -1:
        raise UnreadableScanError(too_short(shape, size, held, False))
    if not _yes(fields, "compresseddata"):
        return read_voxels(stream, dtype, shape, first, held)
    if size > (held - first) * DEFLATE_LIMIT:
        raise UnreadableScanError(too_short(shape, size, (held - first) * DEFLATE_LIMIT, True))
    stream.seek(first)
    unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # zlib's header or gzip's, as it comes
    content = unpack.decompress(stream.read(held - first), size)
    if len(content) < size:
        raise UnreadableScanError(too_short(shape, size, len(content), False))
    unpack.decompress(unpack.unconsumed_tail, 1)  # to the end, where the checksum is
    if not unpack.eof:
        raise UnreadableScanError("the packed voxels are cut off, or more than the header says; copy it again")
    return np.frombuffer(content, dtype=dtype).reshape(shape, order="F")
