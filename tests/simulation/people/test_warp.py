"""The warp folds nowhere and is mostly alike on both sides."""

import numpy as np

from brainlab.simulation.fields import COARSE_STEP_MM
from brainlab.simulation.people import warp


def test_warp_never_folds(old_person):
    rng = np.random.default_rng(old_person.seed)
    flow = warp.displacement(rng, old_person.ventricle_growth_mm) / COARSE_STEP_MM
    jacobian = np.stack([np.stack(np.gradient(part)) for part in flow]) + np.eye(3)[:, :, None, None, None]
    assert np.linalg.det(np.moveaxis(jacobian, (0, 1), (-2, -1))).min() > 0


def test_a_flow_of_one_velocity_moves_everything_by_it():
    velocity = np.zeros((3, 12, 12, 12), np.float32)
    velocity[1] = 0.5
    moved = warp.integrate(velocity)
    np.testing.assert_allclose(moved[1], 0.5, atol=1e-6)
    np.testing.assert_allclose(moved[0], 0, atol=1e-6)


def test_ventricles_that_grow_push_their_walls_apart(monkeypatch):
    monkeypatch.setattr(warp, "WARPS_MM", ())
    moved = warp.displacement(np.random.default_rng(0), 3.0)
    left, right = (moved[0, column, 26, 23] for column in (19, 26))  # beside the bodies of the lateral ventricles
    assert left > 0.3  # what lies left of them shows what lay nearer to the midline
    assert right < -0.3


def test_what_is_alike_on_both_sides_keeps_the_midline_in_place(monkeypatch):
    monkeypatch.setattr(warp, "SYMMETRY", 1.0)
    moved = warp.displacement(np.random.default_rng(0), 0.0)
    middle = (moved[0, 22] + 3 * moved[0, 23]) / 4  # x = 0 lies at 22.75 of the coarse grid
    assert np.abs(middle).max() < 0.2 * np.abs(moved[0]).max()
    assert np.abs(moved[1, 23]).max() > 0.4 * np.abs(moved[1]).max()
