"""How much images of one set differ among themselves and from those of another (DWI comparison paper, eq. 11-13).

The paper's sums over pairs only give its table's values when divided by the number of pairs, so means are returned; the
sum is the mean times the number of pairs. The paper's table has a row of original images beside those of its models:
the metrics named `_real`, on as many real scans as there are generated images.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from brainlab.errors import InputError
from brainlab.evaluation.images import Images, ImageSets, each, evenly, mean_image
from brainlab.evaluation.measurement import Measurement, Parts, summarise
from brainlab.evaluation.neighbours import nearest
from brainlab.evaluation.registry import Metric
from brainlab.types import Float32Array, FloatArray, IntArray, StringArray


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


def minimum_diversity(images: Images, people: StringArray | None = None) -> FloatArray:
    """Return each image's mean squared difference per pixel to its nearest neighbour in the set: [n] (eq. 13).

    Low where a generator makes groups of nearly identical images. people: whom each image is of, [n], so that the
    neighbour is of another person: slices and visits of one person are alike, and a generated image is of nobody else.
    None where each may be of another person. Raises InputError for fewer than three images, or people.
    """
    return nearest(images, images, exclude_self=True, people=people).distances[:, 0]


def similarity_between_people(images: Images, people: StringArray | None = None) -> FloatArray:
    """Return each image's mean squared difference per pixel to the images of all other people: [n].

    What `dataset_similarity` is for a generated image, whom no scan is of. people: whom each image is of, [n]; None
    where each may be of another person. Raises InputError for fewer than two people.
    """
    _, owners, counts = np.unique(
        np.arange(len(images)) if people is None else people, return_inverse=True, return_counts=True
    )
    if len(counts) < 2:
        raise InputError(f"similarity between people needs images of at least two, got {len(counts)}")
    to_all = dataset_similarity(images, images) * len(images)
    within = np.zeros(len(images))
    for owner in np.flatnonzero(counts > 1):
        rows = np.flatnonzero(owners == owner)
        centre = mean_image(images, rows)
        squares = _squares(images, centre, rows)
        within[rows] = (squares + squares.mean()) * len(rows)
    return (to_all - within) / (len(images) - counts[owners])


def _squares(images: Images, centre: FloatArray, rows: IntArray | None = None) -> FloatArray:
    """Return the mean over pixels of (image - centre)^2 for each image, in float64: [n]."""
    values = []
    for image in each(images, rows):
        difference = (image - centre).ravel()
        values.append(difference @ difference / difference.size)
    return np.array(values)


def _of_real(sets: ImageSets) -> FloatArray:
    return intra_sample_diversity(sets.real)


def _similarity(sets: ImageSets) -> Measurement:
    values, pairs = dataset_similarity(sets.generated, sets.real), len(sets.generated) * len(sets.real)
    real, total = float(similarity_between_people(sets.real, sets.people).mean()), float(values.mean()) * pairs
    return summarise(values, of="generated", real=real, sum_over_pairs=total)


def _diversity(sets: ImageSets) -> Measurement:
    values, n = intra_sample_diversity(sets.generated), len(sets.generated)
    real, total = float(sets.once(_of_real).mean()), float(values.mean()) * n * (n - 1)
    # A mean over pairs: an image has a part in its own pairs and in those of all others, so that chance moves the mean
    # by twice what it moves one image's value (Hoeffding 1948, section 7).
    parts = Parts(2 * values - values.mean(), "generated")
    return replace(summarise(values, real=real, sum_over_pairs=total), parts=parts)


def _minimum(sets: ImageSets) -> Measurement:
    real = float(minimum_diversity(sets.real, sets.people).mean())
    return summarise(minimum_diversity(sets.generated), real=real)


class _Rows:
    """Some of a set's images, by their row numbers there."""

    def __init__(self, images: Images, rows: IntArray) -> None:
        self._images, self._rows = images, rows
        self.shape = (len(rows), *images.shape[1:])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: IntArray, /) -> Float32Array:
        return self._images[self._rows[rows]]


def _among_real(compare: Callable[[Images, StringArray | None], FloatArray]) -> Callable[[ImageSets], Measurement]:
    """Return the measurement of as many real scans as there are generated images, evenly spaced, or of all of fewer."""

    def measure(sets: ImageSets) -> Measurement:
        rows = evenly(len(sets.real), len(sets.generated))
        people = None if sets.people is None else sets.people[rows]
        known = len(rows) if people is None else len(set(people))
        return summarise(compare(_Rows(sets.real, rows), people), people=known, people_known=people is not None)

    return measure


PER_PAIR = {"difference": "mean over voxels of squares", "over_pairs": "mean"}
PAPER = "DWI comparison paper, eq. {}"

METRICS = (
    Metric(
        name="dataset_similarity",
        title="Dataset similarity",
        definition="Mean squared difference per voxel between generated and real images, over all pairs; `real` is "
        "that between real scans of different people. It falls with diversity, and is lowest where all are alike.",
        source=PAPER.format(11),
        aspect="diversity",
        better="none",
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
        "among real scans of different people.",
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
    Metric(
        name="dataset_similarity_real",
        title="Dataset similarity of real scans",
        definition="Mean squared difference per voxel between real scans of different people, over all pairs.",
        source=PAPER.format(11),
        aspect="diversity",
        better="none",
        needs=("real", "generated"),
        measure=_among_real(similarity_between_people),
        settings=PER_PAIR,
    ),
    Metric(
        name="isd_real",
        title="Intra-sample diversity of real scans",
        definition="Mean squared difference per voxel among real scans, over all pairs, visits of one person included.",
        source=PAPER.format(12),
        aspect="diversity",
        better="none",
        needs=("real", "generated"),
        measure=_among_real(lambda images, _: intra_sample_diversity(images)),
        settings=PER_PAIR,
    ),
    Metric(
        name="minimum_isd_real",
        title="Minimum intra-sample diversity of real scans",
        definition="Mean squared difference per voxel of a real scan to the nearest one of another person, on as many "
        "scans as there are generated images.",
        source=PAPER.format(13),
        aspect="diversity",
        better="none",
        needs=("real", "generated"),
        measure=_among_real(minimum_diversity),
        settings={
            "difference": "mean over voxels of squares",
            "caution": "falls with the number of images: compare only for equal n",
        },
    ),
)
