"""Distances to the template's brain, laid on a head."""

import numpy as np

from brainlab.cohort.registration.template_grids import distance_to_brain
from brainlab.cohort.template import grid_affine
from brainlab.volume import Volume


def test_distance_to_the_brain_is_in_mm_of_the_image() -> None:
    half = np.diag([0.5, 0.5, 0.5, 1])
    grid = grid_affine(8)
    whole = distance_to_brain(Volume(np.zeros((22, 27, 22), np.float32), grid), np.eye(4))
    halved = distance_to_brain(Volume(np.zeros((22, 27, 22), np.float32), half @ grid), half)
    np.testing.assert_allclose(halved, whole / 2, atol=0.01)
    away = Volume(np.zeros((8, 8, 8), np.float32), np.diag([1.0, 1, 1, 1]) + np.eye(4, k=3) * 500)
    assert (distance_to_brain(away, np.eye(4)) > 50).all()
