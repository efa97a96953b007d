"""How far two sets of images are apart as distributions of a network's features: Frechet and kernel distance.

Both depend on the network, so that values of two networks may not be compared; its name and hash stand in the settings.
"""

import numpy as np

from brainlab.errors import InputError
from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.measurement import Measurement
from brainlab.evaluation.network_features import network_features
from brainlab.evaluation.registry import Metric
from brainlab.types import FloatArray

SUBSETS, SUBSET = 100, 1000
"""Subsets that the kernel distance is averaged over, and the most images of each kind in one (as its authors took)."""
CAUTION = "values on features of different networks cannot be compared"


def frechet_distance(features: FloatArray, others: FloatArray) -> float:
    """Return |m - m'|^2 + tr(C + C' - 2 (C C')^(1/2)) of the Gaussians fitted to features [n, d] and [m, d].

    The trace of the root is the sum of the roots of the eigenvalues of C^(1/2) C' C^(1/2), which is symmetric: unlike a
    root of C C' itself (MONAI's FIDMetric) it stands features that are constant, as dead ReLUs are.
    Raises InputError where a set has fewer images than twice the features: its covariance would be of chance.
    """
    needed = 2 * features.shape[1]
    if min(len(features), len(others)) < needed:
        raise InputError(
            f"a Frechet distance on {features.shape[1]} features needs {needed} images of each kind, got "
            f"{len(features)} and {len(others)}"
        )
    means = [part.mean(axis=0) for part in (features, others)]
    first, second = (np.atleast_2d(np.cov(part, rowvar=False)) for part in (features, others))
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    between = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(min=0)).sum()
    return float(((means[0] - means[1]) ** 2).sum() + np.trace(first) + np.trace(second) - 2 * between)


def kernel_distances(features: FloatArray, others: FloatArray, seed: int = 0) -> FloatArray:
    """Return the MMD squared of random subsets of features [n, d] and [m, d]: [SUBSETS]. Each may be negative.

    Unbiased U-statistic with the kernel (x . y / d + 1)^3. A subset holds 1,000 images of each kind, or half of the
    fewer ones: with all of them every subset would be the same.
    Raises InputError for fewer than four images of a kind.
    """
    fewer = min(len(features), len(others))
    if fewer < 4:
        raise InputError(f"a kernel distance needs 4 images of each kind, got {len(features)} and {len(others)}")
    size = min(SUBSET, fewer // 2)
    random = np.random.default_rng(seed)
    found = np.empty(SUBSETS)
    for number in range(SUBSETS):
        a, b = (part[random.choice(len(part), size, replace=False)] for part in (features, others))
        within = sum((_kernel(part, part).sum() - _kernel_with_itself(part).sum()) for part in (a, b))
        found[number] = within / (size * (size - 1)) - 2 * _kernel(a, b).mean()
    return found


def _kernel(a: FloatArray, b: FloatArray) -> FloatArray:
    return (a @ b.T / a.shape[1] + 1) ** 3


def _kernel_with_itself(a: FloatArray) -> FloatArray:
    return ((a**2).mean(axis=1) + 1) ** 3


def _frechet(sets: ImageSets) -> Measurement:
    found = sets.once(network_features)
    value = frechet_distance(found.generated, found.real)
    return Measurement(value, None, len(found.generated), {"real_n": len(found.real), **found.settings})


def _kernel_distance(sets: ImageSets) -> Measurement:
    found = sets.once(network_features)
    values = kernel_distances(found.generated, found.real, sets.seed)
    size = min(SUBSET, min(len(found.generated), len(found.real)) // 2)
    settings = {"unit": "subset", "images_a_subset": size, "images": len(found.generated), "real_n": len(found.real)}
    return Measurement(float(values.mean()), float(values.std(ddof=1)), SUBSETS, {**settings, **found.settings})


METRICS = (
    Metric(
        name="frechet_distance",
        title="Frechet distance",
        definition="Squared Frechet distance of the Gaussians fitted to generated and to real images' features in a "
        "network trained to label tissue. Undefined for fewer images than twice the features.",
        source="Heusel et al. 2017, arXiv:1706.08500, section 3",
        aspect="distribution",
        better="lower",
        needs=("real", "generated"),
        measure=_frechet,
        settings={"caution": CAUTION},
    ),
    Metric(
        name="kernel_distance",
        title="Kernel distance",
        definition="Maximum mean discrepancy, squared and unbiased, of generated and real images' features in a "
        "network trained to label tissue, with a polynomial kernel of degree 3: mean over random subsets. May be "
        "negative.",
        source="Binkowski et al. 2018, arXiv:1801.01401, section 4",
        aspect="distribution",
        better="lower",
        needs=("real", "generated"),
        measure=_kernel_distance,
        settings={"kernel": "polynomial of degree 3", "estimator": "unbiased", "subsets": SUBSETS, "caution": CAUTION},
    ),
)
