"""The MNI152 template that ships in nilearn's wheel, on the grid of the FLAIR paper.

The ICBM 2009a nonlinear average at 1 mm (Fonov et al., NeuroImage 54, 2011), skull-stripped, 197x233x189 voxels, is cut
to 182x218x182 at [7:189, 8:226, 0:182]: the first voxel lies at (-91, -126, -72) mm. Nothing is downloaded.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path

import nibabel as nib
import numpy as np

from brainlab.images.volume import Volume
from brainlab.types import BoolArray, Float32Array, FloatArray

GRID_SHAPE = (182, 218, 182)
GRID_ORIGIN_MM = (-91.0, -126.0, -72.0)
SPACE = "MNI152"
"""How a scan on this grid says so: `SpatialReference` of its BIDS sidecar."""

_CROP = (slice(7, 189), slice(8, 226), slice(0, 182))


@dataclass(frozen=True)
class TissueMaps:
    """Tissue of the template, each [182, 218, 182]."""

    grey: Float32Array
    """Share of grey matter in [0, 1]."""
    white: Float32Array
    """Share of white matter in [0, 1]."""
    brain: BoolArray
    """The brain with its inner and outer fluid (1.88 l)."""

    @property
    def fluid(self) -> Float32Array:
        """Share of cerebrospinal fluid in [0, 1]: what is left of the brain mask."""
        return np.clip(self.brain - self.grey - self.white, 0, 1).astype(np.float32)


def grid_affine(voxel_size_mm: float = 1.0) -> FloatArray:
    """Return the 4x4 matrix of the grid; at k mm each voxel is the centre of k x k x k voxels of 1 mm."""
    affine = np.diag([voxel_size_mm, voxel_size_mm, voxel_size_mm, 1.0])
    affine[:3, 3] = np.asarray(GRID_ORIGIN_MM) + (voxel_size_mm - 1) / 2
    return affine


@lru_cache(maxsize=1)
def mni_template() -> Volume:
    """Return the skull-stripped T1-weighted template, scaled to a maximum of 1. Treat the array as read-only."""
    data = np.asarray(_read("t1") / 255, np.float32)
    data.setflags(write=False)
    return Volume(data, grid_affine())


@lru_cache(maxsize=1)
def mni_tissue() -> TissueMaps:
    """Return the template's grey and white matter shares and its brain mask. Treat the arrays as read-only."""
    brain = _read("t1") > 0
    grey, white = (np.asarray(_read(name) / 255, np.float32) for name in ("gm", "wm"))
    for array in (brain, grey, white):
        array.setflags(write=False)
    return TissueMaps(grey, white, brain)


def _read(name: str) -> FloatArray:
    """Read one map of the wheel on the grid; nilearn itself, which takes seconds to import, is not needed for it."""
    file = f"nilearn/datasets/data/mni_icbm152_{name}_tal_nlin_sym_09a_converted.nii.gz"
    image = nib.load(Path(str(distribution("nilearn").locate_file(file))))
    return np.ascontiguousarray(np.asanyarray(image.dataobj)[_CROP])  # type: ignore[attr-defined]
