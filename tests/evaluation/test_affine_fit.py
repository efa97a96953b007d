"""A map between two bodies is found to well below a voxel, and labels come along."""

import numpy as np
import pytest

from brainlab.errors import RegistrationError
from brainlab.evaluation.affine_fit import affine_fit, carried

ANGLE = np.radians(8)
MAP = np.array(
    [
        [1.12 * np.cos(ANGLE), -np.sin(ANGLE), 0.05, 1.0],
        [np.sin(ANGLE), 0.92 * np.cos(ANGLE), 0, -1.2],
        [0, 0.08, 1.05, 0.7],
        [0, 0, 0, 1],
    ]
)
"""From voxels of the turned body, counted from the middle, to those of the standard one."""


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def test_bodies_that_differ_by_an_affine_map_come_to_lie_on_each_other(body, segmenter):
    fixed, moving = body(MAP), body()
    labels, wanted = segmenter.segment(moving), segmenter.segment(fixed)
    matrix = affine_fit(fixed, moving, segmenter.grid)
    moved = carried(labels, matrix, segmenter.grid)
    assert set(np.unique(moved)) <= set(np.unique(labels))
    for number in (1, 2):
        assert dice(labels == number, wanted == number) < 0.8
        assert dice(moved == number, wanted == number) > 0.9
    # the true map is in voxels from the middle, the fitted one in mm from a corner
    places = 4.0 * np.argwhere(wanted)
    middle = 4 * (np.array(fixed.shape) - 1) / 2
    true = (places - middle) @ MAP[:3, :3].T + 4 * MAP[:3, 3] + middle
    errors = np.linalg.norm(places @ matrix[:3, :3].T + matrix[:3, 3] - true, axis=1)
    assert errors.mean() < 3 < np.linalg.norm(places - true, axis=1).mean() / 2


def test_a_body_is_fitted_to_itself_as_it_lies(body, segmenter):
    assert np.abs(affine_fit(body(), body(), segmenter.grid) - np.eye(4)).max() < 0.2


@pytest.mark.parametrize("change", [lambda x: 0 * x, lambda x: np.where(np.arange(20) == 9, x, 0)])
def test_what_is_empty_or_flat_cannot_be_fitted(body, segmenter, change):
    for pair in ((body(), change(body())), (change(body()), body())):
        with pytest.raises(RegistrationError, match=r"one of the two is (empty|flat)"):
            affine_fit(*pair, segmenter.grid)
