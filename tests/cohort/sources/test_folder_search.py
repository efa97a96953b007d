"""Of what a folder holds, a recipe's own sequence is taken, one version a visit, and the rest is named."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from brainlab.cohort.recipes import find_recipe
from brainlab.cohort.sources.discovery import Found, find_sources
from brainlab.cohort.sources.folder_search import IMPORTED
from brainlab.errors import InputError
from tests.dicom_files import save_all, series

RECIPE = find_recipe("flair-40")
Search = Callable[..., Found]


@pytest.fixture
def search(tmp_path: Path) -> Search:
    """Return a function that makes empty files and lists what is to be prepared of them."""

    def run(*names: str, bids: bool = False, **options: object) -> Found:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        if bids:
            (tmp_path / "dataset_description.json").write_text(json.dumps({"Name": "x"}), encoding="utf-8")
        return find_sources(tmp_path, RECIPE, **options)

    return run


def taken(found: Found) -> list[str]:
    return [Path(scan.relative).name for scan in found.scans]


def test_class_folders_with_three_sequences(search: Search) -> None:
    people = ("HGG/p0/p0", "HGG/p1/p1", "LGG/p2/p2")
    found = search(*[f"{person}_{sequence}.nii" for person in people for sequence in ("flair", "t1", "t2")])
    assert taken(found) == ["p0_flair.nii", "p1_flair.nii", "p2_flair.nii"]
    assert [scan.details["participant"] for scan in found.scans] == ["p0", "p1", "p2"]
    assert {scan.details["class"] for scan in found.scans} == {None}
    reasons = [note["reason"] for note in found.warnings]
    assert reasons[0].startswith("left out: 3 T1w (such as HGG/p0/p0_t1.nii), 3 T2w")
    assert "3 people guessed from 3 files by the number of a patient" in reasons[1]
    assert "--class-folders" in reasons[1]


def test_classes_come_from_folders_when_asked(search: Search) -> None:
    found = search("HGG/p0_flair.nii", "LGG/p1/flair.nii", class_folders=True)
    assert [(scan.details["participant"], scan.details["class"]) for scan in found.scans] == [
        ("p0", "HGG"),
        ("p1", "LGG"),
    ]


def test_class_folders_need_folders_and_no_table(search: Search, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--class-folders: no scan lies in a folder"):
        search("p0_flair.nii", class_folders=True)
    with pytest.raises(InputError, match="--class-folders: the --table names the classes"):
        search(class_folders=True, table=tmp_path / "t.csv")


def test_sequences_are_mixed_only_when_asked_and_that_is_noted(search: Search) -> None:
    names = ("p0_flair.nii", "p0_t1.nii")
    assert taken(search(*names)) == ["p0_flair.nii"]
    both = search(*names, include="*")
    assert taken(both) == list(names)
    assert both.warnings[-1]["reason"].startswith("flair-40 is for FLAIR, got 1 T1w; several sequences")


@pytest.mark.parametrize("bids", [True, False])
def test_a_folder_of_one_other_sequence_is_taken_with_a_note(search: Search, bids: bool) -> None:
    found = search("sub-1/anat/sub-1_T1w.nii", "sub-2/anat/sub-2_T1w.nii", bids=bids)
    assert taken(found) == ["sub-1_T1w.nii", "sub-2_T1w.nii"]
    assert found.warnings[-1]["reason"] == "flair-40 is for FLAIR, got 2 T1w"


@pytest.mark.parametrize("bids", [True, False])
def test_images_that_are_no_mri_are_left_out_or_noted(search: Search, bids: bool) -> None:
    names = ("sub-1/anat/sub-1_FLAIR.nii", "sub-2/pet/sub-2_pet.nii")
    assert taken(search(*names, bids=bids)) == ["sub-1_FLAIR.nii"]
    asked = search(*names, bids=bids, include="*")
    assert asked.warnings[-1]["reason"].endswith("; registration is made for MRI, look at each image")


@pytest.mark.parametrize("bids", [True, False])
def test_several_other_sequences_are_an_error_that_says_how_to_ask(search: Search, bids: bool) -> None:
    with pytest.raises(
        InputError, match=r"no FLAIR, which flair-40 is for, among 2 images: 1 T1w .*, 1 T2w .*--include '\*T1w\*'"
    ):
        search("sub-1/anat/sub-1_T1w.nii", "sub-2/anat/sub-2_T2w.nii", bids=bids)


def test_a_group_of_patients_is_no_sequence(search: Search) -> None:
    found = search("PD_01_flair.nii", "PD_01_dwi.nii", "HC_01_flair.nii", "PD_02.nii")
    assert taken(found) == ["HC_01_flair.nii", "PD_01_flair.nii", "PD_02.nii"]
    assert [scan.details["participant"] for scan in found.scans] == ["HC_01", "PD_01", "PD_02"]


def test_a_leading_pd_beside_other_sequences_of_one_name_is_a_sequence(search: Search) -> None:
    found = search("FLAIR_01.nii", "PD_01.nii", "T1_01.nii")
    assert taken(found) == ["FLAIR_01.nii"]
    assert "1 PDw (such as PD_01.nii)" in found.warnings[0]["reason"]


def test_one_name_in_two_spellings_of_the_disk_is_one_person(search: Search) -> None:
    found = search("J\u00fcrgen_V1_flair.nii", "Ju\u0308rgen_V2_flair.nii")
    assert [scan.details["participant"] for scan in found.scans] == ["J\u00fcrgen"] * 2


def test_names_that_tell_several_sequences_are_left_out_and_named(search: Search) -> None:
    found = search("anna_flair.nii", "bert_flair_dwi.nii")
    assert taken(found) == ["anna_flair.nii"]
    assert found.warnings[0]["reason"].startswith("left out: 1 FLAIR+dwi (such as bert_flair_dwi.nii)")


def test_names_that_tell_nothing_are_taken_where_no_other_does(search: Search) -> None:
    found = search("anna/flair.nii", "anna/other.nii", "bert/head.nii", "carl/t1.nii")
    assert taken(found) == ["flair.nii", "head.nii"]
    reasons = " ".join(note["reason"] for note in found.warnings)
    assert "1 T1w (such as carl/t1.nii), 1 whose names tell no sequence (such as anna/other.nii)" in reasons
    assert "1 scan whose names tell no sequence is taken for FLAIR, such as bert/head.nii" in reasons


VERSIONS = ["_run-2", "_run-1", "_rec-norm", "_space-MNI", "_desc-defaced", "_echo-2", "_ce-gd"]


@pytest.mark.parametrize("best", ["", "_part-mag", "_acq-iso"])
def test_one_version_a_visit_by_the_rule(search: Search, best: str) -> None:
    found = search(*[f"sub-1/anat/sub-1{version}_FLAIR.nii" for version in [*VERSIONS, best]], bids=True)
    assert taken(found) == [f"sub-1{best}_FLAIR.nii"]
    assert {Path(note["path"]).name for note in found.warnings} == {f"sub-1{version}_FLAIR.nii" for version in VERSIONS}
    assert all(f"sub-1{best}_FLAIR.nii is taken for this visit" in note["reason"] for note in found.warnings)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("_run-1", "_run-2"),
        ("_run-2", "_run-10"),
        ("_rec-norm", "_space-MNI"),
        ("_space-MNI", "_space-MNI_desc-preproc"),
        ("_run-2", "_rec-norm_run-1"),
    ],
)
def test_the_rule_of_versions(search: Search, better: str, worse: str) -> None:
    found = search(*[f"sub-1/anat/sub-1{version}_FLAIR.nii" for version in (better, worse)], bids=True)
    assert taken(found) == [f"sub-1{better}_FLAIR.nii"]


@pytest.mark.parametrize("bids", [True, False])
def test_a_phase_map_is_no_scan_even_alone(search: Search, bids: bool) -> None:
    name = "sub-1/anat/sub-1_part-phase_FLAIR.nii" if bids else "p0/flair_phase.nii"
    with pytest.raises(InputError, match=r"no FLAIR, .* 1 phase"):
        search(name, bids=bids)


@pytest.mark.parametrize("label", ["fat", "opposed"])
def test_fat_and_opposed_phase_of_dixon_are_none_of_their_sequence_even_alone(search: Search, label: str) -> None:
    others = [f"sub-{k}/anat/sub-{k}_FLAIR.nii" for k in "12"]
    found = search(*others, f"sub-3/anat/sub-3_rec-{label}_FLAIR.nii", bids=True)
    assert taken(found) == ["sub-1_FLAIR.nii", "sub-2_FLAIR.nii"]
    assert "1 fat or opposed phase of Dixon (such as sub-3" in found.warnings[0]["reason"]


def test_fat_of_dixon_is_none_of_its_sequence_where_a_part_of_a_dataset_is_the_source(search: Search) -> None:
    names = [f"ses-1/anat/sub-1_ses-1_{rec}FLAIR.nii" for rec in ("", "rec-fat_", "rec-opposed_")]
    assert taken(search(*names)) == ["sub-1_ses-1_FLAIR.nii"]


def test_visits_and_people_are_not_versions(search: Search) -> None:
    names = [f"sub-{person}/ses-{visit}/anat/sub-{person}_ses-{visit}_FLAIR.nii" for person in "12" for visit in "ab"]
    assert len(taken(search(*names, bids=True))) == 4
    assert len(search("x/p0/study1_flair.nii", "x/p0/study2_flair.nii").scans) == 6


def test_visits_told_by_names_alone_are_kept_with_their_sessions(search: Search) -> None:
    found = search("P01_bl_flair.nii", "P01_fu_flair.nii", "anna/1/flair.nii", "anna/2/flair.nii", "bert/1/flair.nii")
    assert [(scan.details["participant"], scan.details["session"]) for scan in found.scans] == [
        ("P01", "bl"),
        ("P01", "fu"),
        ("anna", "1"),
        ("anna", "2"),
        ("bert", None),
    ]


def test_free_versions_of_one_scan(search: Search) -> None:
    found = search("p0/flair.nii", "p0/flair_defaced.nii", "p0/brainmask_in_FLAIR.nii", "p0/first_flair.nii")
    assert taken(found) == ["first_flair.nii", "flair.nii"]
    assert "1 mask" in " ".join(note["reason"] for note in found.warnings)


def test_include_takes_all_versions(search: Search) -> None:
    names = [f"sub-1/anat/sub-1{version}_FLAIR.nii" for version in VERSIONS]
    assert len(search(*names, bids=True, include="*FLAIR*").scans) == len(VERSIONS)


def test_names_a_little_off_are_offered(search: Search) -> None:
    names = ["1_FLAIR", "2_T2FLAIR", "3_acq-1.5T_FLAIR", "4_FLAIR_orig"]
    found = search(*[f"sub-{name[0]}/anat/sub-{name}.nii.gz" for name in names], "sub-5/anat/flair.nii", bids=True)
    assert taken(found) == ["sub-1_FLAIR.nii.gz", "sub-3_acq-1.5T_FLAIR.nii.gz", "flair.nii"]
    assert found.scans[2].details["participant"] == "sub-5"
    offers = {note["path"]: note["reason"] for note in found.warnings}
    assert offers["sub-2/anat/sub-2_T2FLAIR.nii.gz"].startswith("left out: 'T2FLAIR' looks like FLAIR")
    assert "--include '*sub-4_FLAIR_orig.nii.gz'" in offers["sub-4/anat/sub-4_FLAIR_orig.nii.gz"]
    again = search(bids=True, include="*sub-2_T2FLAIR.nii.gz")
    assert taken(again) == ["sub-2_T2FLAIR.nii.gz"]


def test_a_name_a_little_off_alone_is_offered_too(search: Search) -> None:
    with pytest.raises(InputError, match=r"no FLAIR with a BIDS name; sub-2/anat/sub-2_T2FLAIR\.nii: 'T2FLAIR' looks"):
        search("sub-2/anat/sub-2_T2FLAIR.nii", bids=True)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a/1.dcm", "a/2.ima", "b.zip"], f"it holds 2 DICOM: {IMPORTED}; it holds 1 .zip: unpack them"),
        ([".a.nii"], ".a.nii: left out: a hidden file"),
        (["derivatives/x/sub-1_FLAIR.nii"], "derivatives: not searched"),
    ],
)
def test_a_folder_without_images_says_what_it_holds(search: Search, names: list[str], message: str) -> None:
    with pytest.raises(InputError) as error:
        search(*names, bids=True)
    assert "no image" in str(error.value)
    assert message in str(error.value)


def test_dicom_files_beside_scans_are_told_whatever_their_names(search: Search, tmp_path: Path) -> None:
    save_all(series(3), tmp_path / "scanner")
    (tmp_path / "scanner" / "notes.txt").write_text("no image", encoding="utf-8")
    for name in ("DICOMDIR", ".hidden"):  # a list of the others, and what an import passes over
        shutil.copy(tmp_path / "scanner" / "IM00000", tmp_path / "scanner" / name)
    (tmp_path / "scanner" / "._IM1.dcm").write_bytes(b"of macOS")
    os.mkfifo(tmp_path / "scanner" / "a pipe, which would never end")
    found = search("p0_flair.nii")
    assert taken(found) == ["p0_flair.nii"]
    assert {"path": ".", "reason": f"left out: 3 DICOM files: {IMPORTED}"} in found.warnings


def test_a_pattern_that_fits_nothing_names_what_there_is(search: Search) -> None:
    with pytest.raises(InputError, match=r"no image that matches '\*dwi\*' among 1, such as p0_flair\.nii"):
        search("p0_flair.nii", include="*dwi*")


def test_a_prepared_dataset_is_no_source(search: Search) -> None:
    with pytest.raises(InputError, match="needs scans, got a dataset that is prepared already"):
        search("recipe.json", "volumes.npy", "scans.tsv")


def test_people_of_two_datasets_stay_apart_and_their_free_files_with_them(search: Search, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "dataset_description.json").write_text("{}", encoding="utf-8")
    found = search("one/sub-1/anat/sub-1_FLAIR.nii", "two/sub-1/anat/sub-1_FLAIR.nii", "two/sub-2/anat/flair.nii")
    assert [scan.details["participant"] for scan in found.scans] == ["one/sub-1", "two/sub-1", "two/sub-2"]
