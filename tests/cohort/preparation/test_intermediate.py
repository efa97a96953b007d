"""Folders of intermediate images have the names that users expect, one a scan, and never too long."""

import os

from brainlab.cohort.preparation.intermediate import intermediate_names


def test_names_are_paths_without_extension() -> None:
    names = intermediate_names(["ms/patient01/study1_FLAIR.nii.gz", "scan.nii", "x.img"])
    assert list(names.values()) == ["ms__patient01__study1_FLAIR", "scan", "x"]


def test_two_scans_never_share_a_folder() -> None:
    names = intermediate_names(["a.nii", "a.nii.gz", "b/c.nii", "b__c.nii", "d.nii"])
    assert len(set(names.values())) == 5
    assert names["d.nii"] == "d"


def test_a_name_too_long_for_the_disk_is_shortened() -> None:
    relatives = [f"{'ä' * 100}/{'x' * 100}{end}.nii" for end in "12"] + [f"{'y' * 255}.nii"]
    names = intermediate_names(relatives)
    assert all(len(os.fsencode(name)) <= 255 for name in names.values())
    assert len(set(names.values())) == 3
    assert names[relatives[2]] == "y" * 255
    assert intermediate_names(relatives[:1]) == {relatives[0]: names[relatives[0]]}
