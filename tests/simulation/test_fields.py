"""Random fields: unit variance, mirror images, interpolation."""

import numpy as np
import pytest
from scipy import ndimage

from brainlab.simulation import fields


def test_smooth_noise_has_unit_variance():
    noise = fields.smooth_noise(np.random.default_rng(0), (40, 40, 40), 2.0)
    assert noise.std() == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("across_midline", [False, True])
def test_as_much_of_a_field_is_alike_on_both_sides_as_is_asked_for(across_midline):
    rng = np.random.default_rng(0)
    some = np.stack([fields.mirror_alike(rng, 1.5, 0.7, across_midline=across_midline) for _ in range(6)])
    assert some[:, :18].std() == pytest.approx(1, abs=0.1)
    # x = 0 lies at 22.75 of the coarse grid: index i and 45.5 - i are mirror images.
    left, right = some[:, 4:18], (some[:, 41:27:-1] + some[:, 42:28:-1]) / 2
    alike = np.corrcoef(left.ravel(), right.ravel())[0, 1]
    assert alike == pytest.approx(-0.7 if across_midline else 0.7, abs=0.1)


def test_upsampling_is_linear_interpolation():
    coarse = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    axes = [np.array([0.25, 1.0]), np.array([0.5]), np.array([0.0, 2.75])]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"))
    np.testing.assert_allclose(fields.upsample(coarse, axes), ndimage.map_coordinates(coarse, grid, order=1))


def test_the_mirror_stands_at_the_midline_which_lies_between_two_points():
    ramp = np.arange(fields.COARSE_SHAPE[0], dtype=np.float32)[:, None, None]
    np.testing.assert_allclose(fields._mirrored(ramp)[:-1, 0, 0], 45.5 - np.arange(46))
