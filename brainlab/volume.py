"""A volume: voxels in RAS order with the matrix that places them in mm. Every image file is read and written here.

nibabel reads some damaged files in silence (a bad gzip checksum, a bad header size) and fails on others with errors of
every kind, so the header is checked here first: a file is refused with one line, before memory is taken for voxels
that it does not hold.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np

from brainlab.errors import InputError, UnreadableScanError, naming_path
from brainlab.nifti import NiftiFile, read_nifti
from brainlab.types import Float32Array, FloatArray

FILE_ENDINGS = (".nii", ".nii.gz", ".img", ".img.gz", ".hdr")
"""Names of files that can hold a scan; a `.hdr` stands for the pair with its `.img`."""


@dataclass(frozen=True)
class Volume:
    """A scan in memory.

    data: float32 [X, Y, Z], first axis towards the right, second towards the front, third upwards.
    affine: [4, 4] float64, from voxel indices to mm (RAS).
    notes: what had to be assumed or mended while reading, one line each.
    axes: towards which side each axis of its file goes, such as `LPS`; `save` takes it, to write as the file was.
    """

    data: Float32Array
    affine: FloatArray
    notes: tuple[str, ...] = ()
    axes: str = "RAS"

    @classmethod
    def load(cls, path: Path | str) -> "Volume":
        """Read a NIfTI-1, NIfTI-2 or Analyze file, gzipped or not, whatever its name says.

        Complex values become their magnitude, missing values (NaN, infinity) become 0, axes are reordered to RAS: each
        with a note where it changes the meaning. Raises UnreadableScanError, `path: reason`, on anything that is not
        one three-dimensional image of numbers.
        """
        path = Path(path)
        try:
            file = read_nifti(path)
            affine, notes = _affine(file)
            data, more = _values(file)
        except UnreadableScanError as error:
            raise UnreadableScanError(f"{path}: {error}") from error
        except MemoryError as error:
            raise UnreadableScanError(f"{path}: too large for the memory of this machine") from error
        orientation = nib.orientations.io_orientation(affine)
        if np.isnan(orientation).any():
            raise UnreadableScanError(f"{path}: the orientation matrix does not span three directions")
        affine = affine @ nib.orientations.inv_ornt_aff(orientation, data.shape)
        data = np.ascontiguousarray(nib.orientations.apply_orientation(data, orientation), dtype=np.float32)
        axes = "".join(nib.orientations.ornt2axcodes(orientation))
        return cls(data, affine, (*file.notes, *notes, *more), axes)

    def save(self, path: Path | str, axes: str = "RAS") -> None:
        """Write a `.nii` or `.nii.gz` in float32, under a temporary name until it is whole.

        axes: towards which side each axis of the file goes; the voxels stay where they are in space.
        """
        path = Path(path)
        if not path.name.endswith((".nii", ".nii.gz")):
            raise InputError(f"{path}: an image is written as .nii or .nii.gz; choose one of these endings")
        image = nib.Nifti1Image(np.asarray(self.data, dtype=np.float32), self.affine)
        if axes != "RAS":
            orders = [nib.orientations.axcodes2ornt(order) for order in ("RAS", axes)]
            image = image.as_reoriented(nib.orientations.ornt_transform(*orders))
        image.header.set_xyzt_units("mm")
        ending = ".nii.gz" if path.name.endswith(".gz") else ".nii"
        with naming_path(path):
            handle, scratch = tempfile.mkstemp(prefix=".writing-", suffix=ending, dir=path.parent)
            os.close(handle)
            try:
                nib.save(image, scratch)
                Path(scratch).chmod(0o644)
                Path(scratch).replace(path)
            except BaseException:
                Path(scratch).unlink(missing_ok=True)
                raise

    @property
    def voxel_size_mm(self) -> tuple[float, float, float]:
        """Edge lengths of a voxel along the three axes."""
        x, y, z = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(x), float(y), float(z)


def _affine(file: NiftiFile) -> tuple[FloatArray, list[str]]:
    """Choose the matrix: sform, else qform, else voxel sizes alone."""
    notes: list[str] = []
    sform, qform = file.sform, file.qform
    if sform is not None and not _usable(sform):
        if qform is None or not _usable(qform):
            raise UnreadableScanError("the orientation matrix (sform) is singular and there is no qform to use instead")
        notes.append("sform is singular: qform used")
        sform = None
    if qform is not None and not _usable(qform):
        if sform is None:
            raise UnreadableScanError("the orientation (qform) is singular or not finite")
        qform = None
    affine = sform if sform is not None else qform
    if affine is None:
        notes.append("no orientation in the header: axes taken as they come, which side is left is unknown")
        affine = file.base_affine
        if not _usable(affine):
            raise UnreadableScanError("voxel sizes are zero or not finite and there is no orientation matrix")
    elif sform is not None and qform is not None and not np.allclose(sform, qform, atol=0.5, rtol=0.01):
        flipped = np.sign(np.linalg.det(sform[:3, :3])) != np.sign(np.linalg.det(qform[:3, :3]))
        notes.append(f"sform and qform disagree{' about left and right' if flipped else ''}: sform used")
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    if np.abs(directions.T @ directions - np.eye(3)).max() > 0.01:
        notes.append("axes are not at right angles (gantry tilt?)")
    return _in_mm(affine, file, notes), notes


def _in_mm(affine: FloatArray, file: NiftiFile, notes: list[str]) -> FloatArray:
    """Convert from metres or micrometres, if the header says so and the field of view then suits a head."""
    scale = {"meter": 1000.0, "micron": 0.001}.get(file.space_unit, 1.0)
    extent_mm = np.linalg.norm(affine[:3, :3], axis=0) * file.shape
    if 80 <= extent_mm.max() <= 1000 or not 80 <= (extent_mm * scale).max() <= 1000:
        return affine
    notes.append(f"lengths given in {file.space_unit}: converted to mm")
    return np.diag([scale, scale, scale, 1.0]) @ affine


def _usable(affine: FloatArray) -> bool:
    """Whether a matrix is finite and spans space with voxels of 0.01 to 100,000 (mm or micrometres)."""
    if not np.isfinite(affine).all():
        return False
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if lengths.min() < 1e-6:
        return False
    return bool(abs(np.linalg.det(affine[:3, :3] / lengths)) > 1e-3)


def _values(file: NiftiFile) -> tuple[Float32Array, list[str]]:
    """Scale the stored numbers and mend missing values."""
    notes = []
    raw = file.voxels
    if raw.dtype.kind == "c":
        raw = np.abs(raw)
        notes.append("complex values: their magnitude used")
    with np.errstate(over="ignore", invalid="ignore"):
        data = raw.astype(np.float32)
        if (file.slope, file.intercept) != (1.0, 0.0):
            data = data * np.float32(file.slope) + np.float32(file.intercept)
    finite = np.isfinite(data)
    if not finite.any():
        raise UnreadableScanError("no voxel holds a number (all NaN or infinite)")
    if not finite.all():
        notes.append(f"{finite.size - int(finite.sum())} voxels without a finite number: set to 0")
        data = np.where(finite, data, np.float32(0))
    return data, notes
