"""How much fine detail images have: Laplacian variance, and power by spatial frequency.

Noise counts as sharpness, so the Laplacian is to be read together with the spectrum.
"""

import numpy as np
from scipy import fft, ndimage

from brainlab.types import BoolArray, Float32Array, FloatArray

DISPLAY_RANGE = 255.0
"""The DWI comparison paper's values (1495 for originals) are only possible for images of 0 to 255."""


def laplacian_variance(
    images: Float32Array, scale: float = DISPLAY_RANGE, stencil_dims: int | None = None, mask: BoolArray | None = None
) -> FloatArray:
    """Return the variance of each image's Laplacian: [n] (DWI comparison paper, section 3.3).

    images: [n, *shape] in [0, 1]. scale: what 1 is multiplied with before. stencil_dims: 3 for the 7-point stencil in a
    volume; 2 for the 5-point stencil within its axial slices; by default as many as the images have. mask: [*shape],
    voxels that count; all by default. Edges are mirrored, as OpenCV's Laplacian with kernel size 1 does.
    """
    dims = images.ndim - 1 if stencil_dims is None else stencil_dims
    axes = tuple(range(dims))
    values = np.empty(len(images))
    for i, image in enumerate(images):
        edges = ndimage.laplace(image.astype(np.float32) * np.float32(scale), mode="mirror", axes=axes)
        values[i] = (edges if mask is None else edges[mask]).var(dtype=np.float64)
    return values


def radial_power(images: Float32Array, bins: int = 20) -> tuple[FloatArray, FloatArray]:
    """Return spatial frequencies [b], in cycles per voxel, and the mean power of each image there: [n, b].

    images: [n, *shape]. The power of a frequency shell is the mean of |F|^2 / voxels over it; 0.5 is the finest detail
    that a grid can hold along an axis; the constant part and shells that a small grid leaves empty are left out.
    """
    shape = images.shape[1:]
    grids = [fft.fftfreq(side) for side in shape[:-1]] + [fft.rfftfreq(shape[-1])]
    radius = np.sqrt(sum(grid**2 for grid in np.meshgrid(*grids, indexing="ij")))
    shell = np.ceil(radius / 0.5 * bins).astype(int).ravel() - 1
    inside = (shell >= 0) & (shell < bins)
    # The half spectrum stands for both signs of the last frequency, except where these are the same.
    weight = np.full(grids[-1].shape, 2.0)
    weight[0] = 1.0
    if shape[-1] % 2 == 0:
        weight[-1] = 1.0
    weights = np.broadcast_to(weight, radius.shape).ravel()[inside]
    total = np.bincount(shell[inside], weights, bins)
    power = np.empty((len(images), bins))
    for i, image in enumerate(images):
        energy = np.abs(fft.rfftn(image)).ravel()[inside] ** 2 / image.size
        power[i] = np.bincount(shell[inside], energy * weights, bins)
    filled = np.flatnonzero(total)
    return (filled + 0.5) * 0.5 / bins, power[:, filled] / total[filled]


def spectral_distance_db(power: FloatArray, reference: FloatArray) -> float:
    """Return the root mean square difference of two mean spectra in dB, over the frequencies.

    power, reference: [n, bins] from `radial_power`. 0 when alike; blur shows as less power at high frequencies.
    """
    floor = np.finfo(np.float64).tiny
    ratio = 10 * np.log10((power.mean(axis=0) + floor) / (reference.mean(axis=0) + floor))
    return float(np.sqrt((ratio**2).mean()))
