"""One scan: what lies on the recipe's grid already is taken as it is."""

from dataclasses import replace

import numpy as np
import pytest

from brainlab.cohort.preparation import prepare
from brainlab.cohort.preparation.prepare import is_prepared, prepare_one
from brainlab.cohort.recipes import find_recipe
from brainlab.errors import RegistrationError
from brainlab.images.volume import Volume

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


def test_what_was_noticed_is_said_of_a_refused_scan_too(tmp_path, monkeypatch):
    values = np.random.default_rng(0).random((20, 20, 20), dtype=np.float32)
    values[0, 0, 0] = np.nan
    Volume(values, np.diag([9.0, 9, 9, 1])).save(tmp_path / "odd.nii")

    def refuse(native):
        raise RegistrationError("no head")

    monkeypatch.setattr(prepare, "place_on_template", refuse)
    with pytest.raises(RegistrationError) as error:
        prepare_one(tmp_path / "odd.nii")
    (note,) = error.value.__notes__
    assert "1 voxel without a finite number" in note


def test_notes_of_reading_and_of_placement_are_handed_on(prepared, tmp_path, monkeypatch):
    values = prepared.data.copy()
    values[0, 0, 0] = np.nan
    Volume(values, prepared.affine).save(tmp_path / "generated.nii")
    placed = prepare.placed_already
    monkeypatch.setattr(prepare, "placed_already", lambda native: replace(placed(native), notes=("tilted",)))
    first, second = prepare_one(tmp_path / "generated.nii").notes
    assert "1 voxel without a finite number" in first
    assert second == "tilted"
