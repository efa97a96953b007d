"""A head around the brain: skull dark, scalp bright, the same person's in every scan, tilted and moved a little."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from brainlab.simulation.scanning.acquisition import draw_scan
from brainlab.simulation.scanning.head import AIR, BONE, FAT, WATER, build_head, draw_native, draw_position, head_signal
from brainlab.simulation.sequences.registry import SEQUENCES
from brainlab.simulation.sequences.scanners import SCANNERS


@pytest.fixture(scope="module")
def head(old_anatomy):
    return build_head(old_anatomy, 1)


def kinds(head):
    """What most of each voxel is made of."""
    found = np.full(head.brain.shape, AIR)
    for kind, share in head.layers():
        found[share >= 0.5] = kind
    return found


def scan(name="FLAIR", seed=0):
    return draw_scan(np.random.default_rng(seed), SCANNERS[3], SEQUENCES[name])


def rotation_degrees(matrix):
    unscaled = matrix / np.linalg.det(matrix) ** (1 / 3)
    return np.rad2deg(np.arccos(np.clip((np.trace(unscaled) - 1) / 2, -1, 1)))


def test_the_real_head_is_smaller_than_the_template_by_the_ratio_of_volumes_and_tilted():
    turns = []
    for seed in range(6):
        matrix = draw_position(np.random.default_rng(seed), 1.4)[:3, :3]
        assert np.linalg.det(matrix) == pytest.approx(1.4)
        rotation = matrix / 1.4 ** (1 / 3)
        assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-9)
        turns.append(rotation_degrees(matrix))
    assert min(turns) > 0.5
    assert max(turns) < 40


def test_the_head_moves_by_a_millimetre_and_a_degree_at_most_between_scans():
    position = draw_position(np.random.default_rng(0), 1.4)
    for seed in range(20):
        native = draw_native(np.random.default_rng(seed), scan(seed=seed), 2, position)
        moved = np.linalg.inv(position) @ native.to_template
        assert 0 < np.abs(moved[:3, 3]).max() <= 1
        assert 0 < rotation_degrees(moved[:3, :3]) <= np.sqrt(3)


def test_a_scans_grid_has_its_voxels_but_none_finer_than_the_anatomy():
    position = np.eye(4)
    thick, fine = (draw_native(np.random.default_rng(0), scan(name), 2, position) for name in ("FLAIR", "MTR"))
    assert abs(thick.affine[2, 2]) == 3.0
    assert np.abs(np.diag(fine.affine)[:3]) == pytest.approx([2, 2, 2])


def test_the_skull_is_dark_between_the_brain_and_a_bright_scalp(head, old_anatomy):
    signal = head_signal(head, old_anatomy, old_anatomy.shares[:1], replace(scan(), fat=0.3))[0]
    crown = (head.affine[2, 3] + 2 * np.arange(signal.shape[2]) > 30)[None, None, :]
    outside_mm = 2 * ndimage.distance_transform_edt(head.brain < 0.5)
    bone, scalp = ((outside_mm > low) & (outside_mm < high) & crown for low, high in ((3, 4.5), (9.5, 12)))
    assert np.median(signal[bone]) < 0.6 * np.median(signal[scalp])
    neck = signal[:, :, 4:12]
    middle = neck[signal.shape[0] // 2 + 12 : signal.shape[0] // 2 + 18, 50:70]
    assert np.median(middle) < 0.7 * np.median(signal[scalp])  # muscle below the scalp's fat


def test_fat_is_bright_where_it_is_not_saturated(head, old_anatomy):
    fat = ndimage.binary_erosion(kinds(head) == FAT)
    levels = [np.median(head_signal(head, old_anatomy, np.zeros((2, *old_anatomy.shape), np.float32)[:channels],
                                    scan(name))[0][fat]) for name, channels in (("T1SE", 1), ("DWI", 2))]  # fmt: skip
    assert levels[0] > 5 * levels[1]


def test_a_person_keeps_the_head_and_others_have_their_own(old_anatomy, head):
    same, other = (build_head(old_anatomy, seed) for seed in (1, 2))
    np.testing.assert_array_equal(head.skin_mm, same.skin_mm)
    np.testing.assert_array_equal(head.texture, same.texture)
    assert (head.texture != other.texture).any()


def test_a_head_has_all_it_needs_around_the_brain(head):
    kind = kinds(head)
    counts = np.bincount(kind.ravel(), minlength=7)
    assert (counts[1:] > 20).all()
    assert counts[AIR] > counts[BONE]
    x, y, z = np.linalg.inv(head.affine)[:3] @ np.array([32, 72, -38, 1])
    assert kind[round(x), round(y), round(z)] == WATER  # an eye


def test_the_skin_is_smooth_where_the_head_is_round(head):
    """Steps of the grid, or furrows of the brain below, would show as dents."""
    depth_mm = head.skin_mm[:, :, round((50 - head.affine[2, 3]) / 2)]
    centre = ndimage.center_of_mass(depth_mm > 0)
    steps = np.arange(0, 70, 0.05)
    radii = []
    for angle in np.deg2rad(np.arange(0, 360, 3)):
        line = [centre[0] + steps * np.cos(angle), centre[1] + steps * np.sin(angle)]
        radii.append(2 * steps[np.argmax(ndimage.map_coordinates(depth_mm, line, order=1, mode="nearest") < 0)])
    dents_mm = radii - ndimage.uniform_filter1d(radii, 9, mode="wrap")
    assert np.std(dents_mm) < 0.3
