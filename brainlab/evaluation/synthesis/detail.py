"""Detail that a synthesis has lost: MSE and SSIM both forgive blur."""

import numpy as np
from scipy import ndimage

from brainlab.evaluation.synthesis.pairs import checked_pair
from brainlab.types import BoolArray, FloatArray


def blur_ratio(synthesis: FloatArray, truth: FloatArray, mask: BoolArray | None = None) -> float | None:
    """Return the gradient energy of the synthesis divided by that of the truth: 1 for as much detail, below for blur.

    Gradient energy is the mean of the squared central differences along the three axes, over voxels whose six
    neighbours all lie in the mask: the brain's own outline does not count.

    Blur lowers it monotonically: on the MNI template at 2 mm, a Gaussian of standard deviation .5, 1 and 2 voxels
    gives .77, .50 and .27. Noise raises it: a standard deviation of 1%, 2% and 5% of the maximum gives 1.01, 1.06 and
    1.36. So blur and noise together can hide each other, and a clean synthesis of a noisy truth is below 1. The
    variance of the Laplacian reacts to noise far more (1.08, 1.31 and 2.95) and was not chosen for that reason. A
    factor on the intensities of the synthesis counts squared. Blur across the outline of the mask brings that edge
    inside and counts as detail there.

    None where no voxel has its neighbours in the mask, or where the truth is constant there.
    """
    volume, true_volume, counted = checked_pair(synthesis, truth, mask)
    inner = ndimage.binary_erosion(counted)  # six neighbours; voxels at the faces of the volume lack one
    if not inner.any():
        return None
    energy = _gradient_energy(true_volume, inner)
    return _gradient_energy(volume, inner) / energy if energy > 0 else None


def _gradient_energy(volume: FloatArray, inner: BoolArray) -> float:
    return float(sum((np.gradient(volume, axis=axis)[inner] ** 2).mean() for axis in range(3)))
