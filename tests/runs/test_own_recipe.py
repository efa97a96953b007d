"""Slices of another recipe may have the shape that a run reads; that they are of another kind is said."""

from types import SimpleNamespace

from brainlab.runs.own_recipe import own_recipe_warning

DWI = {"name": "dwi-slices-128", "modalities": ["dwi"]}
RUN = SimpleNamespace(name="flow", settings={"recipe": DWI})


def prepared(**changes):
    return SimpleNamespace(name="cohort", recipe=DWI | changes)


def test_images_of_the_same_recipe_and_sequence_need_no_word():
    assert own_recipe_warning(RUN, prepared(shape=[128, 128])) is None


def test_another_recipe_or_another_sequence_is_named():
    assert own_recipe_warning(RUN, prepared(name="ixi-slices-128", modalities=["T1w"])) == (
        "flow learned dwi images of the recipe dwi-slices-128, and cohort holds T1w images of the recipe "
        "ixi-slices-128: what the run makes of them is a guess"
    )
    assert "T2w images of the recipe dwi-slices-128" in own_recipe_warning(RUN, prepared(modalities=["T2w"]))


def test_recipes_of_old_files_that_do_not_say_what_they_hold_are_unknown():
    assert "holds unknown images of the recipe dwi-slices-128" in own_recipe_warning(
        RUN, SimpleNamespace(name="cohort", recipe={"name": "dwi-slices-128"})
    )
