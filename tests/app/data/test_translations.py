"""What the page Synthesis shows of a visit: made once, and in the units and places that it says."""

import gzip

import nibabel as nib
import numpy as np
import pytest

from app.data import resources, translations, uploaded_visits
from app.data.exports import nifti_of
from app.data.held import Held
from app.data.translations import CohortVisit, OwnInput, SaliencyMap, Synthesised, TargetDifference
from app.data.uploaded_visits import take_visit
from app.data.volumes import load
from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.cohort.template import mni_template
from brainlab.errors import InputError, RegistrationError
from brainlab.experiments.synthesis.patchwise import shown_by
from tests.translating_workspace import LPS, scans_of_a_visit


@pytest.fixture(autouse=True)
def own(translating_workspace, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(translating_workspace))
    monkeypatch.setattr("brainlab.workspace.MODELS", translating_workspace / "no-models")
    monkeypatch.setattr(uploaded_visits, "_visits", Held(2))


VISIT = CohortVisit("uneven", "sequences", 4)


def test_the_difference_is_synthesised_less_true_in_the_brain_and_symmetric():
    inside = translations.brain(VISIT)
    assert 0 < inside.mean() < 1
    difference = translations.made(VISIT) - translations.truth(VISIT)
    shown = load(TargetDifference(VISIT, 0.5))
    assert (shown[~inside] == 128).all()
    assert np.abs(difference[inside]).mean() > 0.2
    told = (shown[inside].astype(float) - 128) / 127 * 0.5
    np.testing.assert_allclose(told, np.clip(difference[inside], -0.5, 0.5), atol=0.5 / 127)
    assert (shown.min(), shown.max()) == (1, 255), "as far below as above 128"


def test_saliency_is_scaled_alike_for_all_inputs_and_clear_outside_the_brain():
    maps = translations.saliency_maps(VISIT)
    inside = translations.brain(VISIT)
    shown = np.stack([load(SaliencyMap(VISIT, place)) for place in (0, 1)])
    assert not shown[:, ~inside].any()
    means = shown[:, inside].mean(axis=1)
    assert maps.contributions == pytest.approx((0.75, 0.25), abs=1e-3)
    np.testing.assert_allclose(means / means.sum(), maps.contributions, atol=0.02)


def test_what_was_made_is_made_once(monkeypatch):
    first = translations.made(VISIT)
    monkeypatch.setattr(translations, "translate", lambda *_: pytest.fail("made twice"))
    assert translations.made(VISIT) is first
    translations.measures(VISIT)
    load(Synthesised(VISIT))


def test_the_file_of_a_cohort_visit_is_in_intensities_on_its_grid():
    volume = translations.volume(VISIT)
    np.testing.assert_allclose(volume.data, 100 + 20 * translations.made(VISIT), rtol=1e-5)
    np.testing.assert_array_equal(volume.affine, resources.cohort("sequences").affine)


def test_cohorts_without_an_input_or_of_unit_range_are_not_offered_and_those_without_the_target_come_last(
    translating_workspace, tmp_path, monkeypatch
):
    data = PreparedDataset.open(translating_workspace / "cohorts" / "sequences")
    for name, channels in (("a-untold", ["T1w", "T2w"]), ("b-short", ["T1w", "FLAIR"])):
        recipe = {key: value for key, value in data.recipe.items() if key != "labels"} | {"channels": channels}
        rows = data.batch(np.array([0, 4]))[:, :2]
        write_prepared(tmp_path / "cohorts" / name, rows, data.scans.iloc[[0, 4]], recipe, "float16")
    (tmp_path / "cohorts" / "sequences").symlink_to(data.folder)
    (tmp_path / "cohorts" / "unit").symlink_to(translating_workspace / "cohorts" / "simulated")
    (tmp_path / "runs").symlink_to(translating_workspace / "runs")
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    found = translations.translatable(resources.run("linear"))
    mine = [name for name in found if not name.startswith("simulated")]
    assert mine == ["sequences", "a-untold"]
    untold = CohortVisit("linear", "a-untold", 1)
    assert not translations.knows_truth(untold)
    assert translations.saliency_maps(untold).of == "output"


def test_uploaded_scans_become_the_target_on_the_voxels_of_the_first(monkeypatch):
    files = scans_of_a_visit()
    visit = take_visit("for-scans", files, in_template_space=True)
    made = nib.Nifti1Image.from_bytes(
        gzip.decompress(nifti_of(translations.volume(visit), Synthesised(visit).provenance))
    )
    first = nib.Nifti1Image.from_bytes(gzip.decompress(files["T1w"]))
    assert made.shape == first.shape
    np.testing.assert_allclose(made.affine, first.affine, atol=1e-4)
    assert "".join(nib.aff2axcodes(made.affine)) == LPS
    inside = (first.get_fdata() > 0) & (made.get_fdata() > 0)  # the recipe's grid leaves out what lies high and low
    assert inside.sum() > 10000
    assert np.corrcoef(made.get_fdata()[inside], first.get_fdata()[inside])[0, 1] > 0.8, "but for the bias field"
    assert b"translated by brainlab, not a real scan" in made.header["descrip"].tobytes()
    shown = load(OwnInput(visit, 0))
    assert shown.shape == load(Synthesised(visit)).shape == visit.own.translated.grid.shape
    monkeypatch.setattr(uploaded_visits, "translate_visit", lambda *_: pytest.fail("translated twice"))
    assert take_visit("for-scans", files, in_template_space=True) == visit


def test_scans_that_cannot_be_used_are_refused_in_one_line_that_names_the_sequence(monkeypatch):
    files = scans_of_a_visit()
    for changed, expected in (
        ({"T2w": b"no NIfTI"}, "^T2w: "),
        ({"T1w": b""}, "^T1w: "),
    ):
        with pytest.raises(InputError, match=expected) as refused:
            take_visit("for-scans", files | changed, in_template_space=True)
        assert "tmp" not in str(refused.value)
        assert "\n" not in str(refused.value)
    with pytest.raises(InputError, match="got no T2w; upload it too"):
        take_visit("for-scans", {"T1w": files["T1w"]})
    with pytest.raises(InputError, match="learned from data of the recipe 'noise'"):
        take_visit("linear", files)

    def unlike(*_):
        raise RegistrationError("T2w: cannot be brought onto the visit's other scan: too unlike it")

    monkeypatch.setattr(uploaded_visits, "translate_visit", unlike)
    with pytest.raises(InputError, match=r"^T2w: cannot be brought onto"):
        take_visit("for-scans", files)


def test_what_is_no_longer_held_says_so():
    held: Held[int] = Held(2)
    assert [held.make(str(number), lambda number=number: number) for number in range(3)] == [0, 1, 2]
    assert held.make("2", lambda: pytest.fail("made twice")) == 2
    with pytest.raises(InputError, match="upload it again"):
        held.get("0")


def test_the_brain_of_stripped_scans_is_where_any_of_them_shows_something():
    template = mni_template().data[::8, ::8, ::8] > 0
    images = np.stack([np.where(template, 1.0, -1.5), np.full(template.shape, 0.2)]).astype(np.float32)
    np.testing.assert_array_equal(shown_by(images), template)
