"""Noise follows the physics; shading, ghosts and motion are seen, whatever the sequence."""

from dataclasses import replace

import numpy as np
import pytest

from brainlab.simulation.scanning.acquisition import coil_shading, draw_scan, noise_sigma, scan_image
from brainlab.simulation.sequences.registry import SEQUENCES
from brainlab.simulation.sequences.scanners import SCANNERS


def scan(seed=0):
    return draw_scan(np.random.default_rng(seed), SCANNERS[3], SEQUENCES["FLAIR"])


def test_noise_grows_with_bandwidth_and_shrinks_with_field():
    base = scan()
    wide = replace(base, pixel_bandwidth_hz=4 * base.pixel_bandwidth_hz)
    low = replace(base, technique=replace(base.technique, field_strength_t=1.5))
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
        "pixel_mm": 1e-3,
        "thickness_mm": 1e-3,
    }
    return replace(scan(), **(perfect | changes))


def test_the_reference_tissue_is_1():
    flat = scan_image(np.full((8, 8, 8), 0.3, np.float32), 0.3, ideal(), (1, 1, 1))
    assert flat == pytest.approx(1, rel=1e-5)


def test_channels_of_a_scan_share_its_shading_but_not_its_noise():
    flat = np.ones((30, 36, 30), np.float32)
    quiet = ideal(shading=0.08)
    np.testing.assert_array_equal(*(scan_image(flat, 1.0, quiet, (6, 6, 6), channel) for channel in (0, 1)))
    noisy = replace(quiet, pixel_bandwidth_hz=250)
    one, other = (scan_image(flat, 1.0, noisy, (6, 6, 6), channel) - scan_image(flat, 1.0, quiet, (6, 6, 6))
                  for channel in (0, 1))  # fmt: skip
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.03


def test_noise_of_a_tomograph_is_alike_in_neighbours():
    flat = np.full((30, 36, 30), 50, np.float32)
    noisy = ideal(pixel_bandwidth_hz=250)
    for width_mm, expected in ((0.0, 0.0), (2.0, np.exp(-1 / 4))):  # of a Gaussian filter as wide as a voxel
        image = scan_image(flat, 50.0, replace(noisy, noise_width_mm=width_mm), (2, 2, 2)) - 1
        assert np.corrcoef(image[1:].ravel(), image[:-1].ravel())[0, 1] == pytest.approx(expected, abs=0.04)
        assert image.std() == pytest.approx(noise_sigma(noisy, (2, 2, 2)), rel=0.05)


def test_noise_is_that_of_the_sequence():
    base = scan()
    assert noise_sigma(replace(base, relative_snr=2.0), (2, 2, 2)) == pytest.approx(noise_sigma(base, (2, 2, 2)) / 2)


def width_of(image, axis):
    """Standard deviation of a point's image along an axis, in voxels."""
    profile, places = image.sum(axis=tuple({0, 1, 2} - {axis})), np.arange(41) - 20
    return np.sqrt((profile * places**2).sum() / profile.sum())


def test_a_train_of_echoes_blurs_in_the_plane_and_slices_only_where_they_are_resampled():
    point = np.zeros((41, 41, 41), np.float32)
    point[20, 20, 20] = 1
    still = ideal(pixel_mm=4.0, thickness_mm=8.0)
    own, on_template = (scan_image(point, 1.0, still, (1, 1, 1), resampled=resampled) for resampled in (False, True))
    assert own.sum() == pytest.approx(1, rel=1e-5)
    assert width_of(own, 0) == pytest.approx(0.45 * 4, rel=0.1)
    assert width_of(own, 2) == 0
    assert width_of(on_template, 0) == pytest.approx(np.hypot(0.45 * 4, 0.3), rel=0.1)
    assert width_of(on_template, 2) == pytest.approx(np.hypot(0.4 * 8, 0.3), rel=0.1)  # more than a slice's profile


def test_resampled_noise_is_alike_in_neighbours_and_as_strong():
    flat = np.full((30, 36, 30), 50, np.float32)
    noisy = ideal(pixel_bandwidth_hz=250, pixel_mm=1.0, thickness_mm=4.0)
    noise = scan_image(flat, 50.0, noisy, (2, 2, 2), resampled=True) - 1
    pairs = [(noise[1:], noise[:-1]), (noise[..., 1:], noise[..., :-1])]
    along = [np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in pairs]
    assert along[1] > 0.5 > along[0]
    assert noise.std() == pytest.approx(noise_sigma(noisy, (2, 2, 2)), rel=0.1)


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
    scans = [draw_scan(rng, SCANNERS[k % 5], SEQUENCES["T2w"]) for k in range(400)]
    assert 0.18 < np.mean([s.ghost > 0 for s in scans]) < 0.32
    assert 0.07 < np.mean([s.motion_mm > 0 for s in scans]) < 0.18
    assert len({s.seed for s in scans}) == 400


def test_background_is_rician_and_repeats():
    still = replace(scan(), ghost=0.0, motion_mm=0.0)
    image = scan_image(np.zeros((24, 24, 24), np.float32), 1.0, still, (2, 2, 2))
    sigma = noise_sigma(still, (2, 2, 2))
    assert image.mean() == pytest.approx(sigma * np.sqrt(np.pi / 2), rel=0.02)  # the mean of a Rayleigh variable
    np.testing.assert_array_equal(image, scan_image(np.zeros((24, 24, 24), np.float32), 1.0, still, (2, 2, 2)))


def test_a_tomograph_has_no_coil():
    pet = draw_scan(np.random.default_rng(0), SCANNERS[3], SEQUENCES["DVR"])
    assert pet.shading == pet.ghost == 0
    image = scan_image(np.zeros((48, 48, 48), np.float32), 1.0, replace(pet, motion_mm=0.0), (2, 2, 2))
    assert (image == 0).mean() == pytest.approx(0.5, abs=0.03)  # noise is as often below as above, not a magnitude's
