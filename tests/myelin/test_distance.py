"""Distances count millimetres, whatever the voxels' size along each axis."""

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.myelin.distance import distance_from_fluid_mm


def test_distance_is_that_to_the_nearest_fluid_of_any_label_in_mm_along_each_axis():
    labels = np.full((3, 5, 4), 3)
    labels[0, 0, 0], labels[2, 4, 3] = 5, 10
    size = (1.0, 2.0, 0.5)
    found = distance_from_fluid_mm(labels, (5, 10), size)
    places = np.stack(np.indices(labels.shape), -1) * size
    fluid = places[np.isin(labels, (5, 10))]
    wanted = np.linalg.norm(places[..., None, :] - fluid, axis=-1).min(-1)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert found[0, 0, 0] == found[2, 4, 3] == 0


def test_an_image_without_fluid_has_no_distance():
    with pytest.raises(InputError, match=r"needs voxels of fluid \(labels 5, 10\), got none"):
        distance_from_fluid_mm(np.full((3, 3, 3), 3), (5, 10), 1.0)
