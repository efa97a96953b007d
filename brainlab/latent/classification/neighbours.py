"""Which scans lie nearest to one in a latent space."""

from collections.abc import Sequence

import numpy as np

from brainlab.types import FloatArray, IntArray


def nearest_people(
    coordinates: FloatArray, participants: Sequence[str], index: int, count: int
) -> tuple[IntArray, FloatArray]:
    """Return the nearest scans to the one at `index`, and their distances, nearest first: [m], [m], m <= count.

    A person's own scans resemble each other, so none of the same person is given, and of every other person only the
    nearest one. coordinates: [N, k], in which Euclidean distance is meant. participants: [N].
    """
    distances = np.linalg.norm(coordinates - coordinates[index], axis=1)
    people = np.asarray(participants, str)
    order = np.argsort(distances, kind="stable")
    order = order[people[order] != people[index]]
    first_of_each = np.sort(np.unique(people[order], return_index=True)[1])[:count]
    found = order[first_of_each]
    return found, distances[found]
