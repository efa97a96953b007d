"""Maximum mean discrepancy: how far two sets of images are apart as distributions.

Three incompatible ones are in use; each is named, and none may be compared with another.
"""

import math
from collections.abc import Iterator

import numpy as np
from scipy.spatial.distance import cdist

from brainlab.errors import InputError
from brainlab.evaluation.components import voxel_features
from brainlab.evaluation.images import Images, ImageSets, each, mean_image
from brainlab.evaluation.measurement import Measurement, summarise
from brainlab.evaluation.registry import Metric
from brainlab.types import FloatArray

DISTANCES = 2**22
"""Distances between pairs of images that are held at once."""

BINS = 4096
"""Bins in which the median of more distances than that is looked for, in one of them again until few are left."""

LARGE = 256**3
"""Voxels from which batches and tests are fewer, as in the slice-VAE paper."""

LINEAR = "a linear kernel compares the two mean images alone: it cannot see that samples lack variety"


def mmd_kwon(images: Images, others: Images, batch: int = 8, tests: int = 100, seed: int = 0) -> FloatArray:
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
            2 * mean_image(part, np.sort(rng.choice(len(part), batch, replace=False))) - 1 for part in (images, others)
        ]
        values[i] = ((means[0] - means[1]) ** 2).sum()
    return values


def mmd_unbiased(images: Images, others: Images) -> float:
    """Return the unbiased MMD squared with a linear kernel on raw voxels (Gretton et al. 2012, eq. 3). May be negative.

    For sets of one size it is MONAI's `MMDMetric`, without the products of all pairs: for a linear kernel they follow
    from the sum of the images and the sum of their squares. Both sets need at least two images.
    """
    if min(len(images), len(others)) < 2:
        raise InputError(f"MMD needs at least two images in each set; got {len(images)} and {len(others)}")
    # The value does not change when both sets are moved; about their mean nothing large cancels.
    centre = mean_image(others)
    (sum_a, within_a), (sum_b, within_b) = (_moments(part, centre) for part in (images, others))
    return within_a + within_b - 2 * float(sum_a @ sum_b) / (len(images) * len(others))


def _moments(images: Images, centre: FloatArray) -> tuple[FloatArray, float]:
    """Return the sum of images about a centre, [V], and the mean product of two different ones."""
    total, squares = np.zeros(centre.size), 0.0
    for image in each(images):
        moved = (image - centre).ravel()
        total += moved
        squares += float(moved @ moved)
    n = len(images)
    return total, (float(total @ total) - squares) / (n * (n - 1))


def mmd_features(features: FloatArray, others: FloatArray) -> tuple[float, float]:
    """Return (MMD squared, bandwidth) with a Gaussian kernel on features: unbiased U-statistic, may be negative.

    features: [n, f]; others: [m, f]. The bandwidth is the median distance between the two sets' features together
    (Gretton et al. 2012, section 8).
    """
    if min(len(features), len(others)) < 2:
        raise InputError(f"MMD needs at least two images in each set; got {len(features)} and {len(others)}")
    a, b = features.astype(np.float64), others.astype(np.float64)
    bandwidth = math.sqrt(_median_square(np.concatenate([a, b])))
    scale = 2 * bandwidth**2 if bandwidth > 0 else 1.0
    within_a, within_b, between = (_kernel_sum(x, y, scale) for x, y in ((a, a), (b, b), (a, b)))
    n, m = len(a), len(b)
    # The kernel of an image with itself is 1.
    value = (within_a - n) / (n * (n - 1)) + (within_b - m) / (m * (m - 1)) - 2 * between / (n * m)
    return value, bandwidth


def _kernel_sum(a: FloatArray, b: FloatArray, scale: float) -> float:
    """Return the sum of exp(-|x - y|^2 / scale) over all pairs."""
    size = max(1, DISTANCES // len(b))
    squares = (cdist(a[start : start + size], b, "sqeuclidean") for start in range(0, len(a), size))
    return sum(float(np.exp(-part / scale).sum()) for part in squares)


def _pair_squares(points: FloatArray) -> Iterator[FloatArray]:
    """Yield the squared distances of all pairs of different points, few at a time."""
    size = max(1, DISTANCES // len(points))
    for start in range(0, len(points), size):
        block = cdist(points[start : start + size], points[start:], "sqeuclidean")
        yield block[np.triu_indices(len(block), 1, block.shape[1])]


def _median_square(points: FloatArray) -> float:
    """Return the median squared distance of all pairs, exactly, without holding them all."""
    pairs = len(points) * (len(points) - 1) // 2
    return (_smallest(points, (pairs - 1) // 2, pairs) + _smallest(points, pairs // 2, pairs)) / 2


def _smallest(points: FloatArray, rank: int, inside: int) -> float:
    """Return the squared distance that `rank` of all `inside` are not above."""
    low, high = 0.0, max(float(part.max(initial=0)) for part in _pair_squares(points))
    while inside > DISTANCES and low < high:
        edges = np.linspace(low, high, BINS + 1)
        counts = np.sum([np.histogram(part, edges)[0] for part in _pair_squares(points)], axis=0)
        chosen = int(np.searchsorted(np.cumsum(counts), rank, side="right"))
        if (edges[chosen], edges[chosen + 1]) == (low, high):  # neighbours among floating-point numbers
            return low
        rank, inside = rank - int(counts[:chosen].sum()), int(counts[chosen])
        low, high = float(edges[chosen]), float(edges[chosen + 1])
    if inside > DISTANCES:  # all are alike
        return low
    kept = np.concatenate([part[(part >= low) & (part <= high)] for part in _pair_squares(points)])
    return float(np.partition(kept, rank)[rank])


def kwon_batches(voxels: int) -> tuple[int, int]:
    """Return the images of a batch, and the tests, that the slice-VAE paper (section 4.2) takes for images so large."""
    return (4, 10) if voxels >= LARGE else (8, 100)


def _kwon(sets: ImageSets) -> Measurement:
    voxels = math.prod(sets.shape)
    batch, tests = kwon_batches(voxels)
    values = mmd_kwon(sets.generated, sets.real, batch, tests, seed=sets.seed)
    return summarise(values, unit="test", voxels=voxels, batch=batch)


def _unbiased(sets: ImageSets) -> Measurement:
    value = mmd_unbiased(sets.generated, sets.real)
    return Measurement(value, None, len(sets.generated), {"real_n": len(sets.real), "voxels": math.prod(sets.shape)})


def _features(sets: ImageSets) -> Measurement:
    found = sets.once(voxel_features)
    value, bandwidth = mmd_features(found.generated, found.real)
    settings = {"bandwidth": bandwidth, "real_n": len(found.real), **found.settings}
    return Measurement(value, None, len(found.generated), settings)


METRICS = (
    Metric(
        name="mmd_kwon",
        title="MMD of Kwon et al.",
        definition="Squared distance of the mean images of random batches of generated and of real images: biased, "
        "linear kernel, summed over voxels. Depends on batch size and voxels.",
        source="Kwon et al. 2019, arXiv:1908.02498; batches as in the slice-VAE paper",
        aspect="distribution",
        better="lower",
        needs=("real", "generated"),
        measure=_kwon,
        settings={"kernel": "linear", "estimator": "biased", "caution": LINEAR, "value_range": [-1, 1]},
    ),
    Metric(
        name="mmd_unbiased",
        title="MMD, unbiased, linear kernel",
        definition="Maximum mean discrepancy, squared, of generated and real images with a linear kernel on voxels, as "
        "MONAI's MMDMetric. May be negative.",
        source="Gretton et al. 2012, JMLR 13:723-773, eq. 3",
        aspect="distribution",
        better="lower",
        needs=("real", "generated"),
        measure=_unbiased,
        settings={"kernel": "linear", "estimator": "unbiased", "caution": LINEAR},
    ),
    Metric(
        name="mmd_features",
        title="MMD, unbiased, on features",
        definition="Maximum mean discrepancy, squared, of generated and real images with a Gaussian kernel on "
        "principal components of the real scans' voxels. May be negative.",
        source="Gretton et al. 2012, JMLR 13:723-773, eq. 3 and section 8",
        aspect="distribution",
        better="lower",
        needs=("real", "generated"),
        measure=_features,
        settings={"kernel": "gaussian", "estimator": "unbiased"},
    ),
)
