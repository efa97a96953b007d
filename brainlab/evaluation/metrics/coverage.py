"""Whether generated images lie among real ones, and whether they cover them (Naeem et al. 2020, arXiv:2002.09797).

An image lies among others when it is nearer to one of them than that one's k-th neighbour of its own kind is.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from sklearn.metrics import pairwise_distances

from brainlab.errors import InputError
from brainlab.evaluation.components import Features, voxel_features
from brainlab.evaluation.images import ImageSets, evenly
from brainlab.evaluation.measurement import Measurement
from brainlab.evaluation.network_features import network_features
from brainlab.evaluation.registry import Metric
from brainlab.types import FloatArray, StringArray

NEIGHBOURS = 5
CAUTION = (
    "images near the mean of all lie in most neighbourhoods: blur alone raises precision, density and coverage; "
    "read recall beside them"
)
"""Seen in samples of a VAE of 8 dimensions: precision and coverage 1.0 at a recall of 0."""


class Manifold(NamedTuple):
    """Shares of generated images among real ones and of real ones among generated; samples around and hit real ones."""

    precision: float
    recall: float
    density: float
    coverage: float


def manifold(
    real: FloatArray, generated: FloatArray, k: int = NEIGHBOURS, people: StringArray | None = None
) -> Manifold:
    """Return precision, recall, density and coverage of features [n, d] each, alike in number.

    precision: share of generated images inside the ball of a real one, which reaches to its k-th real neighbour;
    density counts the balls, by k, so that it may exceed 1. recall: precision with parts exchanged. coverage: share of
    real balls with a generated image inside. A border is outside.
    people: whom each real image is of, [n]; neighbours are of other people, for the balls would else hold nothing but
    neighbouring slices or later visits of one person, and no image of anybody else. None where each may be of another.
    Raises InputError for k or fewer images a set, or of other people, numbers that differ, and where a set has k + 1
    alike.
    """
    if len(real) != len(generated) or len(real) <= k:
        raise InputError(f"needs equal numbers of images, more than {k}; got {len(real)} and {len(generated)}")
    across = pairwise_distances(real, generated)
    among = pairwise_distances(real)
    if people is not None:
        among[people[:, None] == people] = np.inf
        np.fill_diagonal(among, 0)
    real_reach, generated_reach = (np.sort(part, axis=1)[:, k] for part in (among, pairwise_distances(generated)))
    if np.isinf(real_reach).any():
        raise InputError(f"needs {k} real images of other people beside each person's own")
    # Distances come from products, so that those of copies are not quite 0.
    if min(real_reach.min(), generated_reach.min()) <= 1e-6 * across.max():
        raise InputError(f"{k + 1} images are alike")
    among_real = across < real_reach[:, None]
    return Manifold(
        precision=float(among_real.any(axis=0).mean()),
        recall=float((across < generated_reach).any(axis=1).mean()),
        density=float(among_real.sum(axis=0).mean() / k),
        coverage=float(among_real.any(axis=1).mean()),
    )


def _of_features(found: Features, people: StringArray | None) -> Manifold:
    """Return the figures of as many images of each kind as there are of the fewer, evenly spaced."""
    n = min(len(found.real), len(found.generated))
    if n <= NEIGHBOURS:
        sizes = f"{len(found.generated)} generated and {len(found.real)} real"
        raise InputError(f"needs {NEIGHBOURS + 1} images or more of each kind, got {sizes}")
    rows = evenly(len(found.real), n)
    known = None if people is None else people[rows]
    return manifold(found.real[rows], found.generated[evenly(len(found.generated), n)], people=known)


def _on_voxels(sets: ImageSets) -> Manifold:
    return _of_features(sets.once(voxel_features), sets.people)


def _on_network(sets: ImageSets) -> Manifold:
    return _of_features(sets.once(network_features), sets.people)


def _entry(
    name: str,
    title: str,
    definition: str,
    features: Callable[[ImageSets], Features],
    of: Callable[[ImageSets], Manifold],
) -> Metric:
    """Return one share as a metric. features: what images are compared by. of: all four shares on these."""
    share, _, _ = name.partition("_")

    def measure(sets: ImageSets) -> Measurement:
        value = getattr(sets.once(of), share)
        neighbours = "any" if sets.people is None else "of other people"
        settings = {"unit": "image", "real_neighbours": neighbours, **sets.once(features).settings}
        return Measurement(value, None, min(len(sets.real), len(sets.generated)), settings)

    return Metric(
        name=name,
        title=title,
        definition=definition,
        source="Naeem et al. 2020, arXiv:2002.09797",
        aspect="diversity",
        better="higher",
        needs=("real", "generated"),
        measure=measure,
        settings={"neighbours": NEIGHBOURS, "caution": CAUTION},
    )


SHARES = (
    ("precision", "Precision", "Share of generated images that lie among real scans"),
    ("recall", "Recall", "Share of real scans that lie among generated images"),
    ("density", "Density", "Number of real neighbourhoods that a generated image lies in, by their expectation"),
    ("coverage", "Coverage", "Share of real scans whose neighbourhood holds a generated image"),
)

METRICS = (
    *(_entry(name, title, f"{definition}.", voxel_features, _on_voxels) for name, title, definition in SHARES),
    *(
        _entry(
            f"{name}_features",
            f"{title}, tissue features",
            f"{definition}, by features of a network trained to label tissue.",
            network_features,
            _on_network,
        )
        for name, title, definition in SHARES
    ),
)
