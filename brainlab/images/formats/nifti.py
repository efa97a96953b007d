"""Read NIfTI and Analyze files without trusting them: content before name, header before voxels, checksum last."""

import gzip
import math
import re
import zlib
from pathlib import Path
from typing import IO, Any, Literal

import nibabel as nib
import numpy as np
import numpy.typing as npt
from nibabel.quaternions import quat2mat
from nibabel.spatialimages import HeaderDataError

from brainlab.counted import counted
from brainlab.errors import UnreadableScanError
from brainlab.files.image_start import start_of_image
from brainlab.images.formats.stored import (
    StoredScan,
    base_affine,
    checked_shape,
    opened,
    read_voxels,
    refusing_damage,
)
from brainlab.types import FloatArray

MOST_EXTENSION_BYTES = 1 << 20
"""Header extensions are read so far; some tools keep whole protocols there."""
COMMENT = 6
"""Code of a header extension that holds plain text."""
TEXT_MODE_CHECK = b"\r\n\x1a\n"
"""Follows the magic of NIfTI-2; a transfer as text would have changed it. Some tools leave it at zeros."""
LONGEST_QUATERNION = 1 + 1e-4
"""Squared length up to which a quaternion is a rounded unit one: it is stored in single precision."""


def read_nifti(path: Path, *, series: bool = False, flat: bool = False) -> StoredScan:
    """Read one file. Raises UnreadableScanError with the reason alone, without the path.

    series: whether it may hold several images, voxels [X, Y, Z, n].  flat: whether it may be one slice, of one voxel
    along one axis.
    """
    header_path, image_path = pair_of(path)
    in_pair = header_path != image_path
    with refusing_damage():
        with _open(header_path) as stream:
            header, notes = _header(stream, in_pair)
            shape = _shape(header, series, flat)
            if not in_pair:
                raw = _voxels(
                    stream, header, shape, path, first_byte=stream.tell() + 4
                )  # four bytes announce extensions
        if in_pair:
            _check_image(image_path)
            with _open(image_path) as stream:
                raw = _voxels(stream, header, shape, image_path, first_byte=0)
    return _checked(header, raw, notes)


def check_nifti_header(path: Path) -> None:
    """Raise UnreadableScanError with the reason alone where the header is no image's, or its image is missing."""
    header_path, image_path = pair_of(path)
    with refusing_damage(), _open(header_path) as stream:
        _header(stream, header_path != image_path)
    _check_image(image_path)


def read_comments(path: Path) -> list[str]:
    """Return the plain texts (code 6) among a file's header extensions, without reading voxels.

    Extensions that are damaged, or too long to be a text, are left out: nothing depends on them.
    Raises UnreadableScanError with the reason alone where the header is no image's.
    """
    header_path, image_path = pair_of(path)
    try:
        with _open(header_path) as stream:
            header, _ = _header(stream, header_path != image_path)
            if not isinstance(header, nib.Nifti1Header) or stream.read(4)[:1] != b"\1":
                return []
            raw = stream.read(MOST_EXTENSION_BYTES)
            start = float(header["vox_offset"])
    except (EOFError, zlib.error, OSError) as error:
        raise UnreadableScanError(f"its header cannot be read ({error})") from error
    if not math.isfinite(start):
        return []
    order: Literal["little", "big"] = "little" if header.endianness == "<" else "big"
    end = len(raw) if header_path != image_path else max(0, int(start) - int(header["sizeof_hdr"]) - 4)
    texts, raw = [], raw[:end]
    while len(raw) >= 16 and 16 <= (size := int.from_bytes(raw[:4], order)) <= len(raw):
        if int.from_bytes(raw[4:8], order) == COMMENT:
            texts.append(raw[8:size].rstrip(b"\0").decode("utf-8", "replace"))
        raw = raw[size:]
    return texts


def pair_of(path: Path) -> tuple[Path, Path]:
    """Return the paths of header and image; both are the file itself where it holds both."""
    name = path.name
    for ending, other in ((".img.gz", ".hdr.gz"), (".img", ".hdr"), (".hdr.gz", ".img.gz"), (".hdr", ".img")):
        if name.lower().endswith(ending):
            partner = path.with_name(name[: -len(ending)] + other)
            if ending.startswith(".hdr"):
                return path, partner
            if not partner.is_file():
                raise UnreadableScanError(f"an image whose header is missing; put {partner.name} beside it")
            return partner, path
    return path, path


def _check_image(path: Path) -> None:
    if not path.is_file():
        raise UnreadableScanError(f"a header whose image is missing; put {path.name} beside it")


def _open(path: Path) -> IO[bytes] | gzip.GzipFile:
    """Open for reading, unpacking if the content is gzip. Refuses what is plainly no image."""
    start_of_image(path)
    return opened(path)


def _header(stream: IO[bytes] | gzip.GzipFile, in_pair: bool) -> tuple[Any, list[str]]:
    """Read the header and name its kind by its size and magic: one file is NIfTI, a pair is NIfTI or Analyze."""
    block = stream.read(540)
    if len(block) < 348:
        raise UnreadableScanError(f"{len(block)} bytes, too short for a NIfTI header (348); not an image")
    sizes = {int.from_bytes(block[:4], order): order for order in ("little", "big")}
    length = next((size for size in (348, 540) if size in sizes), 0)
    if not length:
        raise UnreadableScanError(
            f"header size {int.from_bytes(block[:4], 'little')} where 348 or 540 is needed; not a NIfTI file"
        )
    if length > len(block):
        raise UnreadableScanError(f"{len(block)} bytes, too short for a NIfTI-2 header (540); not an image")
    version, magic = (1, block[344:348]) if length == 348 else (2, block[4:8])
    kind: type[Any] = nib.Nifti1Header if version == 1 else nib.Nifti2Header
    needed = f"n{'i' if in_pair else '+'}{version}"
    if magic != needed.encode() + b"\0":
        # Analyze has the smallest voxel where NIfTI-1 has its magic: any four bytes, but hardly a near miss of a magic
        if not in_pair or version == 2 or re.fullmatch(rb"n[i+][0-9]\0", magic):
            raise UnreadableScanError(_wrong_magic(needed, magic, in_pair))
        kind = nib.AnalyzeHeader
    if version == 2 and block[8:12] not in (TEXT_MODE_CHECK, bytes(4)):
        raise UnreadableScanError("damaged by a transfer as text (bytes 8-11 of the header); copy it again as binary")
    header: Any = kind(block[:length], endianness="<" if sizes[length] == "little" else ">", check=False)
    stream.seek(length)
    return header, ["Analyze format"] if kind is nib.AnalyzeHeader else []


def _wrong_magic(needed: str, magic: bytes, in_pair: bool) -> str:
    """Say what the magic should be; a header and an image that were parted or joined are named as such."""
    got = magic.rstrip(b"\0").decode("ascii", "backslashreplace") or "none"
    other = f"n{'+' if in_pair else 'i'}{needed[-1]}"
    advice = "the header is damaged or of another format; convert or copy the file again"
    if magic == other.encode() + b"\0":
        advice = (
            "that is a single file's header; name it .nii if it holds the voxels"
            if in_pair
            else "that is the header of a .hdr/.img pair; name both files so"
        )
    return f"needs NIfTI magic {needed} {'in a .hdr/.img pair' if in_pair else 'in a single file'}, got {got}; {advice}"


def _voxels(
    stream: IO[bytes] | gzip.GzipFile, header: Any, shape: tuple[int, ...], path: Path, first_byte: int
) -> npt.NDArray[Any]:
    """Read the voxels of a type that can be used, from the byte that the header names."""
    try:
        dtype = header.get_data_dtype()
    except (HeaderDataError, KeyError) as error:
        raise UnreadableScanError(f"unknown data type ({int(header['datatype'])})") from error
    if dtype.names or dtype.kind not in "iufc":
        raise UnreadableScanError("colour values (RGB); an intensity image is needed")
    offset = float(header["vox_offset"]) or first_byte
    if not np.isfinite(offset) or offset < first_byte:
        raise UnreadableScanError(f"vox_offset {offset:g} in the header is no position of voxels in the file")
    return read_voxels(stream, dtype, shape, int(offset), path.stat().st_size)


def _shape(header: Any, series: bool, flat: bool) -> tuple[int, ...]:
    """Return the three dimensions, and the number of images where there are several."""
    dims = [int(n) for n in header["dim"]]
    if 1 <= int(header["dim"][0].byteswap()) <= 7 and not 1 <= dims[0] <= 7:
        raise UnreadableScanError("header size and dimensions in different byte orders; convert the file again")
    if not 1 <= dims[0] <= 7:
        raise UnreadableScanError(f"{counted(dims[0], 'dimension')} in the header where 3 are needed")
    return checked_shape(dims[1 : 1 + dims[0]], series, flat)


def _checked(header: Any, voxels: npt.NDArray[Any], notes: list[str]) -> StoredScan:
    """Take scaling and placement from the header."""
    sizes = np.asarray(header["pixdim"], dtype=float)[1:4]
    if (sizes < 0).any():
        notes.append("negative voxel sizes in the header: their absolute value used")
    sizes = np.abs(sizes)
    header["pixdim"][1:4] = sizes
    base = base_affine(sizes, voxels.shape)
    if isinstance(header, nib.Nifti1Header):
        slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
        sform = np.asarray(header.get_sform(), dtype=float) if int(header["sform_code"]) > 0 else None
        qform = _qform(header, sizes, notes) if int(header["qform_code"]) > 0 else None
        unit = {1: "meter", 2: "mm", 3: "micron"}.get(int(header["xyzt_units"]) & 7, "unknown")
    else:
        slope, intercept, sform, qform, unit = 1.0, 0.0, None, None, "unknown"
    if not np.isfinite(slope) or slope == 0:
        slope, intercept = 1.0, 0.0
    if not np.isfinite(intercept):
        notes.append(f"scl_inter is {intercept:g}: 0 used")
        intercept = 0.0
    return StoredScan(voxels, sform, base, qform, slope, intercept, unit, tuple(notes))


def _qform(header: Any, sizes: FloatArray, notes: list[str]) -> FloatArray:
    """Return the qform as the NIfTI standard builds it: of NaN where the quaternion is no rotation.

    A quaternion made a little too long by rounding is shortened to 1. `pixdim[0]` says by its sign whether the third
    axis is mirrored; 0 means 1. sizes: of a voxel.
    """
    imaginary = np.array([float(header[f"quatern_{name}"]) for name in "bcd"])
    squared = float(imaginary @ imaginary)
    if not squared <= LONGEST_QUATERNION:
        notes.append(f"the qform's quaternion has length {squared**0.5:.4g} where at most 1 is a rotation: not used")
        return np.full((4, 4), np.nan)
    if squared > 1 + 1e-6:
        notes.append(f"the qform's quaternion is too long by {squared**0.5 - 1:.1e}: shortened to 1")
    handedness = float(header["pixdim"][0])
    sign = -1 if handedness < 0 else 1
    if handedness not in (-1, 0, 1):
        notes.append(f"pixdim[0] is {handedness:g}, which says left from right in the qform: {sign} used")
    real = np.sqrt(max(0.0, 1 - squared))
    qform = np.eye(4)
    qform[:3, :3] = quat2mat([real, *imaginary]) * sizes  # quat2mat brings the quaternion to length 1
    qform[:3, 2] *= sign
    qform[:3, 3] = [float(header[f"qoffset_{name}"]) for name in "xyz"]
    return qform
