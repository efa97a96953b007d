"""Block means are the paper's, bounds reach 0 and 1, and masks are told from scans."""

import numpy as np
import pytest

from brainlab.cohort.preparation.intensity import block_means, bound, check_scan, is_axis_aligned
from brainlab.cohort.recipes import find_recipe
from brainlab.cohort.template import grid_affine, mni_template
from brainlab.errors import InputError, IntensityError, UnreadableScanError
from brainlab.volume import Volume


def test_block_means_on_the_grid_are_plain_means() -> None:
    recipe = find_recipe("flair-40")
    trimmed = mni_template().data[11:171, 13:205, 0:160]
    plain = trimmed.reshape(40, 4, 48, 4, 40, 4).mean(axis=(1, 3, 5))
    np.testing.assert_allclose(block_means(mni_template(), recipe), plain, atol=1e-6)


def test_block_means_of_any_grid_keep_the_sum_of_intensity() -> None:
    recipe = find_recipe("flair-40")
    data = np.zeros((60, 70, 60), np.float32)
    data[20:35, 25:50, 20:40] = np.random.default_rng(0).random((15, 25, 20))
    for size in (2.0, 2.3):
        affine = np.diag([size, size, size, 1])
        affine[:3, 3] = -70.3, -90.1, -60.7
        means = block_means(Volume(data, affine), recipe)
        assert means.sum() * 4**3 == pytest.approx(data.sum() * size**3, rel=1e-5)
    flipped = Volume(data[::-1].copy(), affine @ np.array([[-1.0, 0, 0, 59], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))
    np.testing.assert_allclose(block_means(flipped, recipe), means, atol=1e-6)


def test_what_lies_outside_the_image_is_0() -> None:
    """An image that ends amid the first blocks fills them by half."""
    recipe = find_recipe("flair-40")
    affine = recipe.affine
    affine[0, 3] += 2
    means = block_means(Volume(np.ones((40, 48, 40), np.float32), affine), recipe)
    np.testing.assert_allclose(means[0], 0.5, atol=1e-6)
    np.testing.assert_allclose(means[1:], 1, atol=1e-6)


def test_only_grids_along_the_axes_are_averaged_as_they_are() -> None:
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]]
    assert is_axis_aligned(np.diag([-1.0, 2, 5, 1]))
    assert not is_axis_aligned(turn @ np.diag([1.0, 1, 5, 1]))


def test_recipe_geometry() -> None:
    recipe, finer = find_recipe("flair-40"), find_recipe("flair-80")
    assert (recipe.upper_percentile, finer.upper_percentile) == (99.5, 99.5)
    assert recipe.shape == (40, 48, 40)
    assert finer.shape == (80, 96, 80)
    corner = grid_affine() @ [11, 13, 0, 1]  # first 1 mm voxel that is kept
    np.testing.assert_allclose((recipe.affine @ [0, 0, 0, 1])[:3], corner[:3] + 1.5)
    np.testing.assert_allclose((finer.affine @ [0, 0, 0, 1])[:3], corner[:3] + 0.5)
    with pytest.raises(InputError, match="choose one of: flair-40, flair-80"):
        find_recipe("flair-20")


def test_bound_reaches_0_and_1_and_keeps_order() -> None:
    data = np.random.default_rng(0).normal(5, 2, (20, 20, 20))
    bounded = bound(data, 99.5)
    assert (bounded.min(), bounded.max()) == (0, 1)
    assert np.mean(bounded == 1) == pytest.approx(0.005, abs=1e-4)
    below = bounded < 1
    order = np.argsort(data[below])
    assert (np.diff(bounded[below][order]) >= 0).all()
    with pytest.raises(IntensityError):
        bound(np.full((4, 4, 4), 7.0), 99.5)


def test_what_is_no_scan() -> None:
    affine = np.eye(4)
    for data, reason in ((np.zeros((9, 9, 9)), "blank"), (np.full((9, 9, 9), 3), "constant")):
        with pytest.raises(UnreadableScanError, match=reason):
            check_scan(Volume(data.astype(np.float32), affine))
    labels = (np.arange(1000).reshape(10, 10, 10) % 3).astype(np.float32)
    with pytest.raises(UnreadableScanError, match="mask or label image"):
        check_scan(Volume(labels, affine))
    check_scan(Volume(np.random.default_rng(0).normal(size=(9, 9, 9)).astype(np.float32), affine))
    spots = np.zeros((9, 9, 9))
    spots[1::3, 1::3, 1::3] = np.arange(1, 28).reshape(3, 3, 3)  # every third voxel from the first is 0
    spots[0, 0, 0] = 1
    check_scan(Volume(spots.astype(np.float32), affine))
