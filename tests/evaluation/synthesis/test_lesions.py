import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.evaluation.synthesis.lesions import LesionContrast, lesion_contrast, lesion_dice, segment_lesions

SHAPE = (20, 8, 8)
LESION = np.zeros(SHAPE, bool)
LESION[2:4, 3:5, 3:5] = True
EVERYWHERE, NOWHERE = np.ones(SHAPE, bool), np.zeros(SHAPE, bool)
X = np.broadcast_to(np.arange(20)[:, None, None], SHAPE)


def test_both_ratios_by_hand():
    """White matter on one line from the lesion: 100 up to 5 voxels away, 50 beyond."""
    line = NOWHERE.copy()
    line[4:14, 3, 3] = True
    flair = np.where(X <= 8, 100.0, 50.0)
    flair[LESION] = 150
    assert lesion_contrast(flair, LESION, line) == LesionContrast(150 / 75, 1.5)
    assert lesion_contrast(flair, LESION, line, within_voxels=10) == LesionContrast(150 / 75, 150 / 75)


def test_the_surroundings_are_a_ball_and_lesions_are_no_white_matter():
    flair = np.full(SHAPE, 100.0)
    flair[LESION] = 200
    flair[0, 0, 0] = 1e6  # sqrt(4 + 9 + 9) = 4.7 voxels away
    near = lesion_contrast(flair, LESION, EVERYWHERE)
    assert near.surrounding < near.nawm < 2
    flair[0, 0, 0], flair[0, 7, 7] = 100, 1e6  # sqrt(4 + 9 + 9) too
    assert lesion_contrast(flair, LESION, EVERYWHERE).surrounding < 2
    flair[0, 7, 7], flair[7, 7, 7] = 100, 1e6  # sqrt(16 + 9 + 9) = 5.8
    assert lesion_contrast(flair, LESION, EVERYWHERE).surrounding == 2


def test_a_factor_leaves_the_ratios_and_z_scores_are_refused():
    flair = 100 + X + 50.0 * LESION
    one, other = (lesion_contrast(factor * flair, LESION, EVERYWHERE) for factor in (1, 7))
    assert other == LesionContrast(pytest.approx(one.nawm), pytest.approx(one.surrounding))
    with pytest.raises(InputError, match="true zero"):
        lesion_contrast((flair - flair.mean()) / flair.std(), LESION, EVERYWHERE)


def test_without_lesions_or_white_matter_there_is_no_contrast():
    flair, far = np.ones(SHAPE), NOWHERE.copy()
    far[15:] = True
    assert lesion_contrast(flair, NOWHERE, EVERYWHERE) == LesionContrast(None, None)
    assert lesion_contrast(flair, LESION, NOWHERE) == LesionContrast(None, None)
    assert lesion_contrast(flair, LESION, far) == LesionContrast(1, None)
    with pytest.raises(InputError, match="finite"):
        lesion_contrast(flair * np.nan, LESION, EVERYWHERE)


def noisy_flair() -> np.ndarray:
    return 100 + np.random.default_rng(0).uniform(-2, 2, SHAPE)


def test_lesions_are_found_in_white_matter_alone():
    flair = noisy_flair()
    flair[LESION] += 30
    outside = NOWHERE.copy()
    outside[10:13, 3:6, 3:6] = True
    flair[outside] += 30
    assert (segment_lesions(flair, ~outside) == LESION).all()
    assert (segment_lesions(flair, EVERYWHERE) == LESION | outside).all()
    assert (segment_lesions(0.01 * flair - 3, ~outside) == LESION).all(), "a linear change of scale"


def test_the_threshold_is_the_median_and_robust_deviations():
    """Of 21 values from -10 to 10, the median is 0 and the MAD 5: three robust deviations are 22.239."""
    flair = np.tile(np.arange(-10.0, 11), 3).reshape(3, 3, 7)
    white = np.ones(flair.shape, bool)
    for value, found in ((22.2, 0), (22.3, 1)):
        bright = flair.copy()
        bright[0, 0, 0] = value
        assert segment_lesions(bright, white, smallest=1).sum() == found


def test_small_components_go_and_corners_join():
    flair = noisy_flair()
    small = NOWHERE.copy()
    small[10, 1, 1:5] = True
    flair[LESION | small] += 30
    assert (segment_lesions(flair, EVERYWHERE) == LESION).all()
    flair[11, 2, 5] += 30  # joined at a corner: five voxels
    assert segment_lesions(flair, EVERYWHERE).sum() == LESION.sum() + 5
    assert segment_lesions(flair, EVERYWHERE, smallest=9).sum() == 0


def test_white_matter_that_cannot_be_judged_is_refused():
    with pytest.raises(InputError, match="got none"):
        segment_lesions(noisy_flair(), NOWHERE)
    with pytest.raises(InputError, match="varies"):
        segment_lesions(np.ones(SHAPE), EVERYWHERE)


def test_overlap_by_hand():
    half = LESION.copy()
    half[2] = False
    assert lesion_dice(LESION, LESION) == 1
    assert lesion_dice(half, LESION) == pytest.approx(2 * 4 / (4 + 8))
    assert lesion_dice(NOWHERE, LESION) == 0
    assert lesion_dice(NOWHERE, NOWHERE) is None
    with pytest.raises(InputError, match="shape"):
        lesion_dice(LESION[:5], LESION)
