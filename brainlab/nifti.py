"""Read NIfTI and Analyze files without trusting them: content before name, header before voxels, checksum last."""

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import nibabel as nib
import numpy as np
import numpy.typing as npt
from nibabel.spatialimages import HeaderDataError

from brainlab.errors import UnreadableScanError
from brainlab.types import FloatArray

MOST_VOXELS = 1024**3
"""More than any head scan; a header that claims more is refused."""
LEAST_VOXELS_AN_AXIS = 8
"""Fewer slices than this cannot be placed on a template."""
GZIP_LIMIT = 1100
"""Deflate cannot pack more than about 1,032 to 1, so a header that claims more than this lies."""
CHUNK_BYTES = 1 << 22
POINTERS = (
    (b"version https://git-lfs", "a git-lfs pointer, not the image; fetch it with 'git lfs pull'"),
    (b"/annex/objects/", "a git-annex pointer, not the image; fetch it with 'datalad get'"),
    (b"../", "a git-annex pointer, not the image; fetch it with 'datalad get'"),
    (b".git/annex/", "a git-annex pointer, not the image; fetch it with 'datalad get'"),
    (b"<", "a saved web page, not an image; download it again"),
)


@dataclass(frozen=True)
class NiftiFile:
    """What a file holds, checked.

    voxels: [X, Y, Z] of the stored type, before scaling. sform, qform: [4, 4] or None where the header has none.
    base_affine: [4, 4] from voxel sizes alone. space_unit: as written (`mm`, `meter`, `micron`, `unknown`).
    """

    voxels: npt.NDArray[Any]
    slope: float
    intercept: float
    sform: FloatArray | None
    qform: FloatArray | None
    base_affine: FloatArray
    space_unit: str
    notes: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.voxels.shape


def read_nifti(path: Path) -> NiftiFile:
    """Read one file. Raises UnreadableScanError with the reason alone, without the path."""
    header_path, image_path = _pair(path)
    try:
        with _open(header_path) as stream:
            header, notes = _header(stream)
            single = getattr(header, "is_single", False)
            if single:
                raw = _voxels(stream, header, header_path, already_read=stream.tell())
        if not single:
            if not image_path.is_file():
                raise UnreadableScanError(f"a header whose image is missing; put {image_path.name} beside it")
            with _open(image_path) as stream:
                raw = _voxels(stream, header, image_path, already_read=0)
    except EOFError as error:
        raise UnreadableScanError("the gzip stream is cut off; copy or download the file again") from error
    except (zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableScanError(f"damaged gzip stream ({error}); copy or download the file again") from error
    except OSError as error:
        raise UnreadableScanError(f"cannot be read ({error.strerror or error})") from error
    return _checked(header, raw, notes)


def _pair(path: Path) -> tuple[Path, Path]:
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


def _open(path: Path) -> BinaryIO | gzip.GzipFile:
    """Open for reading, unpacking if the content is gzip. Refuses what is plainly no image."""
    if not path.is_file():
        if path.is_symlink():
            raise UnreadableScanError("a broken link (git-annex?), not the image; fetch it with 'datalad get'")
        raise UnreadableScanError("not a file" if path.exists() else "no such file")
    with path.open("rb") as stream:
        start = stream.read(256)
    if not start:
        raise UnreadableScanError("an empty file (0 bytes); copy or download it again")
    if start.startswith(b"\x1f\x8b"):
        return gzip.open(path, "rb")
    for mark, reason in POINTERS:
        if start.lstrip().startswith(mark) and b"\0" not in start:
            raise UnreadableScanError(reason)
    return path.open("rb")


def _header(stream: BinaryIO | gzip.GzipFile) -> tuple[Any, list[str]]:
    """Read the header and name its kind by its size and magic."""
    block = stream.read(540)
    if len(block) < 348:
        raise UnreadableScanError(f"{len(block)} bytes, too short for a NIfTI header (348); not an image")
    kind: type[Any]
    sizes = {int.from_bytes(block[:4], order): order for order in ("little", "big")}
    if 540 in sizes and block[4:8] in (b"n+2\0", b"ni2\0"):
        kind, length, order = nib.Nifti2Header, 540, sizes[540]
        single = block[4:8] == b"n+2\0"
    elif 348 in sizes:
        length, order = 348, sizes[348]
        magic = block[344:348]
        single = magic == b"n+1\0"
        kind = nib.Nifti1Header if single or magic == b"ni1\0" else nib.AnalyzeHeader
    else:
        raise UnreadableScanError(
            f"header size {int.from_bytes(block[:4], 'little')} where 348 or 540 is needed; not a NIfTI file"
        )
    header: Any = kind(block[:length], endianness="<" if order == "little" else ">", check=False)
    header.is_single = single
    stream.seek(length)
    return header, ["Analyze format"] if kind is nib.AnalyzeHeader else []


def _voxels(stream: BinaryIO | gzip.GzipFile, header: Any, path: Path, already_read: int) -> npt.NDArray[Any]:
    """Read the voxels, never more bytes than the file has, then the rest, so that gzip checks its checksum."""
    shape = _shape(header)
    try:
        dtype = header.get_data_dtype()
    except (HeaderDataError, KeyError) as error:
        raise UnreadableScanError(f"unknown data type ({int(header['datatype'])})") from error
    if dtype.names or dtype.kind not in "iufc":
        raise UnreadableScanError("colour values (RGB); an intensity image is needed")
    offset = float(header["vox_offset"])
    if not np.isfinite(offset) or offset < 0:
        raise UnreadableScanError(f"vox_offset {offset:g} in the header is not a position in the file")
    start, needed = max(int(offset), already_read), int(np.prod(shape)) * dtype.itemsize
    packed = isinstance(stream, gzip.GzipFile)
    held = path.stat().st_size * (GZIP_LIMIT if packed else 1)
    if start + needed > held:
        raise UnreadableScanError(_too_short(shape, start + needed, held, packed))
    stream.seek(start)
    content = bytearray()
    while len(content) < needed and (chunk := stream.read(min(CHUNK_BYTES, needed - len(content)))):
        content += chunk
    if len(content) < needed:
        raise UnreadableScanError(_too_short(shape, start + needed, start + len(content), False))
    while packed and stream.read(CHUNK_BYTES):
        pass
    return np.frombuffer(content, dtype=dtype).reshape(shape, order="F")


def _shape(header: Any) -> tuple[int, int, int]:
    """Return the three dimensions; a fourth that is 1 is dropped."""
    dims = [int(n) for n in header["dim"]]
    if not 1 <= dims[0] <= 7:
        raise UnreadableScanError(f"{dims[0]} dimensions in the header where 3 are needed")
    shape = dims[1 : 1 + dims[0]]
    if min(shape) < 1:
        raise UnreadableScanError(f"a dimension of {min(shape)} in the header; sizes are positive")
    while len(shape) > 3 and shape[-1] == 1:
        shape.pop()
    if len(shape) != 3:
        count = "x".join(map(str, shape))
        raise UnreadableScanError(f"{len(shape)}D ({count}); one 3D image is needed, split the series first")
    if min(shape) < LEAST_VOXELS_AN_AXIS:
        raise UnreadableScanError(f"{min(shape)} voxels along an axis; at least {LEAST_VOXELS_AN_AXIS} are needed")
    if np.prod(shape, dtype=float) > MOST_VOXELS:
        raise UnreadableScanError(f"the header claims {'x'.join(map(str, shape))} voxels, more than any head scan")
    return shape[0], shape[1], shape[2]


def _too_short(shape: tuple[int, ...], needed: int, held: int, at_most: bool) -> str:
    size = "x".join(map(str, shape))
    bound = "at most " if at_most else ""
    return f"the header claims {size} voxels ({needed:,} bytes) but the file holds {bound}{held:,}; copy it again"


def _checked(header: Any, voxels: npt.NDArray[Any], notes: list[str]) -> NiftiFile:
    """Take scaling and placement from the header."""
    sizes = np.asarray(header["pixdim"], dtype=float)[1:4]
    if (sizes < 0).any():
        notes.append("negative voxel sizes in the header: their absolute value used")
    sizes = np.abs(sizes)
    header["pixdim"][1:4] = sizes
    base = np.diag([*sizes, 1.0])
    base[:3, 3] = -sizes * (np.array(voxels.shape) - 1) / 2
    if isinstance(header, nib.Nifti1Header):
        slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
        sform = np.asarray(header.get_sform(), dtype=float) if int(header["sform_code"]) > 0 else None
        qform = _qform(header) if int(header["qform_code"]) > 0 else None
        unit = {1: "meter", 2: "mm", 3: "micron"}.get(int(header["xyzt_units"]) & 7, "unknown")
    else:
        slope, intercept, sform, qform, unit = 1.0, 0.0, None, None, "unknown"
    if not np.isfinite(slope) or slope == 0:
        slope, intercept = 1.0, 0.0
    if not np.isfinite(intercept):
        intercept = 0.0
    return NiftiFile(voxels, slope, intercept, sform, qform, base, unit, tuple(notes))


def _qform(header: Any) -> FloatArray | None:
    """Return the qform; a quaternion longer than 1, or one that is not finite, gives None."""
    try:
        with np.errstate(all="ignore"):
            return np.asarray(header.get_qform(), dtype=float)
    except (HeaderDataError, ValueError, np.linalg.LinAlgError):
        return None
