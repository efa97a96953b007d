import numpy as np
import pytest
from sklearn.metrics import normalized_mutual_info_score

from brainlab.errors import InputError
from brainlab.evaluation.metrics.fidelity import structural_similarity
from brainlab.evaluation.synthesis.similarity import normalised_mutual_information, ssim

RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.random((14, 15, 13))
SYNTHESIS = TRUTH + 0.3 * RANDOM.random(TRUTH.shape)
INSIDE = np.zeros(TRUTH.shape, bool)
INSIDE[4:10, 5:9, 3:11] = True


@pytest.mark.parametrize("window", [7, 11])
def test_similarity_without_a_mask_is_that_of_the_metric(window):
    """Which MONAI's golden values hold, see tests/evaluation/metrics/test_fidelity.py."""
    expected = structural_similarity(SYNTHESIS[None], TRUTH[None], float(np.ptp(TRUTH)), window)[0]
    assert ssim(SYNTHESIS, TRUTH, window=window) == pytest.approx(expected, abs=1e-5)


def test_windows_are_those_centred_in_the_mask():
    mask = np.zeros(TRUTH.shape, bool)
    mask[0] = True  # at a face, where no window is centred: only the range is taken from these voxels
    mask[6, 8, 5] = True
    about = (slice(3, 10), slice(5, 12), slice(2, 9))
    expected = structural_similarity(SYNTHESIS[about][None], TRUTH[about][None], float(np.ptp(TRUTH[mask])), 7)[0]
    assert ssim(SYNTHESIS, TRUTH, mask, window=7) == pytest.approx(expected, abs=1e-5)


def test_the_range_is_that_of_the_truth_in_the_mask():
    outside = TRUTH.copy()
    outside[0, 0, 0] = 1000
    assert ssim(SYNTHESIS, outside, INSIDE, 7) == pytest.approx(ssim(SYNTHESIS, TRUTH, INSIDE, 7))
    assert ssim(255 * SYNTHESIS, 255 * TRUTH, INSIDE, 7) == pytest.approx(ssim(SYNTHESIS, TRUTH, INSIDE, 7))
    assert ssim(TRUTH, TRUTH, INSIDE, 7) == pytest.approx(1)


def test_mutual_information_is_that_of_scikit_learn():
    """NMI of arithmetic means is 2 I / (H(A) + H(B)), so that Studholme's is 1 / (1 - NMI / 2)."""
    a, b = RANDOM.integers(0, 8, (2, 9, 9, 9))
    b = np.where(a > 3, a, b)
    theirs = normalized_mutual_info_score(a[2:].ravel(), b[2:].ravel())
    mask = np.zeros(a.shape, bool)
    mask[2:] = True
    assert normalised_mutual_information(a, b, mask, bins=8) == pytest.approx(1 / (1 - theirs / 2))


def test_mutual_information_runs_from_independent_to_one_to_one():
    i, j, _ = np.meshgrid(*[np.arange(8.0)] * 3, indexing="ij")
    assert normalised_mutual_information(i, j) == pytest.approx(1)
    assert normalised_mutual_information(3 - 2 * i, i) == pytest.approx(2)
    assert normalised_mutual_information(np.zeros_like(i), i) == pytest.approx(1)


def test_what_is_undefined_is_none():
    nothing, edge, flat = np.zeros_like(INSIDE), np.zeros_like(INSIDE), np.ones(TRUTH.shape)
    edge[0] = True
    assert ssim(SYNTHESIS, TRUTH, nothing) is None
    assert ssim(SYNTHESIS, TRUTH, edge) is None
    assert ssim(SYNTHESIS, flat) is None
    assert normalised_mutual_information(SYNTHESIS, TRUTH, nothing) is None
    assert normalised_mutual_information(flat, flat) is None


@pytest.mark.parametrize("window", [8, 15])
def test_windows_that_do_not_fit_are_refused(window):
    with pytest.raises(InputError, match="odd window of at most 13"):
        ssim(SYNTHESIS, TRUTH, window=window)


def test_values_outside_the_mask_that_windows_see_must_be_finite():
    with pytest.raises(InputError, match="also outside the mask"):
        ssim(np.where(INSIDE, SYNTHESIS, np.nan), TRUTH, INSIDE, 7)
