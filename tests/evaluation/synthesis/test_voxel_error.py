import math

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.evaluation.synthesis.voxel_error import discrepancy, mse, psnr

RANDOM = np.random.default_rng(0)
TRUTH = 100 + 20 * RANDOM.random((6, 7, 5))
SYNTHESIS = TRUTH + RANDOM.normal(size=TRUTH.shape)
HALF = np.arange(TRUTH.size).reshape(TRUTH.shape) % 2 == 0


def waves(phase: float, other: float) -> np.ndarray:
    """Return a volume that is given by a formula, so that MONAI's figures for it can be quoted."""
    i, j, k = np.meshgrid(*[np.arange(side) for side in (40, 48, 40)], indexing="ij")
    first = 0.3 * np.sin(0.30 * i + 0.20 * j + phase) * np.cos(0.25 * k)
    return (0.5 + first + 0.1 * np.cos(0.7 * i + other) * np.sin(0.5 * j + 0.4 * k)).astype(np.float32)


def test_error_and_ratio_are_those_of_monai():
    """Computed with MONAI's own source at commit d388d1c (Apache-2.0)."""
    a, b = waves(0, 0), waves(0.15, 0.3)
    assert mse(b, a) == pytest.approx(0.0007564265, rel=1e-5)
    assert psnr(b, a, peak=1) == pytest.approx(31.2123318, rel=1e-6)
    zeros, ones = np.zeros((3, 3, 3)), np.ones((3, 3, 3))
    assert (mse(zeros, ones), psnr(zeros, ones, peak=1)) == (1, 0)
    assert (mse(ones, ones), psnr(ones, ones)) == (0, math.inf)


def test_only_voxels_of_the_mask_count():
    other = np.where(HALF, SYNTHESIS, np.nan)
    assert mse(other, np.where(HALF, TRUTH, 1e9), HALF) == pytest.approx(((SYNTHESIS - TRUTH)[HALF] ** 2).mean())
    assert psnr(other, np.where(HALF, TRUTH, 1e9), HALF) == psnr(SYNTHESIS[HALF][None, None], TRUTH[HALF][None, None])


def test_the_peak_is_the_maximum_of_the_truth_and_an_offset_changes_the_ratio():
    brighter = SYNTHESIS.copy()
    brighter[0, 0, 0] += 500
    error = np.mean((brighter - TRUTH) ** 2)
    assert psnr(brighter, TRUTH) == pytest.approx(10 * np.log10(TRUTH.max() ** 2 / error))
    assert psnr(3 * SYNTHESIS, 3 * TRUTH) == pytest.approx(psnr(SYNTHESIS, TRUTH))
    assert psnr(SYNTHESIS - 90, TRUTH - 90) < psnr(SYNTHESIS, TRUTH) - 5


def test_discrepancy_is_of_means_so_that_errors_cancel():
    error = np.where(HALF, 2.0, -2.0)
    assert discrepancy(TRUTH + error, TRUTH, HALF) == pytest.approx(2)
    assert discrepancy(TRUTH - error, TRUTH, HALF) == pytest.approx(2)
    even = np.zeros(TRUTH.shape, bool)
    even.reshape(-1)[:10] = True
    assert discrepancy(TRUTH + error, TRUTH, even) == pytest.approx(0)


def test_what_is_undefined_is_none():
    nothing = np.zeros(TRUTH.shape, bool)
    assert [measure(SYNTHESIS, TRUTH, nothing) for measure in (mse, psnr, discrepancy)] == [None] * 3
    assert psnr(SYNTHESIS, TRUTH - 200) is None


@pytest.mark.parametrize(
    ("synthesis", "truth", "mask", "said"),
    [
        (TRUTH[:5], TRUTH, None, r"needs the shape of the truth \(6, 7, 5\), got \(5, 7, 5\)"),
        (TRUTH[0], TRUTH[0], None, r"the synthesis needs the shape \[X, Y, Z\]"),
        (TRUTH, TRUTH, HALF[:5], "the mask needs the shape of the volume"),
        (np.where(HALF, np.nan, TRUTH), TRUTH, None, "finite values"),
        (TRUTH, np.where(HALF, np.inf, TRUTH), HALF, "finite values"),
    ],
)
def test_what_is_no_pair_is_refused(synthesis, truth, mask, said):
    with pytest.raises(InputError, match=said):
        mse(synthesis, truth, mask)
