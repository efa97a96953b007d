"""How close reconstructions come to their originals, voxel by voxel."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from brainlab.errors import InputError
from brainlab.evaluation.images import Images, ImageSets, block_rows, blocks, evenly
from brainlab.evaluation.measurement import Measurement, summarise
from brainlab.evaluation.registry import Metric
from brainlab.evaluation.ssim import SIGMA, similarity_and_contrast
from brainlab.types import FloatArray, IntArray

if TYPE_CHECKING:
    from torch import Tensor

SSIM_KERNEL = 11
"""Wang et al. (2004): a Gaussian window of 11 voxels."""

SSIM_IMAGES = 100
"""SSIM is measured on at most this many images, evenly spaced."""

SSIM_AT_ONCE = 8
"""Images compared at once, or as many as fill a block: SSIM holds some ten more images for each."""


def mean_squared_error(images: Images, originals: Images) -> FloatArray:
    """Return the mean squared error of each image: [n]. images, originals: [n, *shape]."""
    from monai.metrics import MSEMetric

    return _each_pair(MSEMetric(reduction="none"), images, originals)


def peak_signal_to_noise_db(images: Images, originals: Images, maximum: float = 1.0) -> FloatArray:
    """Return 20 log10(maximum) - 10 log10(MSE) of each image in dB: [n]; infinite where nothing differs.

    maximum: the brightest value that an image of this range can have.
    """
    from monai.metrics import PSNRMetric

    return _each_pair(PSNRMetric(max_val=maximum, reduction="none"), images, originals)


def structural_similarity(
    images: Images,
    originals: Images,
    data_range: float = 1.0,
    kernel: int = SSIM_KERNEL,
    rows: IntArray | None = None,
) -> FloatArray:
    """Return the structural similarity of each image, averaged over its voxels without padding: [n], at most 1.

    Two- or three-dimensional Gaussian window, as the images have dimensions (Wang et al. 2004). rows: images that
    count; all by default. Raises InputError when an image is smaller than the window.
    """
    shape = images.shape[1:]
    if min(shape) < kernel:
        raise InputError(f"SSIM with a window of {kernel} needs images of at least {kernel} a side; got {shape}")

    def similarity(a: "Tensor", b: "Tensor") -> "Tensor":
        return similarity_and_contrast(a, b, kernel, data_range)[0]

    return _each_pair(similarity, images, originals, rows, min(SSIM_AT_ONCE, block_rows(shape)))


def _each_pair(
    metric: Callable[..., Any],
    images: Images,
    originals: Images,
    rows: IntArray | None = None,
    at_once: int | None = None,
) -> FloatArray:
    """Return what a metric gives for each image, reading few at a time: [n]."""
    import torch

    if images.shape != originals.shape or len(images.shape) not in (3, 4):
        raise InputError(
            f"paired images need one shape [n, X, Y] or [n, X, Y, Z]; got {images.shape} and {originals.shape}"
        )
    with torch.no_grad():
        parts = (_tensors(part, rows, at_once) for part in (images, originals))
        values = [metric(a, b).reshape(len(a), -1).mean(dim=1) for a, b in zip(*parts, strict=True)]
    return torch.cat(values).numpy().astype(np.float64)


def _tensors(images: Images, rows: IntArray | None, at_once: int | None) -> Iterator["Tensor"]:
    """Read blocks of images with a channel axis: [k, 1, *shape]."""
    import torch

    for block in blocks(images, rows, at_once):
        yield torch.as_tensor(np.ascontiguousarray(block, dtype=np.float32))[:, None]


def _measured(compare: Callable[[Images, Images], FloatArray]) -> Callable[[ImageSets], Measurement]:
    """Return a measurement of the pairs of images."""

    def measure(sets: ImageSets) -> Measurement:
        return summarise(compare(sets.part("pairs"), sets.real), of="real")

    return measure


def _ssim(sets: ImageSets) -> Measurement:
    rows = evenly(len(sets.real), SSIM_IMAGES)
    return summarise(structural_similarity(sets.part("pairs"), sets.real, rows=rows), of="real", rows=rows)


METRICS = (
    Metric(
        name="mse",
        title="Mean squared error",
        definition="Mean over voxels of the squared difference between a scan and its reconstruction.",
        aspect="reconstruction",
        better="lower",
        needs=("real", "pairs"),
        measure=_measured(mean_squared_error),
        settings={"voxels": "all"},
    ),
    Metric(
        name="psnr",
        title="Peak signal-to-noise ratio, dB",
        definition="20 log10 of the brightest value less 10 log10 of the mean squared error of a reconstruction.",
        aspect="reconstruction",
        better="higher",
        needs=("real", "pairs"),
        measure=_measured(peak_signal_to_noise_db),
        settings={"voxels": "all", "maximum": 1, "scale": "dB"},
    ),
    Metric(
        name="ssim",
        title="Structural similarity",
        definition=f"Structural similarity of a scan and its reconstruction, on at most {SSIM_IMAGES} scans.",
        source="Wang et al. 2004, doi 10.1109/TIP.2003.819861",
        aspect="reconstruction",
        better="higher",
        needs=("real", "pairs"),
        measure=_ssim,
        settings={
            "padding": "none",
            "data_range": 1,
            "kernel": "gaussian",
            "kernel_size": SSIM_KERNEL,
            "kernel_sigma": SIGMA,
        },
    ),
)
