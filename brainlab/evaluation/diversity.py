"""How much images of one set differ among themselves and from those of another (DWI comparison paper, eq. 11-13).

The paper's sums over pairs only give its table's values when divided by the number of pairs, so means are returned; the
sum is the mean times the number of pairs.
"""

import numpy as np
import torch
from monai.metrics import MultiScaleSSIMMetric
from scipy import ndimage

from brainlab.errors import InputError
from brainlab.evaluation.neighbours import nearest
from brainlab.types import Float32Array, FloatArray, IntArray

MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Wang et al. (2003), from the finest scale to the coarsest."""


def dataset_similarity(images: Float32Array, others: Float32Array) -> FloatArray:
    """Return each image's mean squared difference per pixel to all of the others: [n] (eq. 11).

    Exact without any pair: the mean over j of |a - b_j|^2 is |a|^2 + mean |b|^2 - 2 a . mean b.
    images: [n, *shape]; others: [m, *shape].
    """
    a, b = images.reshape(len(images), -1), others.reshape(len(others), -1)
    centre = b.mean(axis=0, dtype=np.float64)
    return _squares(a, centre) + _squares(b, centre).mean()


def intra_sample_diversity(images: Float32Array) -> FloatArray:
    """Return each image's mean squared difference per pixel to all others of its set: [n] (eq. 12).

    Raises InputError for fewer than two images.
    """
    if len(images) < 2:
        raise InputError(f"diversity needs at least two images; got {len(images)}")
    return dataset_similarity(images, images) * len(images) / (len(images) - 1)


def minimum_diversity(images: Float32Array) -> FloatArray:
    """Return each image's mean squared difference per pixel to its nearest neighbour in the set: [n] (eq. 13).

    Low where a generator makes groups of nearly identical images. Raises InputError for fewer than three images.
    """
    return nearest(images, images.__getitem__, len(images), exclude_self=True).distances[:, 0]


def random_pairs(n: int, pairs: int, seed: int = 0) -> IntArray:
    """Draw pairs of different image numbers: [pairs, 2]."""
    if n < 2:
        raise InputError(f"pairs need at least two images; got {n}")
    rng = np.random.default_rng(seed)
    first = rng.integers(0, n, pairs)
    return np.stack([first, (first + rng.integers(1, n, pairs)) % n], axis=1)


def ms_ssim_settings(shape: tuple[int, ...]) -> tuple[int, tuple[float, ...]]:
    """Choose window and scales that fit a shape: (window, weights that sum to 1).

    The standard has a window of 11 and five scales, which needs more than 160 a side; smaller images keep as many
    scales as fit, and take a window of 7, 5 or 3 where only that leaves three or, failing that, two.
    Raises InputError where not even two scales with a window of 3 fit.
    """
    for fewest in (3, 2):
        for kernel in (11, 7, 5, 3):
            for scales in range(5, fewest - 1, -1):
                if min(shape) // (scales - 1) ** 2 > kernel - 1 and min(shape) >> (scales - 1) >= kernel:
                    kept = MS_SSIM_WEIGHTS[:scales]
                    return kernel, tuple(weight / sum(kept) for weight in kept)
    raise InputError(f"MS-SSIM needs images of at least 6 a side; got {shape}")


def ms_ssim(
    images: Float32Array, pairs: IntArray, kernel_and_weights: tuple[int, tuple[float, ...]] | None = None
) -> FloatArray:
    """Return the multi-scale structural similarity of pairs of images in [0, 1]: [pairs] (Wang et al. 2003).

    Lower means that images differ more; compare with real scans. kernel_and_weights: window and scales; as
    `ms_ssim_settings` says by default.
    """
    kernel, weights = kernel_and_weights or ms_ssim_settings(images.shape[1:])
    metric = MultiScaleSSIMMetric(images.ndim - 1, 1.0, kernel_size=kernel, weights=weights, reduction="none")
    values = []
    with torch.no_grad():
        for start in range(0, len(pairs), 8):
            a, b = (torch.as_tensor(images[pairs[start : start + 8, side]])[:, None] for side in (0, 1))
            values.append(torch.as_tensor(metric(a, b)).reshape(-1).numpy().astype(np.float64))
    return np.concatenate(values)


def ms_ssim_kwon(images: Float32Array, pairs: IntArray) -> FloatArray:
    """Return the MS-SSIM of Kwon et al. (2019) of pairs of images: [pairs]. Only comparable with that paper's family.

    It differs from the standard: images in [-1, 1] are compared with the constants of a range of 1; the window is a
    Gaussian of 1.5 with reflected edges; and the product takes the coarsest scale's term to the fourth power. Negative
    contrast terms count as 0. images: [n, *shape] in [0, 1], at least 16 a side.
    """
    if min(images.shape[1:]) < 16:
        raise InputError(f"Kwon's MS-SSIM halves images four times, so they need 16 a side; got {images.shape[1:]}")
    return np.array([_kwon_pair(images[i], images[j]) for i, j in pairs])


def _kwon_pair(first: Float32Array, second: Float32Array) -> float:
    a, b = 2 * first.astype(np.float32) - 1, 2 * second.astype(np.float32) - 1
    similarity, contrast = [], []
    for _ in MS_SSIM_WEIGHTS:
        mean_a, mean_b, aa, bb, ab = (ndimage.gaussian_filter(x, 1.5) for x in (a, b, a * a, b * b, a * b))
        ratio = (2 * (ab - mean_a * mean_b) + 0.03**2) / (aa - mean_a**2 + bb - mean_b**2 + 0.03**2)
        contrast.append(max(float(ratio.mean()), 0.0))
        light = (2 * mean_a * mean_b + 0.01**2) / (mean_a**2 + mean_b**2 + 0.01**2)
        similarity.append(max(float((light * ratio).mean()), 0.0))
        a, b = _halve(a), _halve(b)
    weights = np.array(MS_SSIM_WEIGHTS)
    return float(np.prod(np.array(contrast[:-1]) ** weights[:-1] * similarity[-1] ** weights[-1]))


def _halve(image: Float32Array) -> Float32Array:
    """Average blocks of 2 along every axis; an odd last plane is dropped, as torch's pooling does."""
    even = image[tuple(slice(0, side // 2 * 2) for side in image.shape)]
    blocks = even.reshape([n for side in even.shape for n in (side // 2, 2)])
    return blocks.mean(axis=tuple(range(1, 2 * image.ndim, 2)))


def _squares(flat: FloatArray, centre: FloatArray) -> FloatArray:
    """Return the mean over pixels of (row - centre)^2 for each row, in float64, 256 rows at a time."""
    blocks = (flat[start : start + 256] - centre for start in range(0, len(flat), 256))
    return np.concatenate([np.einsum("iv,iv->i", block, block) for block in blocks]) / flat.shape[1]
