"""Files that pages offer for download. Each says in its metadata where its images come from."""

import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from app.data.volumes import Difference, ImageSource, load, signed_change
from brainlab.images.pictures import enlarged, mosaic, to_unit
from brainlab.images.provenance import Provenance
from brainlab.images.provenance_files import gif_bytes, save_png
from brainlab.images.volume import Volume

ZOOM = 6


def nifti(source: ImageSource) -> bytes:
    """Return an image over [0, 1] as a gzipped NIfTI in its own space; a slice is a volume of one voxel's thickness."""
    intensities = to_unit(load(source).reshape(source.grid.volume_shape))
    return nifti_of(Volume(intensities, source.grid.affine), source.provenance)


def nifti_of_change(after: ImageSource, before: ImageSource) -> bytes:
    """Return `after` minus `before`, in [-1, 1], as a gzipped NIfTI, as `nifti` does."""
    change = signed_change(after, before).reshape(after.grid.volume_shape)
    return nifti_of(Volume(change, after.grid.affine), Difference(after, before).provenance)


def nifti_of(volume: Volume, provenance: Provenance) -> bytes:
    """Return a volume as a gzipped NIfTI, its axes in the order that `volume.axes` says."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "volume.nii.gz"
        volume.save(path, volume.axes, [provenance])
        return path.read_bytes()


def png(sources: Sequence[ImageSource], zoom: int = ZOOM) -> bytes:
    """Return the middle slices of images of one grid as a PNG, a column each, in radiological convention."""
    return sheet(sources, len(sources), zoom)


def sheet(sources: Sequence[ImageSource], columns: int, zoom: int = ZOOM) -> bytes:
    """Return images of one grid as a PNG, so many in a row, each as in `png`; the last row is filled up with black."""
    parts = [sources[start : start + columns] for start in range(0, len(sources), columns)]
    rows = [mosaic([load(source) for source in part], sources[0].grid, stacked=True) for part in parts]
    width = rows[0].shape[1]
    pixels = np.concatenate([np.pad(row, ((0, 0), (0, width - row.shape[1]))) for row in rows])
    out = io.BytesIO()
    picture = enlarged(pixels, zoom, Image.Resampling.BICUBIC)
    save_png(picture, out, [source.provenance for source in sources], optimize=True)
    return out.getvalue()


def gif(sources: Sequence[ImageSource], zoom: int = 4, frame_ms: int = 220) -> bytes:
    """Return the middle slices of images one after the other, to and fro, as a GIF without end."""
    pixels = [mosaic([load(source)], source.grid, stacked=False) for source in [*sources, *sources[-2:0:-1]]]
    frames = [enlarged(frame, zoom, Image.Resampling.BICUBIC) for frame in pixels]
    return gif_bytes(frames, [source.provenance for source in sources], frame_ms)
