"""Multi-scale structural similarity of pairs of images of one set: high where images are alike."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import ndimage

from brainlab.errors import InputError
from brainlab.evaluation.images import Images, ImageSets, block_rows
from brainlab.evaluation.measurement import Measurement, summarise
from brainlab.evaluation.registry import Metric
from brainlab.evaluation.ssim import multi_scale_similarity
from brainlab.types import Float32Array, FloatArray, IntArray

MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Wang et al. (2003), from the finest scale to the coarsest."""

PAIRS = 100
"""Pairs compared; fewer where there are fewer than half as many images."""

PAIRS_AT_ONCE = 8


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
    images: Images, pairs: IntArray, kernel_and_weights: tuple[int, tuple[float, ...]] | None = None
) -> FloatArray:
    """Return the multi-scale structural similarity of pairs of images in [0, 1]: [pairs] (Wang et al. 2003).

    Lower means that images differ more; compare with real scans. kernel_and_weights: window and scales; as
    `ms_ssim_settings` says by default.
    """
    import torch

    kernel, weights = kernel_and_weights or ms_ssim_settings(images.shape[1:])
    size = min(PAIRS_AT_ONCE, block_rows(images.shape[1:]))
    values = []
    with torch.no_grad():
        for start in range(0, len(pairs), size):
            a, b = (torch.as_tensor(images[pairs[start : start + size, side]])[:, None] for side in (0, 1))
            values.append(multi_scale_similarity(a, b, kernel, weights).numpy().astype(np.float64))
    return np.concatenate(values)


def ms_ssim_kwon(images: Images, pairs: IntArray) -> FloatArray:
    """Return the MS-SSIM of Kwon et al. (2019) of pairs of images: [pairs]. Only comparable with that paper's family.

    It differs from the standard: images in [-1, 1] are compared with the constants of a range of 1; the window is a
    Gaussian of 1.5 with reflected edges; and the product takes the coarsest scale's term to the fourth power. Negative
    contrast terms count as 0. images: [n, *shape] in [0, 1], at least 16 a side.
    """
    if min(images.shape[1:]) < 16:
        raise InputError(f"Kwon's MS-SSIM halves images four times, so they need 16 a side; got {images.shape[1:]}")
    return np.array([_kwon_pair(*images[pair]) for pair in pairs])


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


def _pairs_of(images: Images, seed: int) -> IntArray:
    return random_pairs(len(images), min(PAIRS, 2 * len(images)), seed)


def _measured(compare: Callable[[Images, IntArray], FloatArray], **settings: Any) -> Callable[[ImageSets], Measurement]:
    """Return the measurement of pairs of generated images beside that of pairs of real scans."""

    def measure(sets: ImageSets) -> Measurement:
        values = compare(sets.generated, _pairs_of(sets.generated, sets.seed))
        real = float(compare(sets.real, _pairs_of(sets.real, sets.seed)).mean())
        return summarise(values, unit="pair", real=real, **settings)

    return measure


def _standard(sets: ImageSets) -> Measurement:
    kernel, weights = ms_ssim_settings(sets.shape)
    return _measured(ms_ssim, kernel_size=kernel, weights=list(weights))(sets)


METRICS = (
    Metric(
        name="ms_ssim",
        title="MS-SSIM among generated images",
        definition="Multi-scale structural similarity of random pairs of generated images; `real` is that of pairs of "
        "real scans. Higher than real: too little variety.",
        source="Wang et al. 2003, doi 10.1109/ACSSC.2003.1292216",
        aspect="diversity",
        better="none",
        needs=("real", "generated"),
        measure=_standard,
        settings={"kernel": "gaussian", "kernel_sigma": 1.5, "padding": "none"},
    ),
    Metric(
        name="ms_ssim_kwon",
        title="MS-SSIM of Kwon et al. among generated images",
        definition="MS-SSIM as Kwon et al. compute it: the coarsest term to the fourth power, reflected edges. "
        "Comparable with that paper's family only.",
        source="Kwon et al. 2019, arXiv:1908.02498",
        aspect="diversity",
        better="none",
        needs=("real", "generated"),
        measure=_measured(ms_ssim_kwon),
        settings={
            "value_range": [-1, 1],
            "data_range": 1,
            "kernel": "gaussian",
            "kernel_sigma": 1.5,
            "padding": "reflect",
        },
    ),
)
