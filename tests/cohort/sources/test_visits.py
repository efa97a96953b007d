"""The scans of a visit are joined by sequence; what a visit lacks is said in a line."""

import dataclasses
from pathlib import Path

import pytest

from brainlab.cohort.recipes import find_recipe
from brainlab.cohort.sources.discovery import find_sources
from brainlab.cohort.sources.scan_source import ScanSource
from brainlab.cohort.sources.visits import join_visits
from brainlab.errors import InputError

RECIPE = find_recipe("flair-synthesis").of_sequences(["FLAIR", "T1w"])


def scan(person, sequence, session=None, **facts):
    name = f"{person}_{session}_{sequence}.nii"
    details = {"participant": person, "session": session, "modality": sequence}
    return ScanSource(Path(name), name, details, **facts)


def test_each_visit_is_one_source_of_its_first_sequence():
    scans = [scan("a", "T1w", "1"), scan("a", "FLAIR", "1"), scan("a", "FLAIR", "2"), scan("a", "T1w", "2")]
    joined, notes = join_visits([*scans, scan("b", "T1w"), scan("b", "FLAIR", simulated=True)], RECIPE)
    assert [source.relative for source in joined] == ["a_1_FLAIR.nii", "a_2_FLAIR.nii", "b_None_FLAIR.nii"]
    assert [source.others["T1w"].relative for source in joined] == ["a_1_T1w.nii", "a_2_T1w.nii", "b_None_T1w.nii"]
    assert [source.simulated for source in joined] == [False, False, True]
    assert notes == []


def test_what_a_visit_lacks_or_has_twice_is_said():
    scans = [scan("a", "FLAIR"), scan("a", "T1w"), scan("b", "T1w"), scan("c", "PDw")]
    twice = dataclasses.replace(scan("a", "T1w"), relative="copy.nii")
    joined, notes = join_visits([*scans, twice], RECIPE)
    assert len(joined) == 1
    reasons = {note["path"]: note["reason"] for note in notes}
    assert reasons["b_None_T1w.nii"].startswith("left out: the visit has no FLAIR; --modalities")
    assert "a_None_T1w.nii is the T1w of this visit" in reasons["copy.nii"]
    assert "tells no sequence of flair-synthesis" in reasons["c_None_PDw.nii"]


def test_a_visit_is_in_template_space_only_with_all_its_scans():
    for placed in (True, False):
        ((source,), _) = join_visits(
            [scan("a", "FLAIR", in_template_space=True), scan("a", "T1w", in_template_space=placed)], RECIPE
        )
        assert source.in_template_space is placed


def test_a_cohort_without_a_whole_visit_says_what_it_has():
    with pytest.raises(InputError, match=r"no visit has FLAIR, T1w.*FLAIR 2, T1w 1; take some of them"):
        join_visits([scan("a", "FLAIR"), scan("b", "FLAIR"), scan("c", "T1w")], RECIPE)


def test_a_spin_echo_is_told_from_the_other_t1w(tmp_path):
    for name in ("FLAIR", "T1w", "acq-SE_T1w"):
        path = tmp_path / "sub-1" / "anat" / f"sub-1_{name}.nii.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    recipe = find_recipe("flair-synthesis").of_sequences(["FLAIR", "T1w", "T1SE"])
    (source,) = find_sources(tmp_path, recipe).scans
    assert {name: other.path.name for name, other in source.others.items()} == {
        "T1w": "sub-1_T1w.nii.gz",
        "T1SE": "sub-1_acq-SE_T1w.nii.gz",
    }


@pytest.fixture
def angiography(tmp_path):
    """Two people with sequences that no other recipe is for, one of whom lacks a CT; and a mask, and a phase."""
    names = ("anat/sub-1_T1w", "swi/sub-1_swi", "swi/sub-1_part-phase_swi", "ct/sub-1_ct", "anat/sub-1_T1map",
             "anat/sub-1_label-swi_mask", "anat/sub-2_T1w", "swi/sub-2_swi", "anat/sub-2_T1map")  # fmt: skip
    for name in names:
        path = tmp_path / name.split("/")[1].split("_")[0] / f"{name}.nii.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path


def test_any_sequences_of_a_dataset_are_joined_on_the_first_that_was_named(angiography):
    recipe = find_recipe("sequences").of_sequences(["SWI", "T1map", "t1w"])
    found = find_sources(angiography, recipe)
    assert [source.path.name for source in found.scans] == ["sub-1_swi.nii.gz", "sub-2_swi.nii.gz"]
    others = {name: other.path.name for name, other in found.scans[0].others.items()}
    assert others == {"T1map": "sub-1_T1map.nii.gz", "t1w": "sub-1_T1w.nii.gz"}
    left_out = " ".join(note["reason"] for note in found.warnings)
    assert all(word in left_out for word in ("ct", "mask", "phase"))


def test_a_visit_without_one_of_the_named_sequences_is_left_out_with_a_line(angiography):
    found = find_sources(angiography, find_recipe("sequences").of_sequences(["T1w", "CT"]))
    assert [source.relative for source in found.scans] == ["sub-1/anat/sub-1_T1w.nii.gz"]
    assert any("the visit has no CT; --modalities takes" in note["reason"] for note in found.warnings)


def test_sequences_that_are_not_there_are_refused_with_those_that_are(angiography):
    with pytest.raises(InputError, match="no visit has T1w, angio, which sequences is for; visits with each: T1w 2, a"):
        find_sources(angiography, find_recipe("sequences").of_sequences(["T1w", "angio"]))
    with pytest.raises(
        InputError, match=r"no bold or angio among 9 images: .*name sequences that are there with --mod"
    ):
        find_sources(angiography, find_recipe("sequences").of_sequences(["bold", "angio"]))
    with pytest.raises(InputError, match="recipe sequences: needs the names of sequences, got none; name two or more"):
        find_sources(angiography, "sequences")
