"""Structural similarity of pairs of images (Wang et al. 2004) and over several scales (Wang et al. 2003).

The numbers are those of MONAI's metrics. MONAI slides the whole window over an image, with 11 x 11 x 11 products a
voxel of a volume; a Gaussian is the product of one along each axis, and three passes of 11 take a fortieth of the time
(`benchmarks/models/ssim.py`). Volumes of 128 x 128 x 128 voxels could not be evaluated otherwise.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

SIGMA = 1.5
"""Of the Gaussian window, in voxels."""

K1, K2 = 0.01, 0.03
"""Constants that keep the quotients stable, as shares of the range."""


def similarity_and_contrast(a: "Tensor", b: "Tensor", window: int, data_range: float = 1.0) -> "tuple[Tensor, Tensor]":
    """Return the structural similarity of each pair, and its part without the means: [n], [n].

    a, b: [n, 1, *shape], each side at least the window.  data_range: of the brightest value to the darkest.
    """
    similarity, contrast = similarity_maps(a, b, window, data_range)
    axes = tuple(range(1, a.ndim))
    return similarity.mean(axes), contrast.mean(axes)


def similarity_maps(a: "Tensor", b: "Tensor", window: int, data_range: float = 1.0) -> "tuple[Tensor, Tensor]":
    """Return both for each window that lies wholly within the images: [n, 1, *(shape - window + 1)] each.

    The window that starts at voxel i has its centre at i + (window - 1) / 2.
    """
    weights = _gaussian(window)
    mean_a, mean_b, aa, bb, ab = (_slid(x, weights) for x in (a, b, a * a, b * b, a * b))
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    both, squares = mean_a * mean_b, mean_a**2 + mean_b**2
    contrast = (2 * (ab - both) + c2) / (aa + bb - squares + c2)
    return (2 * both + c1) / (squares + c1) * contrast, contrast


def multi_scale_similarity(a: "Tensor", b: "Tensor", window: int, weights: Sequence[float]) -> "Tensor":
    """Return the multi-scale structural similarity of each pair of images in [0, 1]: [n].

    a, b: [n, 1, *shape].  weights: of the scales from the finest on, each half the size of the one before. The means
    count at the coarsest scale alone; a negative term counts as 0.
    """
    import torch.nn.functional as F

    halved = F.avg_pool3d if a.ndim == 5 else F.avg_pool2d
    product = a.new_ones(len(a))
    for scale, weight in enumerate(weights):
        similarity, contrast = similarity_and_contrast(a, b, window)
        last = scale == len(weights) - 1
        product = product * (similarity if last else contrast).clamp(min=0) ** weight
        if not last:
            a, b = halved(a, 2), halved(b, 2)
    return product


def _gaussian(window: int) -> list[float]:
    import torch

    at = torch.arange((1 - window) / 2, (1 + window) / 2, dtype=torch.float64)
    weights = torch.exp(-((at / SIGMA) ** 2) / 2)
    found: list[float] = (weights / weights.sum()).tolist()
    return found


def _slid(x: "Tensor", weights: list[float]) -> "Tensor":
    """Return weighted means of all windows that lie wholly within each image."""
    for axis in range(2, x.ndim):
        kept = x.shape[axis] - len(weights) + 1
        mean = weights[0] * x.narrow(axis, 0, kept)
        for start, weight in enumerate(weights[1:], 1):
            mean.add_(x.narrow(axis, start, kept), alpha=weight)
        x = mean
    return x
