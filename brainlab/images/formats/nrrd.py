"""Read NRRD, as 3D Slicer and ITK write it: a text header, then voxels behind it or in a file beside it.

https://teem.sourceforge.net/nrrd/format.html
"""

import gzip
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np

from brainlab.errors import UnreadableScanError
from brainlab.images.formats.nrrd_diffusion import b_values, is_diffusion
from brainlab.images.formats.stored import (
    StoredScan,
    base_affine,
    checked_shape,
    placed_scan,
    read_voxels,
    refusing_damage,
)
from brainlab.images.formats.text_header import needed, numbers, text, voxel_file, whole_numbers
from brainlab.types import FloatArray

MAGIC = b"NRRD000"
MOST_HEADER_BYTES, LONGEST_LINE = 1 << 20, 1 << 16
TYPES = {
    "u1": "uchar|unsigned char|uint8|uint8_t",
    "i1": "signed char|int8|int8_t",
    "i2": "short|short int|signed short|signed short int|int16|int16_t",
    "u2": "ushort|unsigned short|unsigned short int|uint16|uint16_t",
    "i4": "int|signed int|int32|int32_t",
    "u4": "uint|unsigned int|uint32|uint32_t",
    "i8": "longlong|long long|long long int|signed long long|signed long long int|int64|int64_t",
    "u8": "ulonglong|unsigned long long|unsigned long long int|uint64|uint64_t",
    "f4": "float",
    "f8": "double",
}
"""NumPy's name of a type to those that NRRD has for it."""
NUMPY = {name: code for code, names in TYPES.items() for name in names.split("|")}
SERIES_KINDS = ("list", "time", "none", "scalar", "stub", "???")
SPACE_KINDS = ("domain", "space", "none", "???")
UNITS = {
    "mm": "mm|millimeter|millimeters|millimetre|millimetres",
    "centimeter": "cm|centimeter|centimeters|centimetre|centimetres",
    "meter": "m|meter|meters|metre|metres",
    "micron": "um|\u00b5m|\u03bcm|micron|microns|micrometer|micrometers",
    "unknown": "",
}
"""What a unit of length is called here to the names that headers have for it."""
UNIT_OF = {name: unit for unit, names in UNITS.items() for name in names.split("|")}
DATA_FILE = ("data file", "datafile")
SIDES = {
    "right": (0, 1), "left": (0, -1), "anterior": (1, 1), "posterior": (1, -1), "superior": (2, 1), "inferior": (2, -1),
}  # fmt: skip
"""Side of the body that an axis of space goes to: which axis of RAS, and which way along it."""
VECTOR = re.compile(r"none|\(([^()]*)\)")


def is_nrrd(start: bytes) -> bool:
    """Whether a file begins as NRRD does, of any version."""
    return start.startswith(MAGIC)


def read_nrrd(path: Path, *, series: bool = False, flat: bool = False) -> StoredScan:
    """Read one file; arguments and errors as of `read_nifti`."""
    with refusing_damage(), path.open("rb") as stream:
        fields = _fields(stream)
        sizes = whole_numbers("sizes", needed(fields, "sizes"))
        directions, to_ras = _directions(fields, len(sizes))
        along = [axis for axis, vector in enumerate(directions) if vector is not None]
        _refuse_vectors(fields, [axis for axis in range(len(sizes)) if axis not in along])
        order = [*along, *(axis for axis in range(len(sizes)) if axis not in along)]
        shape = checked_shape([sizes[axis] for axis in order], series, flat)
        weighting = b_values(fields, shape[3]) if len(shape) > 3 and is_diffusion(fields) else None
        _refuse_other_spaces([len(along)])
        dtype = _dtype(fields)
        place = _voxel_file(path, fields)
        if place is None:
            stored = _read(stream, stream.tell(), fields, dtype, tuple(sizes), path.stat().st_size)
        else:
            with place.open("rb") as beside:
                stored = _read(beside, 0, fields, dtype, tuple(sizes), place.stat().st_size)
    voxels = stored.transpose(order).reshape(shape)
    affine = np.eye(4)
    affine[:3, :3] = np.transpose([directions[axis] for axis in along])
    notes = []
    if "space origin" in fields:
        affine[:3, 3] = _vector(fields["space origin"], "space origin")
    elif to_ras is not None:
        notes.append("no origin in the header: the middle of the image taken for it")
        affine[:3, 3] = -affine[:3, :3] @ (np.array(shape[:3]) - 1) / 2
    affine = affine if to_ras is None else to_ras @ affine
    scan = placed_scan(voxels, affine, known=to_ras is not None, unit=_unit(fields), notes=notes)
    return replace(scan, b_values=weighting)


def voxels_of_nrrd(path: Path) -> Path | None:
    """Return the file of voxels that a header names, None where it holds them; errors as of `read_nrrd`."""
    with refusing_damage(), path.open("rb") as stream:
        return _voxel_file(path, _fields(stream))


def _voxel_file(path: Path, fields: Mapping[str, str]) -> Path | None:
    name = next((fields[field] for field in DATA_FILE if field in fields), None)
    return None if name is None else voxel_file(path, name)


def _fields(stream: IO[bytes]) -> dict[str, str]:
    """Read the header up to its blank line, or its end where the voxels lie elsewhere. Names are in small letters."""
    if not is_nrrd(stream.readline(LONGEST_LINE)):
        raise UnreadableScanError("does not begin as an NRRD file; damaged, or of another format")
    fields: dict[str, str] = {}
    while line := text(stream.readline(LONGEST_LINE)).rstrip("\r\n"):
        if stream.tell() > MOST_HEADER_BYTES:
            raise UnreadableScanError("a header without end; the file is damaged")
        if line.startswith("#"):
            continue
        name, mark, value = line.partition(":")
        if not mark:
            raise UnreadableScanError(f"needs 'name: value' in the header, got {line[:60]!r}; the file is damaged")
        fields[field := name.strip().lower()] = value.removeprefix("=").strip()
        if field in DATA_FILE and fields[field].split()[:1] == ["LIST"]:
            break  # names of files follow
    return fields


def _dtype(fields: Mapping[str, str]) -> np.dtype[np.generic]:
    kind = " ".join(needed(fields, "type").lower().split())
    if kind not in NUMPY:
        raise UnreadableScanError(f"unknown data type ({kind}); needs whole numbers or floating-point ones")
    order = fields.get("endian", "little").lower()
    if order not in ("little", "big"):
        raise UnreadableScanError(f"needs the endian little or big, got {order!r}")
    return np.dtype(NUMPY[kind]).newbyteorder("<" if order == "little" else ">")


def _read(
    stream: IO[bytes],
    first: int,
    fields: Mapping[str, str],
    dtype: np.dtype[np.generic],
    sizes: tuple[int, ...],
    held: int,
) -> np.ndarray:
    """Read the voxels in the order that they are stored in, from byte `first` of a file that holds so many."""
    encoding = fields.get("encoding", "").lower()
    skips = [fields.get(f"{kind} skip", fields.get(f"{kind}skip", "0")) for kind in ("line", "byte")]
    lines, skipped = (whole_numbers("skip", words)[0] for words in skips)
    stream.seek(first)
    for _ in range(min(lines, LONGEST_LINE)):
        stream.readline(LONGEST_LINE)
    first = stream.tell()
    if encoding == "raw":
        if skipped == -1:
            first, skipped = held - int(np.prod(sizes)) * dtype.itemsize, 0
        if first < 0 or skipped < 0:
            raise UnreadableScanError("the header claims more bytes of voxels than the file holds; copy it again")
        return read_voxels(stream, dtype, sizes, first + skipped, held)
    if encoding in ("gzip", "gz") and skipped >= 0:
        return read_voxels(gzip.GzipFile(fileobj=stream, mode="rb"), dtype, sizes, skipped, held - first)
    raise UnreadableScanError(f"needs the encoding raw or gzip, got {encoding!r}; save it with one of these")


def _directions(fields: Mapping[str, str], dimension: int) -> tuple[list[FloatArray | None], FloatArray | None]:
    """Return what a step along each axis of the file moves in space, None of one that leads nowhere in it.

    Also the matrix [4, 4] from there to RAS, None where the header does not say how the patient lies.
    """
    if len(found := list(VECTOR.finditer(fields.get("space directions", "")))) == dimension:
        _refuse_other_spaces([one[1].count(",") + 1 for one in found if one[1] is not None])
        vectors = [None if one[1] is None else _vector(one[0], "space directions") for one in found]
        return vectors, _to_ras(fields)
    if "space directions" in fields:
        raise UnreadableScanError("needs a 'space directions' for each of the sizes; the file is damaged")
    words = fields.get("spacings", "").split() or ["1"] * dimension
    if len(words) != dimension:
        raise UnreadableScanError("needs one of the 'spacings' for each of the sizes; the file is damaged")
    kinds = fields.get("kinds", "").lower().split()
    spatial = [axis for axis in range(dimension) if len(kinds) != dimension or kinds[axis] in SPACE_KINDS]
    steps = base_affine(np.ones(3), (1, 1, 1))[:3, :3]
    return [
        steps[spatial.index(axis)] * abs(numbers("spacings", words[axis], 1)[0])
        if axis in spatial and spatial.index(axis) < 3
        else None
        for axis in range(dimension)
    ], None


def _refuse_other_spaces(axes: Iterable[int]) -> None:
    for count in axes:
        if count != 3:
            raise UnreadableScanError(f"needs 3 axes in space, got {count}; export one image of the series")


def _vector(words: str, field: str) -> FloatArray:
    return np.array(numbers(field, words.strip().strip("()").replace(",", " "), 3))


def _to_ras(fields: Mapping[str, str]) -> FloatArray | None:
    """Return the matrix [4, 4] from the header's space to RAS; None where the patient may lie there in any way."""
    space = fields.get("space", "").strip('"').lower()
    words = space.split("-") if "-" in space else [next((s for s in SIDES if s[0] == c), "") for c in space]
    sides = [SIDES[word] for word in words[:3] if word in SIDES]
    if sorted(axis for axis, _ in sides) != [0, 1, 2]:
        return None
    matrix = np.zeros((4, 4))
    matrix[3, 3] = 1
    for column, (axis, sign) in enumerate(sides):
        matrix[axis, column] = sign
    return matrix


def _refuse_vectors(fields: Mapping[str, str], others: list[int]) -> None:
    """Refuse axes of colours, vectors or complex numbers. others: axes that do not lie in space."""
    kinds = fields.get("kinds", "").lower().split()
    allowed = (*SERIES_KINDS, "vector") if is_diffusion(fields) else SERIES_KINDS
    for axis in others:
        if axis < len(kinds) and kinds[axis] not in allowed:
            raise UnreadableScanError(f"colour, complex or vector values ({kinds[axis]}); an intensity image is needed")


def _unit(fields: Mapping[str, str]) -> str:
    words = fields.get("space units", '"mm"').lower().replace('"', " ").split() or [""]
    units = {UNIT_OF.get(word, "") for word in words}
    if len(units) != 1 or "" in units:
        raise UnreadableScanError(f"needs the space units mm, cm, m or um, got {fields['space units'][:60]!r}")
    return units.pop()
