"""The page Synthesis, without a browser: what it shows of a visit, and what it says where something is missing."""

import numpy as np
import pytest

from app.data import resources, translations, uploaded_visits
from app.data.held import Held
from app.screens.synthesis.comparison import MEANING, TRUE
from app.screens.synthesis.contributions import bars
from app.screens.synthesis.page import WARNING
from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.errors import InputError
from brainlab.experiments.synthesis.measure import BETTER
from brainlab.experiments.training import train
from brainlab.runs.files import WEIGHTS
from brainlab.translation.linear import LinearConfig
from tests.app.screens.test_pages import opened
from tests.experiments.myelin.hand_made import Person, write
from tests.translating_workspace import scans_of_a_visit


@pytest.fixture
def own(translating_workspace, tmp_path, monkeypatch):
    """A copy of the workspace by links, which a test may add to."""
    for place in ("cohorts", "runs"):
        (tmp_path / place).mkdir()
        for folder in (translating_workspace / place).iterdir():
            (tmp_path / place / folder.name).symlink_to(folder)
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "no-models")
    monkeypatch.setattr(uploaded_visits, "_visits", Held(2))
    return tmp_path


def text(found):
    kinds = (found.caption, found.markdown, found.info, found.warning, found.error, found.subheader)
    return "\n".join(element.value for kind in kinds for element in kind)


def test_a_held_out_visit_comes_first_beside_its_measures(own):
    found = opened("synthesis", run="linear")
    assert not found.error
    assert [element.value for element in found.warning] == [WARNING]
    assert found.selectbox(key="synthesis-visit-linear-sequences").value == 4
    assert "**Held out**" in text(found)
    table = found.dataframe[0].value
    shown = table.set_index("measure")["synthesised"]
    assert len(shown) == len(MEANING)
    assert float(shown["Squared error"]) < 1e-4 < float(shown["... of a flat image"])
    assert "T1w and T2w to FLAIR" in text(found)
    assert any("simulated" in str(element.proto) for element in found.get("html"))


def test_a_person_that_the_run_was_trained_on_is_said_to_be(own):
    found = opened("synthesis", run="linear")
    found.selectbox(key="synthesis-visit-linear-sequences").set_value(1).run()
    assert not found.exception
    assert "**The run was trained on this person**" in text(found)


def test_the_saliency_which_takes_longest_waits_until_it_is_asked_for(own, monkeypatch):
    asked, saliency_maps = [], translations.saliency_maps
    monkeypatch.setattr(translations, "saliency_maps", lambda visit: asked.append(visit) or saliency_maps(visit))
    found = opened("synthesis", run="linear")
    assert not found.toggle(key="synthesis-saliency").value
    assert not asked
    assert "Saliency of 1" not in text(found)
    found.toggle(key="synthesis-saliency").set_value(True).run()
    assert not found.exception
    assert len(asked) == 1
    assert "Saliency of 1" in text(found)


def test_the_range_of_the_difference_and_the_saliency_can_be_changed(own, monkeypatch):
    found = opened("synthesis", run="linear")
    found.toggle(key="synthesis-saliency").set_value(True).run()
    monkeypatch.setattr(translations, "translate", lambda *_: pytest.fail("translated again"))
    monkeypatch.setattr(translations, "saliency", lambda *_, **__: pytest.fail("differentiated again"))
    found.select_slider(key="synthesis-limit").set_value(0.25).run()
    found.toggle(key="synthesis-saliency").set_value(False).run()
    assert not found.exception
    assert not found.error


def test_without_a_true_target_the_page_says_so(own):
    data = PreparedDataset.open(own / "cohorts" / "sequences")
    recipe = {key: value for key, value in data.recipe.items() if key != "labels"} | {"channels": ["T1w", "T2w"]}
    rows = data.batch(np.arange(2))[:, :2]
    write_prepared(own / "cohorts" / "untold", rows, data.scans.iloc[:2], recipe, "float16")
    found = opened("synthesis", run="linear")
    found.selectbox(key="synthesis-cohort-linear").set_value("untold").run()
    assert not found.exception
    assert "There is no true FLAIR of this visit" in text(found)
    found.toggle(key="synthesis-saliency").set_value(True).run()
    assert "as there is no true one to measure an error by" in text(found)
    assert not found.dataframe


def test_without_a_run_or_a_cohort_the_page_says_how_to_get_one(empty_workspace):
    found = opened("synthesis")
    assert "No run that translates yet" in text(found)
    assert "brainlab train flair-linear" in found.code[0].value
    assert [element.value for element in found.warning] == [WARNING]


def test_without_a_cohort_scans_can_still_be_uploaded(own):
    (own / "cohorts" / "sequences").unlink()
    found = opened("synthesis", run="for-scans")
    assert not found.error
    assert "No cohort here holds T1w and T2w as channels" in text(found)
    assert "One head, one visit" in text(found)


def test_uploads_that_cannot_be_used_are_one_line_and_the_page_goes_on(own):
    files = scans_of_a_visit()
    found = opened("synthesis", run="for-scans")
    found.segmented_control(key="synthesis-scans-2").set_value("Upload").run()
    found.file_uploader[0].set_value(("t1.nii.gz", files["T1w"], "application/gzip")).run()
    assert "Still needed: T2w" in text(found)
    found.file_uploader[1].set_value(("t2.nii.gz", b"no NIfTI", "application/gzip")).run()
    assert not found.exception
    assert [error.value.split(":")[0] for error in found.error] == ["T2w"]


def test_a_run_that_is_damaged_is_named_and_the_others_stay(own):
    folder = own / "runs" / "cut"
    folder.mkdir()
    for file in (own / "runs" / "linear").iterdir():
        if file.is_file():
            (folder / file.name).write_bytes(file.read_bytes())
    (folder / WEIGHTS).write_bytes(b"cut")
    found = opened("synthesis")
    assert not found.error
    assert any("cut" in expander.label for expander in found.expander)


def test_what_fails_while_translating_is_one_line(own, monkeypatch):
    def refused(*_):
        raise InputError("linear: needs images of finite numbers, got NaN or infinity among them")

    monkeypatch.setattr(translations, "made", refused)
    found = opened("synthesis", run="linear")
    assert [error.value for error in found.error] == [
        "linear: needs images of finite numbers, got NaN or infinity among them"
    ]


def test_of_pet_the_lesions_are_compared_by_controls_thresholds(own):
    people = [*(Person(f"sub-h{number}", "healthy", ((),), size=0) for number in range(3))]
    people += [Person("sub-m0", "ms", (tuple(range(1, 13)),))]
    data = write(own / "cohorts" / "pet", people)
    config = LinearConfig(inputs=(data.channels[1],), target="DVR", kernel=1, patch=(8, 8, 8))
    train("flair-linear", data, own / "runs" / "pet", config=config)
    found = opened("synthesis", run="pet")
    row = int(np.flatnonzero(data.scans["participant"] == "sub-m0")[0])
    found.selectbox(key="synthesis-visit-pet-pet").set_value(row).run()
    assert not found.exception
    (said,) = [error.value for error in found.error]
    assert said.startswith("SSIM needs an odd window of at most 8 voxels"), "and the page goes on"
    assert "Myelin of the lesions" in text(found)
    shown = {metric.label: metric.value for metric in found.metric}
    assert (shown["Demyelinated, true"], shown["Demyelinated, synthesised"]) == ("30%", "30%")
    assert (shown["Overlap"], shown["Lesion DVR, true"]) == ("1.00", "1.15")
    assert "± DVR" in found.select_slider(key="synthesis-limit").label


def test_every_measure_is_told_in_words():
    shown_otherwise = {"mse_in_units", *(name for name in BETTER if name.startswith("discrepancy"))}
    assert set(BETTER) - set(TRUE.values()) - shown_otherwise == set(MEANING)


def test_the_first_input_is_the_bar_on_top():
    (trace,) = bars(("T1w", "T2w"), (0.25, 0.75)).data
    assert (list(trace.y), list(trace.x), list(trace.text)) == (["T2w", "T1w"], [75, 25], ["75%", "25%"])


def test_runs_that_translate_are_offered_alone(own):
    assert set(resources.runs_that("translate")) == {"linear", "uneven", "for-scans"}
