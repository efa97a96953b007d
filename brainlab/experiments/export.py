"""Images out of a run: NIfTI for volumes, PNG for slices."""

from pathlib import Path

import numpy as np
from PIL import Image

from brainlab.types import Float32Array, FloatArray
from brainlab.volume import Volume


def save_image(image: Float32Array, affine: FloatArray, stem: Path) -> Path:
    """Write [X, Y, Z] as `stem.nii.gz` with its affine (mm), or [X, Y] in [0, 1] as `stem.png`; return the path."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    if image.ndim == 3:
        path = stem.parent / f"{stem.name}.nii.gz"
        Volume(image, affine).save(path)
        return path
    path = stem.parent / f"{stem.name}.png"
    Image.fromarray(np.rint(255 * np.clip(image.T[::-1], 0, 1)).astype(np.uint8)).save(path)
    return path
