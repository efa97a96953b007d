"""Random fields on a coarse grid over the template, most of them alike on both sides, as a brain is."""

import numpy as np
from scipy import ndimage

from brainlab.cohort.template import GRID_SHAPE
from brainlab.types import Float32Array

COARSE_STEP_MM = 4
COARSE_SHAPE = tuple(-(-size // COARSE_STEP_MM) + 1 for size in GRID_SHAPE)


def smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], sigma_voxels: float) -> Float32Array:
    """Return Gaussian noise of unit variance, smooth over `sigma_voxels`."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    smooth = ndimage.gaussian_filter(noise, sigma_voxels, mode="wrap")
    return smooth / np.float32(smooth.std())


def mirror_alike(
    rng: np.random.Generator, sigma_voxels: float, symmetry: float, *, across_midline: bool = False
) -> Float32Array:
    """Return a field [coarse], of which the share `symmetry` of the variance is alike on both sides.

    Its variance is 1, more within `sigma_voxels` of the midline, where what is alike meets itself (0 across it).

    across_midline: of a component that runs across the midline, which changes its sign with the side, so that what is
    alike keeps the midline in place.
    """
    both, own = (smooth_noise(rng, COARSE_SHAPE, sigma_voxels) for _ in range(2))
    mirrored = -_mirrored(both) if across_midline else _mirrored(both)
    alike = (both + mirrored) / np.float32(np.sqrt(2))
    return np.float32(np.sqrt(symmetry)) * alike + np.float32(np.sqrt(1 - symmetry)) * own


def upsample(coarse: Float32Array, axes: list[Float32Array]) -> Float32Array:
    """Interpolate a coarse field linearly at the outer product of three axes, given in coarse voxel indices.

    One axis after the other: far cheaper than a general resampling, and the same bytes on any number of threads.
    """
    out = coarse
    for axis, where in enumerate(axes):
        low = np.clip(np.floor(where).astype(int), 0, coarse.shape[axis] - 2)
        weight = (where - low).astype(np.float32).reshape([-1 if i == axis else 1 for i in range(3)])
        out = out.take(low, axis) * (1 - weight) + out.take(low + 1, axis) * weight
    return out


def _mirrored(field: Float32Array) -> Float32Array:
    """Mirror a field [coarse] at the midline, which lies between two of its points."""
    turned = field[::-1]
    return (turned + np.concatenate([turned[1:], turned[-1:]])) / 2
