"""How close reconstructions come to their originals, voxel by voxel."""

from typing import Any

import numpy as np
import torch
from monai.metrics import MSEMetric, PSNRMetric, SSIMMetric

from brainlab.errors import InputError
from brainlab.types import Float32Array, FloatArray

SSIM_KERNEL = 11
SSIM_SIGMA = 1.5
"""Wang et al. (2004): an 11-voxel Gaussian window of 1.5 voxels."""


def mean_squared_error(images: Float32Array, originals: Float32Array) -> FloatArray:
    """Return the mean squared error of each image: [n]. images, originals: [n, *shape]."""
    a, b = _pair(images, originals)
    return _values(MSEMetric(reduction="none")(a, b))


def peak_signal_to_noise_db(images: Float32Array, originals: Float32Array, maximum: float = 1.0) -> FloatArray:
    """Return 20 log10(maximum) - 10 log10(MSE) of each image in dB: [n]; infinite where nothing differs.

    maximum: the brightest value that an image of this range can have.
    """
    a, b = _pair(images, originals)
    return _values(PSNRMetric(max_val=maximum, reduction="none")(a, b))


def structural_similarity(
    images: Float32Array, originals: Float32Array, data_range: float = 1.0, kernel: int = SSIM_KERNEL
) -> FloatArray:
    """Return the structural similarity of each image, averaged over its voxels without padding: [n], at most 1.

    Two- or three-dimensional Gaussian window, as the images have dimensions (Wang et al. 2004).
    Raises InputError when an image is smaller than the window.
    """
    a, b = _pair(images, originals)
    if min(a.shape[2:]) < kernel:
        raise InputError(
            f"SSIM with a window of {kernel} needs images of at least {kernel} a side; got {images.shape[1:]}"
        )
    metric = SSIMMetric(a.ndim - 2, data_range, win_size=kernel, kernel_sigma=SSIM_SIGMA, reduction="none")
    with torch.no_grad():
        return np.concatenate([_values(metric(a[i : i + 8], b[i : i + 8])) for i in range(0, len(a), 8)])


def _pair(images: Float32Array, originals: Float32Array) -> tuple[torch.Tensor, torch.Tensor]:
    """Return both as tensors with a channel axis; InputError where their shapes differ."""
    if images.shape != originals.shape or images.ndim not in (3, 4):
        raise InputError(
            f"paired images need one shape [n, X, Y] or [n, X, Y, Z]; got {images.shape} and {originals.shape}"
        )
    a, b = (torch.as_tensor(np.ascontiguousarray(part, dtype=np.float32))[:, None] for part in (images, originals))
    return a, b


def _values(result: Any) -> FloatArray:
    """Return MONAI's result for each image as an array [n]."""
    return result.reshape(len(result), -1).mean(dim=1).numpy().astype(np.float64)
