from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from brainlab.evaluation.synthesis.detail import blur_ratio

RANDOM = np.random.default_rng(0)
PLACES = np.stack(np.meshgrid(*[np.arange(24) - 11.5] * 3, indexing="ij"))
BRAIN = (PLACES**2).sum(axis=0) < 10**2
TRUTH = 100 + 40 * ndimage.gaussian_filter(RANDOM.normal(size=BRAIN.shape), 1.0)


def test_blur_lowers_it_step_by_step():
    ratios = [blur_ratio(ndimage.gaussian_filter(TRUTH, sd), TRUTH, BRAIN) for sd in (0, 0.5, 0.75, 1, 1.5, 2)]
    assert ratios[0] == 1
    assert all(after < 0.9 * before for before, after in pairwise(ratios))


def test_noise_raises_it_step_by_step():
    noise = RANDOM.normal(size=TRUTH.shape)
    ratios = [blur_ratio(TRUTH + sd * noise, TRUTH, BRAIN) for sd in (0, 2, 5, 10)]
    assert ratios == sorted(ratios)
    # A central difference of independent values has half their variance, whatever the image is.
    energy = blur_ratio(noise, TRUTH, BRAIN)
    assert ratios[-1] == pytest.approx(1 + 100 * energy, rel=0.1)


def test_it_is_the_ratio_of_squared_slopes():
    slope = 3 * PLACES[0] + 2 * PLACES[1] - PLACES[2]
    assert blur_ratio(slope, PLACES[2]) == pytest.approx(9 + 4 + 1)
    assert blur_ratio(0.5 * TRUTH + 20, TRUTH, BRAIN) == pytest.approx(0.25)


def test_the_outline_of_the_mask_does_not_count():
    assert blur_ratio(np.where(BRAIN, TRUTH, 1000), TRUTH, BRAIN) == pytest.approx(1)


def test_what_is_undefined_is_none():
    line = np.zeros_like(BRAIN)
    line[3, 3] = True
    assert blur_ratio(TRUTH, TRUTH, np.zeros_like(BRAIN)) is None
    assert blur_ratio(TRUTH, TRUTH, line) is None
    assert blur_ratio(TRUTH, np.ones_like(TRUTH)) is None
