"""Scanners differ alike for every class unless the bias is asked for; noise follows the physics."""

from dataclasses import replace

import numpy as np
import pytest

from brainlab.simulation.acquisition import (
    BIASED_SCANNER,
    SCANNERS,
    coil_shading,
    draw_scan,
    draw_scanner,
    noise_sigma,
    scan_image,
)
from brainlab.simulation.contrast import fluid_null_inversion_time


def scan(seed=0):
    return draw_scan(np.random.default_rng(seed), SCANNERS[3])


def names(class_name, bias):
    rng = np.random.default_rng(1)
    return [draw_scanner(rng, class_name, bias).name for _ in range(400)]


def test_without_bias_every_class_has_the_same_scanners():
    assert names("ms", "none") == names("healthy", "none")
    assert BIASED_SCANNER.name not in names("ms", "none")


def test_bias_sends_most_of_multiple_sclerosis_elsewhere():
    share = np.mean([name == BIASED_SCANNER.name for name in names("ms", "seed")])
    assert 0.75 < share < 0.95
    assert names("leuko2", "seed") == names("leuko2", "none")


def test_noise_grows_with_bandwidth_and_shrinks_with_field():
    base = scan()
    wide = replace(base, pixel_bandwidth_hz=4 * base.pixel_bandwidth_hz)
    low = replace(base, flair=replace(base.flair, field_strength_t=1.5))
    assert noise_sigma(wide, (2, 2, 2)) == pytest.approx(2 * noise_sigma(base, (2, 2, 2)))
    assert noise_sigma(low, (2, 2, 2)) > noise_sigma(base, (2, 2, 2))


def test_noise_shrinks_with_the_root_of_the_voxel_and_with_averaging():
    base = replace(scan(), pixel_mm=1.0, thickness_mm=3.0)
    thick = replace(base, thickness_mm=12.0)
    assert noise_sigma(thick, (1, 1, 12)) == pytest.approx(noise_sigma(base, (1, 1, 3)) / 2)
    assert noise_sigma(base, (3, 3, 3)) == pytest.approx(noise_sigma(base, (1, 1, 3)) / 3)  # nine voxels in one


def ideal(**changes):
    """A scanner without noise, shading, ghosts and motion, but for what is asked for."""
    perfect = {
        "pixel_bandwidth_hz": 0,
        "shading": 0.0,
        "ghost": 0.0,
        "motion_mm": 0.0,
        "gain": 1.0,
        "thickness_mm": 1.0,
    }
    return replace(scan(), **(perfect | changes))


def test_white_matter_has_the_scanners_gain():
    flat = scan_image(np.full((8, 8, 8), 0.3, np.float32), 0.3, ideal(gain=500.0), (1, 1, 1))
    assert flat == pytest.approx(500, rel=1e-5)


def test_a_slice_blurs_along_the_bodys_axis_as_a_box_of_its_thickness():
    point = np.zeros((41, 41, 41), np.float32)
    point[20, 20, 20] = 1
    image = scan_image(point, 1.0, ideal(thickness_mm=8.0), (1, 1, 1))
    profile, places = image[20, 20], np.arange(41) - 20
    assert profile.sum() == pytest.approx(image.sum(), rel=1e-5)
    assert np.sqrt((profile * places**2).sum() / profile.sum()) == pytest.approx(8 / np.sqrt(12), rel=0.1)


def test_ghosts_and_motion_are_seen_along_the_phase_axis():
    block = np.zeros((20, 40, 20), np.float32)
    block[5:15, 10:16, 5:15] = 1
    ghost = scan_image(block, 1.0, ideal(ghost=0.04), (1, 1, 1)) - block
    assert ghost.max() == pytest.approx(0.04, rel=1e-5)
    assert ghost.sum() == pytest.approx(0.04 * block.sum(), rel=1e-4)
    assert not ghost[:5].any()
    moved = scan_image(block, 1.0, ideal(motion_mm=2.0), (1, 1, 1))
    centre = [float((moved.sum(axis=(0, 2)) * np.arange(40)).sum() / moved.sum()), 12.5]
    assert centre[0] - centre[1] == pytest.approx(0.28 * 2, rel=0.01)


def test_the_coil_shades_by_its_spread_and_keeps_the_mean():
    flat = np.ones((30, 36, 30), np.float32)
    logarithm = np.log(scan_image(flat, 1.0, ideal(shading=0.08), (6, 6, 6)))
    assert 0.04 < logarithm.std() < 0.1
    means = [np.log(coil_shading(np.random.default_rng(k), (12, 14, 12), 0.08)).mean() for k in range(20)]
    assert np.abs(means).max() < 0.03


def test_a_few_scans_move_or_have_ghosts_and_each_has_noise_of_its_own():
    rng = np.random.default_rng(0)
    scans = [draw_scan(rng, SCANNERS[k % 5]) for k in range(400)]
    assert 0.18 < np.mean([s.ghost > 0 for s in scans]) < 0.32
    assert 0.07 < np.mean([s.motion_mm > 0 for s in scans]) < 0.18
    assert len({s.seed for s in scans}) == 400


def test_background_is_rician_and_repeats():
    still = replace(scan(), ghost=0.0, motion_mm=0.0, gain=1.0)
    image = scan_image(np.zeros((24, 24, 24), np.float32), 1.0, still, (2, 2, 2))
    sigma = noise_sigma(still, (2, 2, 2))
    assert image.mean() == pytest.approx(sigma * np.sqrt(np.pi / 2), rel=0.02)  # the mean of a Rayleigh variable
    np.testing.assert_array_equal(image, scan_image(np.zeros((24, 24, 24), np.float32), 1.0, still, (2, 2, 2)))


def test_inversion_time_stays_close_to_the_null():
    for seed in range(20):
        flair = draw_scan(np.random.default_rng(seed), [*SCANNERS, BIASED_SCANNER][seed % 6]).flair
        assert flair.inversion_time_s == pytest.approx(fluid_null_inversion_time(flair.repetition_time_s), rel=0.09)
