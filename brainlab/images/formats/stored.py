"""What a file of a volume holds, whatever its format, and the checks that all formats share.

A header is read before voxels, and no memory is taken for voxels that the file does not hold.
"""

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from brainlab.counted import counted
from brainlab.errors import UnreadableScanError
from brainlab.types import FloatArray

MOST_VOXELS = 1024**3
"""More than any head scan; a header that claims more is refused."""
LEAST_VOXELS_AN_AXIS = 8
"""Fewer slices than this cannot be placed on a template."""
DEFLATE_LIMIT = 1100
"""Deflate cannot pack more than about 1,032 to 1, so a header that claims more than this lies."""
CHUNK_BYTES = 1 << 22
GZIP_MARK = b"\x1f\x8b"
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""From coordinates whose axes go to the left, back and up, which ITK writes, to those that go right, front and up."""


@dataclass(frozen=True)
class StoredScan:
    """What a file holds, checked.

    voxels: [X, Y, Z], or [X, Y, Z, n] of a series, of the stored type, before scaling.
    sform, qform: [4, 4] in RAS, or None where the header has none; formats with one matrix give it as the sform.
    base_affine: [4, 4] from voxel sizes alone. space_unit: as written: `mm`, `centimeter`, `meter`, `micron`,
    or `unknown`.
    b_values: [n] in s/mm2, of each image of a series whose header tells them.
    """

    voxels: npt.NDArray[Any]
    sform: FloatArray | None
    base_affine: FloatArray
    qform: FloatArray | None = None
    slope: float = 1.0
    intercept: float = 0.0
    space_unit: str = "mm"
    notes: tuple[str, ...] = ()
    b_values: FloatArray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.voxels.shape


def checked_shape(sides: Sequence[int], series: bool, flat: bool) -> tuple[int, ...]:
    """Return the three sides of an image, and the number of images where there are several and `series` allows them.

    flat: whether it may be one slice, of one voxel along one axis. Raises UnreadableScanError for any other shape.
    """
    shape = list(sides)
    if min(shape, default=0) < 1:
        raise UnreadableScanError(f"a dimension of {min(shape, default=0)} in the header; sizes are positive")
    while len(shape) > 3 and shape[-1] == 1:
        shape.pop()
    if len(shape) != 3 and not (series and len(shape) == 4):
        count = "x".join(map(str, shape))
        join = "give the slice a third side of one voxel" if flat else "join the slices of the head to one"
        advice = "split the series first" if len(shape) > 3 else join
        raise UnreadableScanError(f"{len(shape)}D ({count}); one 3D image is needed, {advice}")
    ordered = sorted(shape[:3])
    if (least := ordered[1] if flat and ordered[0] == 1 else ordered[0]) < LEAST_VOXELS_AN_AXIS:
        raise UnreadableScanError(
            f"{counted(least, 'voxel')} along an axis; at least {LEAST_VOXELS_AN_AXIS} are needed"
        )
    if np.prod(shape, dtype=float) > MOST_VOXELS:
        raise UnreadableScanError(f"the header claims {'x'.join(map(str, shape))} voxels, more than any head scan")
    return tuple(shape)


def opened(path: Path) -> IO[bytes] | gzip.GzipFile:
    """Open for reading, unpacking if the content is gzip, whatever the name says."""
    with path.open("rb") as stream:
        packed = stream.read(2) == GZIP_MARK
    return gzip.open(path, "rb") if packed else path.open("rb")


def read_voxels(
    stream: IO[bytes] | gzip.GzipFile, dtype: np.dtype[Any], shape: tuple[int, ...], start: int, held: int
) -> npt.NDArray[Any]:
    """Read voxels that begin at byte `start`, the first axis fastest, then the rest, so that gzip checks its checksum.

    held: bytes of the file; never more than these, unpacked, are read.
    """
    packed = isinstance(stream, gzip.GzipFile)
    needed = int(np.prod(shape)) * dtype.itemsize
    held *= DEFLATE_LIMIT if packed else 1
    if start + needed > held:
        raise UnreadableScanError(too_short(shape, start + needed, held, packed))
    stream.seek(start)
    content = bytearray()
    while len(content) < needed and (chunk := stream.read(min(CHUNK_BYTES, needed - len(content)))):
        content += chunk
    if len(content) < needed:
        raise UnreadableScanError(too_short(shape, start + needed, start + len(content), False))
    while packed and stream.read(CHUNK_BYTES):
        pass
    return np.frombuffer(content, dtype=dtype).reshape(shape, order="F")


def too_short(shape: tuple[int, ...], needed: int, held: int, at_most: bool) -> str:
    """Say that a header claims more bytes than there are; at_most: whether that is known of packed ones only so far."""
    size = "x".join(map(str, shape))
    bound = "at most " if at_most else ""
    return f"the header claims {size} voxels ({needed:,} bytes) but the file holds {bound}{held:,}; copy it again"


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Turn what goes wrong while bytes are read into an UnreadableScanError with the reason alone."""
    try:
        yield
    except EOFError as error:
        raise UnreadableScanError("the gzip stream is cut off; copy or download the file again") from error
    except (zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableScanError(f"damaged gzip stream ({error}); copy or download the file again") from error
    except OSError as error:
        raise UnreadableScanError(f"cannot be read ({error.strerror or error})") from error


def base_affine(sizes: FloatArray, shape: Sequence[int]) -> FloatArray:
    """Return the matrix [4, 4] of a volume centred at 0 that lies along the axes: all that voxel sizes [3] tell."""
    affine = np.diag([*sizes, 1.0])
    affine[:3, 3] = -np.asarray(sizes) * (np.array(shape[:3]) - 1) / 2
    return affine


def usable(affine: FloatArray) -> bool:
    """Whether a matrix is finite and spans space with voxels of 0.01 to 100,000 (mm or micrometres)."""
    if not np.isfinite(affine).all():
        return False
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if lengths.min() < 1e-6:
        return False
    return bool(abs(np.linalg.det(affine[:3, :3] / lengths)) > 1e-3)


def placed_scan(
    voxels: npt.NDArray[Any], affine: FloatArray, *, known: bool = True, unit: str = "mm", notes: Sequence[str] = ()
) -> StoredScan:
    """Return what a format with one matrix holds; raises UnreadableScanError where the matrix places nothing.

    affine: [4, 4] to RAS. known: whether the header says how the axes lie in the patient; without it only the sizes of
    voxels are taken from the matrix.
    """
    if not usable(affine):
        raise UnreadableScanError("the orientation matrix of the header is singular or holds no finite numbers")
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    base = base_affine(sizes, voxels.shape)
    return StoredScan(voxels, affine if known else None, base, space_unit=unit, notes=tuple(notes))


def in_memory(path: Path, limit: int) -> io.BytesIO:
    """Return the content of a file, unpacked, for libraries that read what a header claims and not what there is.

    limit: bytes. Raises UnreadableScanError where it holds more.
    """
    content = bytearray()
    with opened(path) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            content += chunk
            if len(content) > limit:
                raise UnreadableScanError(f"holds more than {limit:,} bytes, more than any head scan")
    return io.BytesIO(content)
