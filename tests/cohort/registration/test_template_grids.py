"""Distances to the template's brain, laid on a head."""

import numpy as np
import pytest
from scipy import ndimage

from brainlab.cohort.registration.template_grids import depth_in_voxels, distance_to_brain
from brainlab.cohort.template import grid_affine
from brainlab.images.volume import Volume


def test_distance_to_the_brain_is_in_mm_of_the_image() -> None:
    half = np.diag([0.5, 0.5, 0.5, 1])
    grid = grid_affine(8)
    whole = distance_to_brain(Volume(np.zeros((22, 27, 22), np.float32), grid), np.eye(4))
    halved = distance_to_brain(Volume(np.zeros((22, 27, 22), np.float32), half @ grid), half)
    np.testing.assert_allclose(halved, whole / 2, atol=0.01)
    away = Volume(np.zeros((8, 8, 8), np.float32), np.diag([1.0, 1, 1, 1]) + np.eye(4, k=3) * 500)
    assert (distance_to_brain(away, np.eye(4)) > 50).all()


@pytest.mark.parametrize("share", [0.5, 0.9, 0.999])
def test_depths_are_those_of_scipy_to_the_last_bit(share: float) -> None:
    """Also at the edge of the image, which is no wall, and for axes in another order in memory."""
    mask = np.random.default_rng(0).random((17, 12, 9)) < share
    for seen in (mask, ~mask, mask.T, mask[::2, 1:]):
        np.testing.assert_array_equal(depth_in_voxels(seen), ndimage.distance_transform_edt(seen))
