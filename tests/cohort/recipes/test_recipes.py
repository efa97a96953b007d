"""Each recipe states its grid, its sequences and its steps; choices that it does not have are refused in one line."""

import json

import numpy as np
import pytest

from brainlab.cohort.recipes import RECIPES, find_recipe
from brainlab.errors import InputError
from brainlab.images.grid import Grid


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_a_record_gives_the_grid_of_the_images(recipe):
    record = json.loads(json.dumps(recipe.record()))
    grid = Grid.recorded(tuple(record["shape"]), record)
    assert (grid.shape, grid.plane) == (recipe.shape, recipe.plane)
    assert record["steps"]
    assert all(record["steps"])


@pytest.mark.parametrize(
    ("name", "shape", "spacing_mm"),
    [
        ("dwi-slices-128", (128, 128), (1.75, 1.75)),
        ("ixi-slices-128", (128, 128), (1.875, 1.875)),
        ("t1-cube-64", (64, 64, 64), (2.8, 2.8, 2.8)),
        ("t1-cube-256", (256, 256, 256), (0.7, 0.7, 0.7)),
        ("flair-synthesis", (208, 256, 40), (0.9, 0.9, 3)),
        ("pet-synthesis", (128, 160, 128), (1.22, 1.22, 1.22)),
        ("slices-256", (256, 256), (1, 1)),
    ],
)
def test_the_papers_grids(name, shape, spacing_mm):
    record = find_recipe(name).record()
    grid = Grid.recorded(shape, record)
    assert tuple(record["shape"]) == shape
    assert grid.spacing_mm == pytest.approx(spacing_mm)


def test_slices_are_those_of_the_papers():
    """26 slices of the DWI paper's 40 lie from 38 mm below to 62 mm above the commissures, the thesis' 30 above 0."""
    for name, count, first_mm, step_mm in (("dwi-slices-128", 26, -38, 4), ("ixi-slices-128", 30, 0.4, 0.9375)):
        recipe = find_recipe(name)
        volume = np.arange(np.prod(recipe.grid.shape), dtype=np.float32).reshape(recipe.grid.shape)
        slices = recipe.cut(volume)
        assert slices.shape == (count, 128, 128)
        np.testing.assert_array_equal(slices[3], volume[:, :, 3])
        assert recipe.affine[2, 3] == pytest.approx(first_mm, abs=0.1)
        assert recipe.affine[2, 2] == step_mm


def test_the_error_of_the_thesis_is_kept_only_when_asked_for():
    exact = find_recipe("ixi-slices-128", paper_exact=True)
    assert exact.record()["paper_exact"]
    assert "divided by 127" in exact.record()["steps"][-1]
    assert "paper_exact" not in find_recipe("ixi-slices-128").record()
    with pytest.raises(InputError, match="--paper-exact: flair-40 has no error"):
        find_recipe("flair-40", paper_exact=True)


def test_some_sequences_of_several_can_be_chosen_with_the_one_they_are_brought_onto():
    recipe = find_recipe("pet-synthesis")
    chosen = recipe.of_sequences(["fa", "MTR", "DVR"])
    assert (chosen.channels, chosen.mask_from) == (("DVR", "MTRmap", "FA"), "MTRmap")
    assert recipe.of_sequences(["DVR", "FA"]).mask_from == "DVR"
    for name, names, reason in (
        ("pet-synthesis", ["DVR", "T1w"], "--modalities T1w: pet-synthesis is for DVR, MTRmap"),
        ("pet-synthesis", ["MTR", "FA"], "needs DVR, which the others are brought onto"),
        ("pet-synthesis", ["DVR"], "and at least one other"),
        ("flair-40", ["FLAIR"], "--modalities: flair-40 prepares one sequence"),
    ):
        with pytest.raises(InputError, match=reason):
            find_recipe(name).of_sequences(names)


def test_any_sequences_can_be_named_of_the_recipe_without_a_list():
    recipe = find_recipe("sequences").of_sequences(["SWI", "T1map", "t1W", "CT"])
    assert recipe.channels == ("SWI", "T1map", "t1W", "CT")
    assert recipe.mask_from == "t1W"  # which shows the brain better than the one that the others are brought onto
    (correct,) = recipe.steps
    assert [correct.concerns(name) for name in recipe.channels] == [True, False, True, False]
    assert find_recipe("sequences").of_sequences(["SWI", "angio"]).mask_from == "SWI"
    assert find_recipe("sequences").from_inputs(["angio"]).channels == ("angio",)
    with pytest.raises(InputError, match="--scale-by brain: T1map, CT are quantities"):
        recipe.scaled_by_brain()
    for names in (["SWI"], ["SWI", "swi"], ["MTR", "MTRmap"]):
        with pytest.raises(InputError, match="--modalities: sequences needs two sequences or more, each once"):
            find_recipe("sequences").of_sequences(names)


def test_pictures_show_the_plane_that_is_asked_for():
    assert find_recipe("slices-64").of_plane("coronal").record()["plane"] == "coronal"
    with pytest.raises(InputError, match="--plane oblique: choose one of axial"):
        find_recipe("slices-64").of_plane("oblique")
    with pytest.raises(InputError, match="--plane: says what pictures show; dwi-slices-128 is for scans"):
        find_recipe("dwi-slices-128").of_plane("coronal")
