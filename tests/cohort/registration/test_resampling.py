"""What a resampled grid holds beyond the volume and between its voxels, and which grids lie along the axes."""

import numpy as np

from brainlab.cohort.registration.resampling import is_axis_aligned, resample
from brainlab.images.volume import Volume


def test_beyond_the_volume_lies_what_was_asked_for() -> None:
    volume = Volume(np.ones((4, 4, 4), np.float32), np.eye(4))
    beyond = np.eye(4)
    beyond[:3, 3] = 50
    assert set(resample(volume, (3, 3, 3), beyond, outside=7.0).data.ravel()) == {7.0}
    assert set(resample(volume, (3, 3, 3), beyond).data.ravel()) == {0.0}


def test_between_voxels_the_values_are_their_means() -> None:
    values = np.random.default_rng(0).random((4, 4, 4), dtype=np.float32)
    shifted = np.eye(4)
    shifted[0, 3] = 0.5
    found = resample(Volume(values, np.eye(4)), (3, 4, 4), shifted).data
    np.testing.assert_allclose(found, (values[1:] + values[:-1]) / 2, atol=1e-6)


def test_only_grids_along_the_axes_are_averaged_as_they_are() -> None:
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]]
    assert is_axis_aligned(np.diag([-1.0, 2, 5, 1]))
    assert not is_axis_aligned(turn @ np.diag([1.0, 1, 5, 1]))
