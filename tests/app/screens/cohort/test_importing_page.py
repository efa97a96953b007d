"""The cohort page after an import: the new cohort is chosen, and scans without a class can be looked at."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from app.screens.cohort import importing
from brainlab.cohort.preparation.batch import Report
from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.cohort.recipes import RECIPES

PAGE = Path(__file__).resolve().parents[4] / "pages" / "cohort.py"


def copy_cohort(workspace: Path, target: Path, **columns: list[str | None]) -> None:
    """Write four scans of the tiny cohort as another one, some columns replaced."""
    data = PreparedDataset.open(workspace / "cohorts" / "simulated")
    rows = data.indices()[:4]
    write_prepared(target, data.batch(rows)[:, 0], data.scans.iloc[rows].assign(**columns), data.recipe)


def test_show_it_chooses_the_new_cohort(tiny_workspace, empty_workspace, monkeypatch):
    copy_cohort(tiny_workspace, empty_workspace / "cohorts" / "before")

    def bring_in(path, files, name, *_):
        copy_cohort(tiny_workspace, empty_workspace / "cohorts" / name)
        return Report(4, [1, 1, 1], [], [], 1.0)

    monkeypatch.setattr(importing, "bring_in", bring_in)
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    page.session_state["cohort-tabs"] = "Import scans"
    page.run()
    assert page.selectbox(key="cohort-name").value == "before"
    next(button for button in page.button if button.label == "Prepare").click().run()
    page.button(key="import-show").click().run()
    assert not page.exception
    assert page.selectbox(key="cohort-name").value == "mine"
    assert page.dataframe


@pytest.mark.parametrize("classes", [[None] * 4, ["ms", None, "2", None]])
def test_scans_without_a_class_are_shown_as_unlabelled(tiny_workspace, empty_workspace, classes):
    copy_cohort(tiny_workspace, empty_workspace / "cohorts" / "mine", **{"class": classes})
    page = AppTest.from_file(str(PAGE), default_timeout=120).run()
    page.button_group(key="cohort-classes").set_value(["unlabelled"]).run()
    assert not page.exception
    assert list(page.dataframe[0].value["class"]) == ["unlabelled"] * classes.count(None)


def test_a_mean_of_each_class_leaves_out_scans_without_one(tiny_workspace, empty_workspace):
    copy_cohort(tiny_workspace, empty_workspace / "cohorts" / "mine", **{"class": [None] * 4})
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    page.session_state["cohort-tabs"] = "Mean image"
    page.run()
    page.segmented_control(key="cohort-mean").set_value("each class").run()
    assert not page.exception
    assert "No scan has a class." in [caption.value for caption in page.caption]


def test_pictures_are_brought_in_by_a_recipe_for_pictures(empty_workspace, tmp_path):
    for number in range(3):
        grain = np.random.default_rng(number).integers(0, 256, (64, 64)).astype(np.uint8)
        Image.fromarray(grain).save(tmp_path / f"anna_{number}.png")
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    page.session_state["cohort-tabs"] = "Import scans"
    page.run()
    assert {name.split()[0] for name in page.selectbox(key="import-recipe").options} == set(RECIPES)
    page.selectbox(key="import-recipe").set_value("slices-64").run()
    page.text_input(key="import-path").set_value(str(tmp_path))
    next(button for button in page.button if button.label == "Prepare").click().run()
    assert not page.exception
    assert PreparedDataset.open(empty_workspace / "cohorts" / "mine").volumes.shape == (3, 64, 64)


def test_of_several_sequences_those_to_use_can_be_named(empty_workspace, monkeypatch):
    asked = []
    monkeypatch.setattr(importing, "bring_in", lambda *words: asked.append(words) or Report(0, [1, 1, 1], [], [], None))
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    page.session_state["cohort-tabs"] = "Import scans"
    page.run()
    assert not [field for field in page.text_input if field.label.startswith("Sequences")]
    page.selectbox(key="import-recipe").set_value("flair-synthesis").run()
    assert page.text_input(key="import-sequences-flair-synthesis").value.split()[:2] == ["FLAIR", "T1w"]
    assert page.checkbox(key="import-by-brain-flair-synthesis").value
    page.selectbox(key="import-recipe").set_value("pet-synthesis").run()
    assert not page.checkbox(key="import-by-brain-pet-synthesis").value
    page.selectbox(key="import-recipe").set_value("sequences").run()
    page.text_input(key="import-sequences-sequences").set_value("T1w, SWI")
    next(button for button in page.button if button.label == "Prepare").click().run()
    assert not page.exception
    ((*_, recipe, _, sequences, by_brain, _, _),) = asked
    assert (recipe, sequences, by_brain) == ("sequences", ["T1w", "SWI"], True)
