"""Simple measures of a volume that latent dimensions are named by."""

from typing import Any

import numpy as np
import numpy.typing as npt

from brainlab.types import FloatArray

VENTRICLE_BOX_MM = ((-45, 45), (-60, 40), (-15, 40))
"""MNI coordinates (x, y, z, in mm) between which the lateral and third ventricles lie in nearly everybody."""

DARK = 0.5
"""Fluid on FLAIR: below this share of the scan's own median brain intensity."""


def mean_intensity(volumes: npt.NDArray[Any]) -> FloatArray:
    """Return the mean of the brain's voxels (above 1% of the range) of each scan: [N], in [0, 1].

    volumes: [N, *shape], uint8 over [0, 1] or floats; may be memory-mapped.
    """
    return np.array([_brain(volume).mean() if _brain(volume).size else 0.0 for volume in _scaled(volumes)])


def dark_core_ml(volumes: npt.NDArray[Any], affine: FloatArray) -> FloatArray:
    """Return the volume in ml of dark voxels in the middle of the brain, a stand-in for ventricle volume on FLAIR: [N].

    volumes: [N, X, Y, Z] on a grid in MNI space. affine: [4, 4], voxel indices to mm.
    """
    grid = np.stack(np.meshgrid(*[np.arange(side) for side in volumes.shape[1:]], indexing="ij"), axis=-1)
    place = grid @ affine[:3, :3].T + affine[:3, 3]
    low, high = np.array(VENTRICLE_BOX_MM, dtype=float).T
    box = ((place >= low) & (place <= high)).all(axis=-1)
    voxel_ml = abs(np.linalg.det(affine[:3, :3])) / 1000
    return np.array(
        [
            (volume[box] < DARK * np.median(_brain(volume))).sum() * voxel_ml if _brain(volume).size else 0.0
            for volume in _scaled(volumes)
        ]
    )


def _scaled(volumes: npt.NDArray[Any]) -> Any:
    """Yield each volume as float32 in [0, 1]."""
    scale = np.float32(1 / 255 if volumes.dtype == np.uint8 else 1)
    return (np.asarray(volume, dtype=np.float32) * scale for volume in volumes)


def _brain(volume: FloatArray) -> FloatArray:
    return volume[volume > 0.01]
