"""A volume: voxels in RAS order with the matrix that places them in mm. Every image file is read and written here.

nibabel reads some damaged files in silence (a bad gzip checksum, a bad header size) and fails on others with errors of
every kind, so the header is checked here first: a file is refused with one line, before memory is taken for voxels
that it does not hold.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import EllipsisType

import nibabel as nib
import numpy as np

from brainlab.counted import counted
from brainlab.errors import InputError, UnreadableScanError
from brainlab.files.whole import whole_file
from brainlab.images.formats.scan_file import read_scan_file
from brainlab.images.formats.stored import StoredScan, usable
from brainlab.images.provenance import Provenance
from brainlab.images.provenance_files import mark_header
from brainlab.types import BoolArray, Float32Array, FloatArray

BLOCK_VOXELS = 1 << 22
"""How many voxels are scaled at a time."""
LEAST_STEPS = 2.0**14
"""Single precision has 2^23 steps up to the largest value; a range of fewer than this many steps is moved to 0."""
MOST_EXPONENT = 100
"""Values are kept between 2^-100 and 2^100, where single precision (2^-126 to 2^128) leaves room to compute."""


ChooseImages = Callable[[int, FloatArray | None], tuple[list[int], str]]
"""From the number of images in a file, and their b-values in s/mm2 where its header has them, to those whose mean is
the scan, counted from 0, and a note of what was done."""


@dataclass(frozen=True)
class Volume:
    """A scan in memory.

    data: float32 [X, Y, Z], first axis towards the right, second towards the front, third upwards.
    affine: [4, 4] float64, from voxel indices to mm (RAS).
    notes: what had to be assumed or mended while reading, one line each.
    axes: towards which side each axis of its file goes, such as `LPS`; `save` takes it, to write as the file was.
    missing: bool [X, Y, Z], where the file held no finite number and `data` is 0; None where there was one everywhere.
    """

    data: Float32Array
    affine: FloatArray
    notes: tuple[str, ...] = ()
    axes: str = "RAS"
    missing: BoolArray | None = None

    @classmethod
    def load(cls, path: Path | str, choose: ChooseImages | None = None, *, flat: bool = False) -> "Volume":
        """Read a file of one of the formats of `scan_file`, gzipped or not, by its content, whatever its name says.

        choose: which images of a series to average; without it a series is refused.
        flat: whether it may be one slice, of one voxel along one axis.

        Complex values become their magnitude, missing values (NaN, infinity) become 0 and are listed in `missing`, axes
        are reordered to RAS: each with a note where it changes the meaning. Raises UnreadableScanError, `path: reason`,
        on anything that is not one three-dimensional image of numbers.
        """
        path = Path(path)
        try:
            file = read_scan_file(path, series=choose is not None, flat=flat)
            if choose is not None and file.voxels.ndim > 3:
                file = _mean_of(file, *choose(file.voxels.shape[3], file.b_values))
            affine, notes = _affine(file)
            data, missing, more = _values(file)
        except UnreadableScanError as error:
            raise UnreadableScanError(error.reason, path) from error
        except MemoryError as error:
            raise UnreadableScanError("too large for the memory of this machine", path) from error
        orientation = nib.orientations.io_orientation(affine)
        if np.isnan(orientation).any():
            raise UnreadableScanError("the orientation matrix does not span three directions", path)
        affine = affine @ nib.orientations.inv_ornt_aff(orientation, data.shape)
        data = np.ascontiguousarray(nib.orientations.apply_orientation(data, orientation))
        if missing is not None:
            missing = np.ascontiguousarray(nib.orientations.apply_orientation(missing, orientation))
        axes = "".join(nib.orientations.ornt2axcodes(orientation))
        return cls(data, affine, (*file.notes, *notes, *more), axes, missing)

    def save(self, path: Path | str, axes: str = "RAS", provenance: Sequence[Provenance] = ()) -> None:
        """Write a `.nii` or `.nii.gz` in float32, under a temporary name until it is whole.

        axes: towards which side each axis of the file goes; the voxels stay where they are in space.
        provenance: what the header is to say of it; nothing of a mask, or of a scan that is written as it came.
        """
        path = Path(path)
        if not path.name.endswith((".nii", ".nii.gz")):
            raise InputError(f"{path}: an image is written as .nii or .nii.gz; choose one of these endings")
        image = nib.Nifti1Image(np.asarray(self.data, dtype=np.float32), self.affine)
        if axes != "RAS":
            orders = [nib.orientations.axcodes2ornt(order) for order in ("RAS", axes)]
            image = image.as_reoriented(nib.orientations.ornt_transform(*orders))
        image.header.set_xyzt_units("mm")
        mark_header(image.header, provenance)
        with whole_file(path) as scratch:
            nib.save(image, scratch)

    @property
    def voxel_size_mm(self) -> tuple[float, float, float]:
        """Edge lengths of a voxel along the three axes."""
        x, y, z = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(x), float(y), float(z)


def _mean_of(file: StoredScan, images: list[int], note: str) -> StoredScan:
    """Return the mean of some images of a series, of the stored numbers; one alone keeps its type."""
    voxels = file.voxels[..., images[0]]
    if len(images) > 1:
        wide = np.complex128 if voxels.dtype.kind == "c" else np.float64
        total = voxels.astype(wide)
        for image in images[1:]:
            total += file.voxels[..., image]
        voxels = total / len(images)
    return replace(file, voxels=voxels, notes=(*file.notes, note))


def _affine(file: StoredScan) -> tuple[FloatArray, list[str]]:
    """Choose the matrix: sform, else qform, else voxel sizes alone."""
    notes: list[str] = []
    sform, qform = file.sform, file.qform
    if sform is not None and not usable(sform):
        if qform is None or not usable(qform):
            raise UnreadableScanError("the orientation matrix (sform) is singular and there is no qform to use instead")
        notes.append("sform is singular: qform used")
        sform = None
    if qform is not None and not usable(qform):
        if sform is None:
            raise UnreadableScanError("the qform is no rotation with voxels of some size, and there is no sform to use")
        qform = None
    affine = sform if sform is not None else qform
    if affine is None:
        notes.append("no orientation in the header: axes taken as they come, which side is left is unknown")
        affine = file.base_affine
        if not usable(affine):
            raise UnreadableScanError("voxel sizes are zero or not finite and there is no orientation matrix")
    elif sform is not None and qform is not None and not np.allclose(sform, qform, atol=0.5, rtol=0.01):
        if np.sign(np.linalg.det(sform[:3, :3])) != np.sign(np.linalg.det(qform[:3, :3])):
            notes.append("sform and qform disagree about left and right, one of them mirrors the head: sform used")
        else:
            notes.append("sform and qform disagree: sform used")
    elif sform is not None and not np.allclose(
        np.linalg.norm(sform, axis=0)[:3], np.diag(file.base_affine)[:3], rtol=0.05
    ):
        notes.append("voxel sizes of sform and header (pixdim) differ: sform used")
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    if np.abs(directions.T @ directions - np.eye(3)).max() > 0.01:
        notes.append("axes are not at right angles (gantry tilt?)")
    return _in_mm(affine, file, notes), notes


def _in_mm(affine: FloatArray, file: StoredScan, notes: list[str]) -> FloatArray:
    """Convert from the header's unit, such as metres, where the field of view then suits a head, and did not before."""
    scale = {"meter": 1000.0, "centimeter": 10.0, "micron": 0.001}.get(file.space_unit, 1.0)
    extent_mm = np.linalg.norm(affine[:3, :3], axis=0) * file.shape
    if 80 <= extent_mm.max() <= 1000 or not 80 <= (extent_mm * scale).max() <= 1000:
        return affine
    notes.append(f"lengths given in {file.space_unit}: converted to mm")
    return np.diag([scale, scale, scale, 1.0]) @ affine


def _values(file: StoredScan) -> tuple[Float32Array, BoolArray | None, list[str]]:
    """Scale the stored numbers in double precision and return them in single precision, with 0 for missing ones.

    Where single precision would merge grey values (integers of 2^30 that differ by 1) or cannot reach them, the values
    are moved by their minimum or scaled by a power of 2 first.
    """
    notes = []
    if file.voxels.dtype.kind == "c":
        notes.append("complex values: their magnitude used")
    origin, lowest, highest, missing_count = _extremes(file)
    if missing_count == file.voxels.size:
        raise UnreadableScanError("no voxel holds a number (all NaN or infinite)")
    reach = highest - lowest
    if not np.isfinite([reach, origin]).all():
        raise UnreadableScanError(f"values from {origin + lowest:g} to {origin + highest:g}, beyond double precision")
    largest = max(abs(origin + lowest), abs(origin + highest))
    added = origin
    if 0 < reach < LEAST_STEPS * 2.0**-23 * largest:
        notes.append(
            f"values from {origin + lowest:.7g} to {origin + highest:.7g}: moved to start at 0, where single precision "
            "keeps them apart"
        )
        added, largest = -lowest, reach
    exponent = 0 if largest == 0 or 2.0**-MOST_EXPONENT <= largest <= 2.0**MOST_EXPONENT else -int(np.log2(largest))
    if exponent:
        notes.append(f"values up to {largest:.3g}: multiplied by 2^{exponent}")
    data = np.empty(file.shape, np.float32, order="F")
    missing = np.zeros(file.shape, bool, order="F") if missing_count else None
    for part, block in _scaled(file):
        if missing is not None:
            missing[part] = ~np.isfinite(block)
            block[missing[part]] = -added
        data[part] = np.ldexp(block + added, exponent)
    if missing_count:
        notes.append(f"{counted(missing_count, 'voxel')} without a finite number: taken as empty")
    return data, missing, notes


def _scaled(file: StoredScan) -> Iterator[tuple[tuple[EllipsisType, slice], FloatArray]]:
    """Yield, some planes at a time, where they are and their values in double precision.

    Integers are counted from `_least_integer`, so that neither 64 bits nor a large intercept cost their last digits.
    """
    least = _least_integer(file)
    planes = max(1, BLOCK_VOXELS // (file.shape[0] * file.shape[1]))
    for first in range(0, file.shape[2], planes):
        part = (..., slice(first, first + planes))
        block = file.voxels[part]
        if block.dtype.kind in "iu":
            # wraps around within 64 bits, and the difference comes out right
            block = block.astype(np.uint64) - np.uint64(least % 2**64)
        with np.errstate(over="ignore", invalid="ignore"):
            block = np.abs(block.astype(np.complex128)) if block.dtype.kind == "c" else block.astype(np.float64)
            yield part, block * file.slope


def _least_integer(file: StoredScan) -> int:
    """Return the lowest stored number of integers, 0 of others."""
    return int(file.voxels.min()) if file.voxels.dtype.kind in "iu" else 0


def _extremes(file: StoredScan) -> tuple[float, float, float, int]:
    """Return the value that `_scaled` counts from, the lowest and highest from there, and how many are not finite."""
    lowest, highest, missing = np.inf, -np.inf, 0
    for _, block in _scaled(file):
        finite = np.isfinite(block)
        missing += block.size - int(finite.sum())
        lowest = min(lowest, float(block.min(where=finite, initial=np.inf)))
        highest = max(highest, float(block.max(where=finite, initial=-np.inf)))
    return _least_integer(file) * file.slope + file.intercept, lowest, highest, missing
