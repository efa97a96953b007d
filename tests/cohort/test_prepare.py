"""One scan: what lies on the recipe's grid already is taken as it is."""

import numpy as np
import pytest

from brainlab.cohort.prepare import is_prepared, prepare_one
from brainlab.cohort.recipes import find_recipe
from brainlab.volume import Volume

RECIPE = find_recipe("flair-40")


@pytest.fixture
def prepared():
    return Volume(np.random.default_rng(0).random(RECIPE.shape, dtype=np.float32), RECIPE.affine)


def test_a_generated_volume_comes_back_unchanged(prepared, tmp_path):
    prepared.save(tmp_path / "generated.nii.gz")
    found = prepare_one(tmp_path / "generated.nii.gz")
    np.testing.assert_allclose(found.data, prepared.data, atol=1e-6)


@pytest.mark.parametrize("change", ["moved", "bright", "negative", "small"])
def test_another_grid_or_range_is_no_prepared_volume(prepared, change):
    data, affine = prepared.data.copy(), prepared.affine.copy()
    if change == "moved":
        affine[0, 3] += 1
    elif change == "small":
        data = data[:-1]
    else:
        data[0, 0, 0] = {"bright": 1.5, "negative": -0.1}[change]
    assert is_prepared(prepared, RECIPE)
    assert not is_prepared(Volume(data, affine), RECIPE)
