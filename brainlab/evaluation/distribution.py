"""Maximum mean discrepancy: how far two sets of images are apart as distributions.

Three incompatible ones are in use; each is named, and none may be compared with another.
"""

import numpy as np
import torch
from monai.metrics import MMDMetric
from scipy.spatial.distance import cdist

from brainlab.errors import InputError
from brainlab.types import Float32Array, FloatArray


def mmd_kwon(images: Float32Array, others: Float32Array, batch: int = 8, tests: int = 100, seed: int = 0) -> FloatArray:
    """Return the MMD of Kwon et al. (2019) for random batches of both sets: [tests].

    Biased V-statistic with a linear kernel on raw voxels, not divided by their number, which is |mean x - mean y|^2: it
    depends on batch size and voxels. Images in [0, 1] are brought to [-1, 1], the range it was published with.
    The slice-VAE paper takes batches of 8 and 100 tests (at 256^3: 4 and 10).
    """
    for part in (images, others):
        if len(part) < batch:
            raise InputError(f"MMD with batches of {batch} needs at least {batch} images in each set; got {len(part)}")
    rng = np.random.default_rng(seed)
    values = np.empty(tests)
    for i in range(tests):
        means = [
            2 * part[np.sort(rng.choice(len(part), batch, replace=False))].mean(axis=0, dtype=np.float64) - 1
            for part in (images, others)
        ]
        values[i] = ((means[0] - means[1]) ** 2).sum()
    return values


def mmd_unbiased(images: Float32Array, others: Float32Array) -> float:
    """Return MONAI's MMD: unbiased U-statistic with a linear kernel on raw voxels. It can be negative.

    Both sets need the same number of images, at least two.
    """
    if len(images) != len(others) or len(images) < 2:
        raise InputError(f"unbiased MMD needs two sets of one size, at least 2; got {len(images)} and {len(others)}")
    a, b = (torch.as_tensor(part.reshape(len(part), -1)).double() for part in (images, others))
    return float(MMDMetric()(b, a))


def mmd_features(features: FloatArray, others: FloatArray) -> tuple[float, float]:
    """Return (MMD squared, bandwidth) with a Gaussian kernel on features: unbiased U-statistic, may be negative.

    features: [n, f]; others: [m, f]. The bandwidth is the median distance between the two sets' features together
    (Gretton et al. 2012, section 8).
    """
    if min(len(features), len(others)) < 2:
        raise InputError(f"MMD needs at least two images in each set; got {len(features)} and {len(others)}")
    together = np.concatenate([features, others]).astype(np.float64)
    squared = cdist(together, together, "sqeuclidean")
    bandwidth = float(np.sqrt(np.median(squared[np.triu_indices(len(together), 1)])))
    kernel = np.exp(-squared / (2 * bandwidth**2 if bandwidth > 0 else 1.0))
    n, m = len(features), len(others)
    within_a = (kernel[:n, :n].sum() - n) / (n * (n - 1))
    within_b = (kernel[n:, n:].sum() - m) / (m * (m - 1))
    return float(within_a + within_b - 2 * kernel[:n, n:].mean()), bandwidth
