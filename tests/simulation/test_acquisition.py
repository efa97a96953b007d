"""Scanners differ alike for every class unless the bias is asked for; noise follows the physics."""

from dataclasses import replace

import numpy as np
import pytest

from brainlab.simulation.acquisition import BIASED_SCANNER, SCANNERS, draw_scan, draw_scanner, noise_sigma, scan_image
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


def test_background_is_rician_and_repeats():
    still = replace(scan(), ghost=0.0, motion_mm=0.0, gain=1.0)
    image = scan_image(np.zeros((24, 24, 24), np.float32), 1.0, still, (2, 2, 2))
    sigma = noise_sigma(still, (2, 2, 2))
    assert image.mean() == pytest.approx(sigma * np.sqrt(np.pi / 2), rel=0.02)  # the mean of a Rayleigh variable
    np.testing.assert_array_equal(image, scan_image(np.zeros((24, 24, 24), np.float32), 1.0, still, (2, 2, 2)))


def test_inversion_time_stays_close_to_the_null():
    for seed in range(20):
        flair = scan(seed).flair
        assert flair.inversion_time_s == pytest.approx(fluid_null_inversion_time(flair.repetition_time_s), rel=0.09)
