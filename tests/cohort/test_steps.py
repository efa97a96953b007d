"""Block means are the paper's, bounds reach 0 and 1, percentiles are the brain's, and a recipe is its steps."""

import dataclasses
import json

import numpy as np
import pytest

from brainlab.cohort.recipes import find_recipe
from brainlab.cohort.steps import BoundAbove, ClipPercentiles, DivideBy127, DivideByMaximum, UnitRange
from brainlab.cohort.template import grid_affine, mni_template
from brainlab.errors import InputError, IntensityError
from brainlab.images.volume import Volume


def test_block_means_on_the_grid_are_plain_means() -> None:
    recipe = find_recipe("flair-40")
    trimmed = mni_template().data[11:171, 13:205, 0:160]
    plain = trimmed.reshape(40, 4, 48, 4, 40, 4).mean(axis=(1, 3, 5))
    np.testing.assert_allclose(recipe.grid.apply(mni_template()).data, plain, atol=1e-6)


def test_block_means_of_any_grid_keep_the_sum_of_intensity() -> None:
    recipe = find_recipe("flair-40")
    data = np.zeros((60, 70, 60), np.float32)
    data[20:35, 25:50, 20:40] = np.random.default_rng(0).random((15, 25, 20))
    for size in (2.0, 2.3):
        affine = np.diag([size, size, size, 1])
        affine[:3, 3] = -70.3, -90.1, -60.7
        means = recipe.grid.apply(Volume(data, affine)).data
        assert means.sum() * 4**3 == pytest.approx(data.sum() * size**3, rel=1e-5)
    flipped = Volume(data[::-1].copy(), affine @ np.array([[-1.0, 0, 0, 59], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))
    np.testing.assert_allclose(recipe.grid.apply(flipped).data, means, atol=1e-6)


def test_what_lies_outside_the_image_is_0() -> None:
    """An image that ends amid the first blocks fills them by half."""
    recipe = find_recipe("flair-40")
    affine = recipe.affine
    affine[0, 3] += 2
    means = recipe.grid.apply(Volume(np.ones((40, 48, 40), np.float32), affine)).data
    np.testing.assert_allclose(means[0], 0.5, atol=1e-6)
    np.testing.assert_allclose(means[1:], 1, atol=1e-6)


def test_recipe_geometry() -> None:
    recipe, finer = find_recipe("flair-40"), find_recipe("flair-80")
    assert recipe.steps == finer.steps == (BoundAbove(upper_percentile=99.5), UnitRange())
    assert recipe.shape == (40, 48, 40)
    assert finer.shape == (80, 96, 80)
    corner = grid_affine() @ [11, 13, 0, 1]  # first 1 mm voxel that is kept
    np.testing.assert_allclose((recipe.affine @ [0, 0, 0, 1])[:3], corner[:3] + 1.5)
    np.testing.assert_allclose((finer.affine @ [0, 0, 0, 1])[:3], corner[:3] + 0.5)
    with pytest.raises(InputError, match="choose one of: flair-40, flair-80"):
        find_recipe("flair-20")


def bound(data):
    volume = Volume(data, np.eye(4))
    for step in find_recipe("flair-40").steps:
        volume = step.apply(volume)
    return volume.data


def test_bound_reaches_0_and_1_and_keeps_order() -> None:
    data = np.random.default_rng(0).normal(5, 2, (20, 20, 20))
    bounded = bound(data)
    assert (bounded.min(), bounded.max()) == (0, 1)
    assert np.mean(bounded == 1) == pytest.approx(0.005, abs=1e-4)
    below = bounded < 1
    order = np.argsort(data[below])
    assert (np.diff(bounded[below][order]) >= 0).all()
    with pytest.raises(IntensityError):
        bound(np.full((4, 4, 4), 7.0))


def test_percentiles_are_those_of_the_brain_alone_and_the_background_stays_0():
    data = np.zeros((10, 10, 20), np.float32)
    data[..., :10] = np.arange(1, 1001, dtype=np.float32).reshape(10, 10, 10)
    clipped = ClipPercentiles(low_percentile=1, high_percentile=99).apply(Volume(data, np.eye(4))).data
    low, high = np.percentile(np.arange(1, 1001), (1, 99))
    np.testing.assert_allclose(
        clipped[..., :10].ravel(), np.clip((np.arange(1, 1001) - low) / (high - low), 0, 1), atol=1e-6
    )
    assert not clipped[..., 10:].any()
    for flat in (np.zeros((4, 4, 4), np.float32), np.full((4, 4, 4), 7, np.float32)):
        with pytest.raises(IntensityError):
            ClipPercentiles(low_percentile=1, high_percentile=99).apply(Volume(flat, np.eye(4)))


def test_dividing_by_the_maximum_keeps_0_and_cuts_what_is_below():
    data = np.array([-2, 0, 1, 4], np.float32).reshape(1, 2, 2)
    assert DivideByMaximum().apply(Volume(data, np.eye(4))).data.ravel().tolist() == [0, 0, 0.25, 1]
    with pytest.raises(IntensityError):
        DivideByMaximum().apply(Volume(-abs(data), np.eye(4)))


def test_the_division_by_127_of_the_thesis_doubles_grey_levels_up_to_white():
    levels = np.array([0, 63.5, 127, 255], np.float32).reshape(1, 2, 2) / 255
    assert DivideBy127().apply(Volume(levels, np.eye(4))).data.ravel() == pytest.approx([0, 0.5, 1, 1])


def test_a_recipe_records_every_step_and_what_its_values_are():
    recipe = find_recipe("flair-40")
    record = json.loads(json.dumps(recipe.record()))
    assert (record["block_mm"], record["upper_percentile"], record["trim"][0]) == (4, 99.5, [11, 171])
    assert record["steps"][-2:] == ["upper bound at the 99.5th percentile", UnitRange().words]
    assert "intensity" not in record
    scored = dataclasses.replace(recipe, z_scored=True)
    assert (scored.intensity, scored.record()["intensity"], scored.dtype) == ("z-score", "z-score", "float16")
    assert "training participants" in scored.record()["steps"][-1]
