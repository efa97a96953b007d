"""How much images of one set differ among themselves and from those of another (DWI comparison paper, eq. 11-13).

The paper's sums over pairs only give its table's values when divided by the number of pairs, so means are returned; the
sum is the mean times the number of pairs.
"""

import numpy as np

from brainlab.errors import InputError
from brainlab.evaluation.images import Images, ImageSets, each, mean_image
from brainlab.evaluation.measurement import Measurement, summarise
from brainlab.evaluation.neighbours import nearest
from brainlab.evaluation.registry import Metric
from brainlab.types import FloatArray


def dataset_similarity(images: Images, others: Images) -> FloatArray:
    """Return each image's mean squared difference per pixel to all of the others: [n] (eq. 11).

    Exact without any pair: the mean over j of |a - b_j|^2 is |a|^2 + mean |b|^2 - 2 a . mean b.
    images: [n, *shape]; others: [m, *shape].
    """
    centre = mean_image(others)
    return _squares(images, centre) + _squares(others, centre).mean()


def intra_sample_diversity(images: Images) -> FloatArray:
    """Return each image's mean squared difference per pixel to all others of its set: [n] (eq. 12).

    Raises InputError for fewer than two images.
    """
    if len(images) < 2:
        raise InputError(f"diversity needs at least two images; got {len(images)}")
    return dataset_similarity(images, images) * len(images) / (len(images) - 1)


def minimum_diversity(images: Images) -> FloatArray:
    """Return each image's mean squared difference per pixel to its nearest neighbour in the set: [n] (eq. 13).

    Low where a generator makes groups of nearly identical images. Raises InputError for fewer than three images.
    """
    return nearest(images, images, exclude_self=True).distances[:, 0]


def _squares(images: Images, centre: FloatArray) -> FloatArray:
    """Return the mean over pixels of (image - centre)^2 for each image, in float64: [n]."""
    values = []
    for image in each(images):
        difference = (image - centre).ravel()
        values.append(difference @ difference / difference.size)
    return np.array(values)


def _of_real(sets: ImageSets) -> FloatArray:
    return intra_sample_diversity(sets.real)


def _similarity(sets: ImageSets) -> Measurement:
    values, pairs = dataset_similarity(sets.generated, sets.real), len(sets.generated) * len(sets.real)
    return summarise(values, real=float(sets.once(_of_real).mean()), sum_over_pairs=float(values.mean()) * pairs)


def _diversity(sets: ImageSets) -> Measurement:
    values, n = intra_sample_diversity(sets.generated), len(sets.generated)
    return summarise(values, real=float(sets.once(_of_real).mean()), sum_over_pairs=float(values.mean()) * n * (n - 1))


def _minimum(sets: ImageSets) -> Measurement:
    return summarise(minimum_diversity(sets.generated), real=float(minimum_diversity(sets.real).mean()))


PER_PAIR = {"difference": "mean over voxels of squares", "over_pairs": "mean"}
PAPER = "DWI comparison paper, eq. {}"

METRICS = (
    Metric(
        name="dataset_similarity",
        title="Dataset similarity",
        definition="Mean squared difference per voxel between generated and real images, over all pairs; `real` is "
        "that among real scans.",
        source=PAPER.format(11),
        aspect="diversity",
        better="lower",
        needs=("real", "generated"),
        measure=_similarity,
        settings=PER_PAIR,
    ),
    Metric(
        name="isd",
        title="Intra-sample diversity",
        definition="Mean squared difference per voxel among generated images, over all pairs; `real` is that among "
        "real scans.",
        source=PAPER.format(12),
        aspect="diversity",
        better="none",
        needs=("real", "generated"),
        measure=_diversity,
        settings=PER_PAIR,
    ),
    Metric(
        name="minimum_isd",
        title="Minimum intra-sample diversity",
        definition="Mean squared difference per voxel of a generated image to the nearest other one; `real` is that "
        "among real scans.",
        source=PAPER.format(13),
        aspect="diversity",
        better="none",
        needs=("real", "generated"),
        measure=_minimum,
        settings={
            "difference": "mean over voxels of squares",
            "caution": "falls with the number of images: compare only for equal n",
        },
    ),
)
