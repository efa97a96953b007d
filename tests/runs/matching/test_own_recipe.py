"""Slices of another recipe may have the shape that a run reads; that they are of another kind is said."""

from types import SimpleNamespace

import pytest

from brainlab.cohort.recipes import RECIPES, find_recipe
from brainlab.methods.method import Preset
from brainlab.runs.matching.own_recipe import own_recipe_warning, preset_recipe_warning, start_recipe_warning

DWI = {"name": "dwi-slices-128", "modalities": ["dwi"]}
RUN = SimpleNamespace(name="flow", settings={"recipe": DWI})


def prepared(**changes):
    return SimpleNamespace(name="cohort", recipe=DWI | changes)


def test_images_of_the_same_recipe_and_sequence_need_no_word():
    assert own_recipe_warning(RUN, prepared(shape=[128, 128])) is None


def test_another_recipe_or_another_sequence_is_named():
    assert own_recipe_warning(RUN, prepared(name="ixi-slices-128", modalities=["T1w"])) == (
        "flow learned DWI images of the recipe dwi-slices-128, and cohort holds T1w images of the recipe "
        "ixi-slices-128: what the run makes of them is a guess"
    )
    assert "T2w images of the recipe dwi-slices-128" in own_recipe_warning(RUN, prepared(modalities=["T2w"]))


def test_recipes_of_old_files_that_do_not_say_what_they_hold_are_unknown():
    assert "holds unknown images of the recipe dwi-slices-128" in own_recipe_warning(
        RUN, SimpleNamespace(name="cohort", recipe={"name": "dwi-slices-128"})
    )


IXI = Preset(config=None, recipe="ixi-slices-128")


@pytest.mark.parametrize("paper_exact", [False, True])
def test_data_prepared_by_a_presets_recipe_need_no_word(paper_exact):
    """What `brainlab prepare --recipe ixi-slices-128` keeps of anybody's own scans."""
    data = SimpleNamespace(name="mine", recipe=find_recipe("ixi-slices-128", paper_exact).record())
    assert preset_recipe_warning("vae2d", IXI, data) is None
    older = SimpleNamespace(name="mine", recipe={"name": "ixi-slices-128"})
    assert preset_recipe_warning("vae2d", IXI, older) is None, "which do not tell their sequence"


@pytest.mark.parametrize("other", [name for name in RECIPES if name != "ixi-slices-128"])
def test_a_preset_names_data_of_any_other_recipe_and_one_for_any_names_none(other):
    data = SimpleNamespace(name="mine", recipe=find_recipe(other).record())
    warning = preset_recipe_warning("vae2d", IXI, data)
    assert warning.startswith("vae2d is made for T1w images of the recipe ixi-slices-128, and mine holds ")
    assert f"of the recipe {other}: " in warning
    assert preset_recipe_warning("flow", Preset(config=None), data) is None


def test_another_sequence_by_a_presets_own_recipe_is_named_too():
    warning = preset_recipe_warning("vae2d", IXI, prepared(name="ixi-slices-128", modalities=["T2w"]))
    assert "cohort holds T2w images of the recipe ixi-slices-128" in warning


def test_a_training_that_begins_with_weights_of_another_sequence_is_warned_of():
    assert start_recipe_warning(RUN, prepared()) is None
    warning = start_recipe_warning(RUN, prepared(modalities=["T2w"]))
    assert "T2w images of the recipe dwi-slices-128" in warning
    assert warning.endswith("weights drawn anew did better with those where it was tried (docs/own-scans.md)")


def test_a_run_of_several_sequences_reads_those_that_its_settings_name():
    learned = {"name": "flair-synthesis", "modalities": ["FLAIR", "T1w", "T2w", "DIR"]}
    run = SimpleNamespace(name="translator", settings={"recipe": learned})
    assert own_recipe_warning(run, prepared(name="flair-synthesis", modalities=["FLAIR", "T1w", "T2w"])) is None
    assert "holds DVR" in own_recipe_warning(run, prepared(name="pet-synthesis", modalities=["DVR", "FA"]))
