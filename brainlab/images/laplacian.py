"""Sharpness of images: the variance of their Laplacian, on one scale wherever it is written down.

Noise counts as sharpness, so it is to be read together with the power spectrum.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from brainlab.types import BoolArray, FloatArray

DISPLAY_RANGE = 255.0
"""The values of the DWI comparison paper (1495 for originals) are only possible for images of 0 to 255."""


def laplacian_variance(
    images: Iterable[npt.ArrayLike],
    scale: float = DISPLAY_RANGE,
    stencil_dims: int | None = None,
    mask: BoolArray | None = None,
) -> FloatArray:
    """Return the variance of each image's Laplacian: [n] (DWI comparison paper, section 3.3).

    images: [n, *shape] in [0, 1], or any iterable of images. scale: what 1 is multiplied with before. stencil_dims: 3
    for the 7-point stencil in a volume; 2 for the 5-point stencil within its axial slices; by default as many as the
    images have. mask: [*shape], voxels that count; all by default. Edges are mirrored, as OpenCV's Laplacian with
    kernel size 1 does.
    """
    values = []
    for image in images:
        pixels = np.asarray(image, dtype=np.float32) * np.float32(scale)
        axes = tuple(range(pixels.ndim if stencil_dims is None else stencil_dims))
        edges = ndimage.laplace(pixels, mode="mirror", axes=axes)
        values.append((edges if mask is None else edges[mask]).var(dtype=np.float64))
    return np.array(values, dtype=np.float64)
