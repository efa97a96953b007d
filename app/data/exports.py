"""Files that pages offer for download."""

import io
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from app.data.volumes import Source, load
from brainlab.types import FloatArray, UInt8Array
from brainlab.volume import Volume

ZOOM = 6


def nifti(source: Source, affine: FloatArray) -> bytes:
    """Return a volume over [0, 1] as a gzipped NIfTI in its own space."""
    return nifti_of(Volume(load(source).astype(np.float32) / np.float32(255), affine))


def nifti_of(volume: Volume) -> bytes:
    """Return a volume as a gzipped NIfTI, its axes in the order that `volume.axes` says."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "volume.nii.gz"
        volume.save(path, volume.axes)
        return path.read_bytes()


def png(sources: list[Source], zoom: int = ZOOM) -> bytes:
    """Return the middle axial, coronal and sagittal slices of volumes as one PNG, a column each.

    Radiological convention: the patient's right is on the left of the picture.
    """
    columns = [
        np.concatenate([_pad(plane, load(source).shape) for plane in planes(load(source))]) for source in sources
    ]
    picture = Image.fromarray(np.concatenate(columns, axis=1))
    picture = picture.resize((picture.width * zoom, picture.height * zoom), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    picture.save(out, format="PNG", optimize=True)
    return out.getvalue()


def gif(sources: list[Source], zoom: int = 4, frame_ms: int = 220) -> bytes:
    """Return the middle slices of volumes one after the other, to and fro, as a GIF without end."""
    frames = []
    for source in [*sources, *sources[-2:0:-1]]:
        row = np.concatenate([_pad(plane, load(source).shape) for plane in planes(load(source))], axis=1)
        picture = Image.fromarray(row)
        frames.append(picture.resize((picture.width * zoom, picture.height * zoom), Image.Resampling.BICUBIC))
    out = io.BytesIO()
    frames[0].save(out, format="GIF", save_all=True, append_images=frames[1:], duration=frame_ms, loop=0)
    return out.getvalue()


def planes(volume: UInt8Array) -> list[UInt8Array]:
    """Return the middle axial, coronal and sagittal slices [rows, columns], top and patient's right first."""
    x, y, z = (side // 2 for side in volume.shape)
    return [volume[::-1, ::-1, z].T, volume[::-1, y, ::-1].T, volume[x, ::-1, ::-1].T]


def _pad(plane: UInt8Array, shape: tuple[int, ...]) -> UInt8Array:
    """Centre a slice in the width of the widest plane and the height of the highest."""
    (above, beside) = (max(shape) - side for side in plane.shape)
    return np.pad(plane, ((above // 2, above - above // 2), (beside // 2, beside - beside // 2)))
