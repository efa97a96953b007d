"""Several sequences of a visit lie on each other as channels, with one mask, scaled by the training participants."""

import dataclasses
import json

import nibabel as nib
import numpy as np
import pytest

from brainlab.cohort.preparation import batch, kept_scans, visits
from brainlab.cohort.preparation.batch import prepare_cohort
from brainlab.cohort.preparation.prepare import prepare_one
from brainlab.cohort.preparation.visits import place_visit
from brainlab.cohort.prepared import PreparedDataset, participant_split
from brainlab.cohort.recipes import find_recipe
from brainlab.cohort.registration import coregistration
from brainlab.cohort.registration.placement import Placement
from brainlab.cohort.sources.discovery import find_sources
from brainlab.errors import InputError, RegistrationError, UnreadableScanError
from brainlab.images.volume import Volume

WHOLE = find_recipe("flair-synthesis").of_sequences(["FLAIR", "T1w"])
RECIPE = dataclasses.replace(
    WHOLE,
    grid=dataclasses.replace(WHOLE.grid, whole=(24, 28, 24), voxel_mm=(8.0, 8.0, 8.0)),
    steps=(),
)


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """The brain of these tests has voxels of 4 mm."""
    monkeypatch.setattr(coregistration, "FINE_MM", 4.0)


@pytest.fixture
def cohort(make_dataset):
    """Four people with a FLAIR and a T1w a thousand times as bright, in template space; the last one's are brighter."""
    root = make_dataset(4)
    for path in sorted(root.glob("sub-*/anat/*_FLAIR.nii.gz")):
        flair = Volume.load(path)
        if path.name.startswith("sub-03"):
            flair = dataclasses.replace(flair, data=3 * flair.data)
            flair.save(path)
        Volume(flair.data.max() - flair.data * 1000 * (flair.data > 0), flair.affine).save(
            path.with_name(path.name.replace("FLAIR", "T1w"))
        )
        sidecar = path.with_name(path.name.replace(".nii.gz", ".json"))
        sidecar.with_name(sidecar.name.replace("FLAIR", "T1w")).write_text(
            sidecar.read_text(encoding="utf-8"), encoding="utf-8"
        )
    return root


def test_a_dataset_of_channels_is_scaled_by_its_training_participants(cohort, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "participant_split", lambda name: "test" if name == "sub-03" else "train")
    report = prepare_cohort(find_sources(cohort, RECIPE), tmp_path / "out", RECIPE)
    assert (report.scans, report.shape, report.failed) == (4, [24, 28, 24], [])
    data = PreparedDataset.open(tmp_path / "out")
    assert (data.channels, data.unit_range, data.volumes.dtype) == (("FLAIR", "T1w"), False, np.float16)
    assert data.volumes.shape == (4, 2, 24, 28, 24)
    scores = data.batch(data.indices("train"))
    np.testing.assert_allclose(scores.mean(axis=(0, 2, 3, 4)), 0, atol=1e-3)
    np.testing.assert_allclose(scores.std(axis=(0, 2, 3, 4)), 1, atol=1e-3)
    first = data.scans.iloc[0]
    assert first["source"].endswith("sub-00_FLAIR.nii.gz")
    assert first["source_t1w"].endswith("sub-00_T1w.nii.gz")
    assert first["sha256_t1w"] != first["sha256"]
    numbers = json.loads((tmp_path / "out" / "recipe.json").read_text(encoding="utf-8"))["z_scores"]
    assert numbers["T1w"]["sd"] > 100 * numbers["FLAIR"]["sd"]


def test_a_dataset_of_channels_keeps_the_brain_where_no_labels_are_given(cohort, tmp_path):
    recipe = RECIPE.scaled_by_brain()
    prepare_cohort(find_sources(cohort, recipe), tmp_path / "out", recipe)
    data = PreparedDataset.open(tmp_path / "out")
    assert data.label_names == {1: "brain"}
    assert set(np.unique(data.segmentations)) == {0, 1}
    for row in range(len(data)):  # scans scaled by their brains have mean 0 and spread 1 in just these voxels
        values = data.batch(np.array([row]))[0][:, data.segmentations[row] > 0]
        np.testing.assert_allclose(values.mean(axis=1), 0, atol=1e-3)
        np.testing.assert_allclose(values.std(axis=1), 1, atol=1e-3)
    prepare_cohort(find_sources(cohort, recipe), tmp_path / "out", recipe)  # the brain is no one's work to lose


def test_a_later_scan_is_scaled_by_the_numbers_of_an_earlier_dataset(cohort, tmp_path):
    prepare_cohort(find_sources(cohort, RECIPE), tmp_path / "old", RECIPE)
    found = find_sources(cohort, RECIPE)
    one = dataclasses.replace(found, scans=found.scans[2:3])
    prepare_cohort(one, tmp_path / "new", RECIPE, scale_by=tmp_path / "old")
    old, new = (PreparedDataset.open(tmp_path / name) for name in ("old", "new"))
    np.testing.assert_array_equal(new.volumes[0], old.volumes[2])
    assert new.recipe["z_scores"] == old.recipe["z_scores"]


def test_scans_of_other_units_are_alike_by_their_own_brains(cohort, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "participant_split", lambda name: "test" if name == "sub-03" else "train")
    recipe = RECIPE.scaled_by_brain()
    prepare_cohort(find_sources(cohort, recipe), tmp_path / "out", recipe)
    flair = cohort / "sub-03" / "anat" / "sub-03_FLAIR.nii.gz"
    bright = Volume.load(flair)
    dataclasses.replace(bright, data=bright.data / 50).save(flair)
    prepare_cohort(find_sources(cohort, recipe), tmp_path / "darker", recipe)
    out, darker = (PreparedDataset.open(tmp_path / name) for name in ("out", "darker"))
    np.testing.assert_allclose(darker.batch(np.arange(4)), out.batch(np.arange(4)), atol=2e-2)
    scans = out.scans
    assert scans["brain_mean_flair"][3] == pytest.approx(50 * darker.scans["brain_mean_flair"][3], rel=1e-3)
    assert out.recipe["scaled_by"] == "brain"
    for key in ("mean", "sd"):
        assert out.recipe["z_scores"]["T1w"][key] == pytest.approx(scans[f"brain_{key}_t1w"][:3].mean())
    # Back to intensities: each scan's own numbers undo what was done to it.
    prepare_cohort(find_sources(cohort, RECIPE), tmp_path / "plain", RECIPE)
    plain = PreparedDataset.open(tmp_path / "plain")
    numbers = plain.recipe["z_scores"]["FLAIR"]
    for row in range(3):
        own = out.batch(np.array([row]))[0, 0] * scans["brain_sd_flair"][row] + scans["brain_mean_flair"][row]
        theirs = plain.batch(np.array([row]))[0, 0] * numbers["sd"] + numbers["mean"]
        np.testing.assert_allclose(own, theirs, atol=0.02 * numbers["sd"])


def test_recipes_that_scale_each_scan_anyway_have_no_brain_to_scale_by():
    with pytest.raises(InputError, match="--scale-by: flair-40 scales each scan by itself; leave it out"):
        find_recipe("flair-40").scaled_by_brain()


def test_quantities_are_not_scaled_by_the_brain_that_they_are_measured_in():
    with pytest.raises(InputError, match="--scale-by brain: DVR, MTRmap, FA, RD, AD are quantities with units"):
        find_recipe("pet-synthesis").scaled_by_brain()


def test_a_visit_is_kept_with_its_images_and_goes_on_after_an_interruption(cohort, tmp_path, monkeypatch):
    """The folder of intermediate images is that of the first sequence; a resumed run gives the same dataset."""
    found, seen = find_sources(cohort, RECIPE), []

    def counted(path, *rest):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(path.name)
        return prepare_one(path, *rest)

    monkeypatch.setattr(batch, "write_intermediate", lambda folder, *_: folder.mkdir(parents=True))
    monkeypatch.setattr(kept_scans, "is_whole", lambda folder: folder.is_dir())
    monkeypatch.setattr(batch, "prepare_one", counted)
    with pytest.raises(KeyboardInterrupt):
        prepare_cohort(found, tmp_path / "out", RECIPE, keep_intermediate=True)
    seen.clear()
    prepare_cohort(found, tmp_path / "out", RECIPE, keep_intermediate=True)
    assert seen == ["sub-02_FLAIR.nii.gz", "sub-03_FLAIR.nii.gz"]
    monkeypatch.undo()
    assert (tmp_path / "out" / "intermediate" / "sub-01__anat__sub-01_FLAIR").is_dir()
    prepare_cohort(found, tmp_path / "whole", RECIPE)
    assert PreparedDataset.open(tmp_path / "out").sha256 == PreparedDataset.open(tmp_path / "whole").sha256


def test_z_scores_are_not_stored_as_bytes(cohort, tmp_path):
    with pytest.raises(InputError, match="--dtype: flair-synthesis makes z-scores, which need float16, got uint8"):
        prepare_cohort(find_sources(cohort, RECIPE), tmp_path / "out", RECIPE, dtype="uint8")


def test_without_training_participants_all_are_used_and_that_is_said(cohort, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "participant_split", lambda name: "test")
    report = prepare_cohort(find_sources(cohort, RECIPE), tmp_path / "out", RECIPE)
    assert any("no participant is in the training split" in note["reason"] for note in report.warnings)
    assert participant_split("sub-00") == "train"


def test_a_broken_scan_of_a_visit_names_its_sequence(cohort):
    paths = {name: cohort / "sub-00" / "anat" / f"sub-00_{name}.nii.gz" for name in ("FLAIR", "T1w")}
    paths["T1w"].write_bytes(b"<html>")
    with pytest.raises(UnreadableScanError) as error:
        prepare_one(paths["FLAIR"], RECIPE, True, None, {"T1w": paths["T1w"]})
    assert error.value.reason.startswith("T1w: a saved web page")


def test_the_mask_of_another_scan_is_moved_onto_the_first(brain_volume, monkeypatch):
    """The brain is found on the second scan; the first lies 30 mm from it."""
    noise = np.random.default_rng(0).normal(0, 5, brain_volume.data.shape).astype(np.float32)
    second = Volume(brain_volume.data + np.abs(noise), brain_volume.affine)
    moved = nib.affines.from_matvec(np.eye(3), [30, 0, 0])
    first = Volume(np.where(brain_volume.data > 0, 1000 - 0.7 * brain_volume.data, 0), moved @ brain_volume.affine)
    first = dataclasses.replace(first, data=first.data.astype(np.float32))
    found = Placement(brain_volume.data > 0, brain_volume, np.eye(4), scores={"brain_ml": 1900.0})
    monkeypatch.setattr(visits, "place_on_template", lambda scan: found)
    monkeypatch.setattr(visits, "above_air", lambda scan: (scan, ()))
    visit = place_visit({"DVR": first, "MTRmap": second}, "MTRmap")
    np.testing.assert_allclose(visit.from_first["DVR"], np.eye(4), atol=1e-6)
    np.testing.assert_allclose(visit.from_first["MTRmap"][:3, 3], [-30, 0, 0], atol=2)
    np.testing.assert_allclose(visit.placement.template_to_native[:3, 3], [30, 0, 0], atol=2)
    overlap = (visit.placement.native_mask & (first.data > 0)).sum() / (first.data > 0).sum()
    assert overlap > 0.95


def test_a_sequence_that_nulls_tissue_is_taken_as_it_is_with_a_note(brain_volume, monkeypatch):
    def unclear(scan):
        if scan is dark:
            raise RegistrationError("no head found")
        return scan, ()

    dark = dataclasses.replace(brain_volume, data=brain_volume.data.max() - brain_volume.data)
    monkeypatch.setattr(visits, "place_on_template", lambda scan: Placement(scan.data > 0, scan, np.eye(4)))
    monkeypatch.setattr(visits, "above_air", unclear)
    visit = place_visit({"FLAIR": brain_volume, "DIR": dark}, "FLAIR")
    assert visit.scans["DIR"] is dark
    assert visit.notes == ("DIR: the level of air is not clear: values taken as they are",)


def test_a_scan_that_cannot_be_brought_onto_the_others_is_refused_by_name(brain_volume, monkeypatch):
    noise = Volume(
        np.random.default_rng(0).gamma(2, 9, brain_volume.data.shape).astype(np.float32), brain_volume.affine
    )
    found = Placement(brain_volume.data > 0, brain_volume, np.eye(4))
    monkeypatch.setattr(visits, "place_on_template", lambda scan: found)
    monkeypatch.setattr(visits, "above_air", lambda scan: (scan, ()))
    with pytest.raises(RegistrationError, match=r"^T1w: cannot be brought onto the visit's other scan"):
        place_visit({"FLAIR": brain_volume, "T1w": noise}, "FLAIR")


def test_sequences_that_no_list_names_are_prepared_alike(cohort, tmp_path):
    """A map is brought along, and N4 leaves it as it is."""
    for path in cohort.glob("sub-*/anat/*_T1w.*"):
        path.rename(path.with_name(path.name.replace("T1w", "T1map")))
    whole = find_recipe("sequences").of_sequences(["T1map", "FLAIR"])
    recipe = dataclasses.replace(whole, grid=RECIPE.grid)
    report = prepare_cohort(find_sources(cohort, recipe), tmp_path / "out", recipe)
    assert (report.scans, report.failed) == (4, [])
    data = PreparedDataset.open(tmp_path / "out")
    assert data.channels == ("T1map", "FLAIR")
    assert data.scans["source"][0].endswith("sub-00_T1map.nii.gz")
    plain = dataclasses.replace(recipe, steps=())
    prepare_cohort(find_sources(cohort, plain), tmp_path / "plain", plain)
    other = PreparedDataset.open(tmp_path / "plain")
    np.testing.assert_array_equal(data.batch(np.arange(4))[:, 0], other.batch(np.arange(4))[:, 0])
    assert not np.array_equal(data.batch(np.arange(4))[:, 1], other.batch(np.arange(4))[:, 1])
