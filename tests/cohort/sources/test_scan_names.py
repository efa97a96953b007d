"""Free names and folders tell sequence, visit and person, and no two scans of one evident person are parted."""

from pathlib import PurePosixPath

import pytest

from brainlab.cohort.sources.scan_names import people_notes, scan_places, take_apart


def people(*names: str, class_folders: bool = False) -> list[str]:
    places = scan_places(map(PurePosixPath, names), "source", class_folders)
    return [places[PurePosixPath(name)].participant for name in names]


@pytest.mark.parametrize(
    ("name", "sequence", "session", "rest"),
    [
        ("p0_flair", "FLAIR", None, "p0"),
        ("p0_T2_FLAIR", "FLAIR", None, "p0"),
        ("AX3DFLAIR", "FLAIR", None, ""),
        ("OAS1_0001-T1w", "T1w", None, "OAS1_0001"),
        ("BraTS19_2013_0_1_t1ce", "T1ce", None, "BraTS19_2013_0_1"),
        ("p1_t1_post", "T1ce", None, "p1"),
        ("study1_FLAIR", "FLAIR", "study1", ""),
        ("ms01_study1", None, "study1", "ms01"),
        ("ms01_20190131_flair", "FLAIR", "20190131", "ms01"),
        ("study1_brainmask_in_FLAIR", "mask", "study1", ""),
        ("GOLD_STANDARD_N4_regtoFLAIR", None, None, "GOLD_STANDARD"),
        ("pt1", None, None, "pt1"),
        ("reflairs", None, None, "reflairs"),
    ],
)
def test_a_name_taken_apart(name: str, sequence: str | None, session: str | None, rest: str) -> None:
    parts = take_apart(name)
    assert (parts.sequence, parts.session, parts.rest) == (sequence, session, rest)


def test_versions_are_told_from_originals() -> None:
    assert take_apart("p0_flair").copies == ()
    assert take_apart("p0_flair_defaced").copies
    assert len(take_apart("p0_flair_run-3").copies) > len(take_apart("p0_flair_run-2").copies) > 0
    assert take_apart("p0_flair_run-1").copies == ()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["HGG/p0/p0_flair.nii", "HGG/p0/p0_t1.nii", "LGG/p1/p1_flair.nii"], ["p0", "p0", "p1"]),
        (["disc1/OAS1/mri/t1.nii", "disc2/OAS2/mri/t1.nii"], ["OAS1", "OAS2"]),
        (["p0_flair.nii", "p0_t1.nii", "p1_flair.nii"], ["p0", "p0", "p1"]),
        (["FLAIR/p0.nii", "T1/p0.nii"], ["p0", "p0"]),
        (["sub-1/x/flair.nii", "a/sub-2/flair.nii", "b/sub-3_flair.nii"], ["sub-1", "sub-2", "sub-3"]),
        (["ms01_study1/flair.nii", "ms01_study2/flair.nii"], ["ms01", "ms01"]),
        (["ms01_study1.nii", "ms01_study2.nii"], ["ms01", "ms01"]),
        (["controls/c1.nii", "patients/c2.nii"], ["c1", "c2"]),
    ],
)
def test_people(names: list[str], expected: list[str]) -> None:
    assert people(*names) == expected


@pytest.mark.parametrize(
    "names",
    [
        ["anna/first/flair.nii", "anna/second/flair.nii", "bert/first/flair.nii", "bert/second/flair.nii"],
        ["anna/visit1/flair.nii", "anna/visit2/flair.nii"],
        ["anna/20190101/flair.nii", "anna/2020-01-01/flair.nii"],
        ["anna/anna_1/flair.nii", "anna/anna_2/flair.nii"],
        ["anna/a.nii", "anna/b.nii"],
        ["visit1/flair.nii", "visit2/flair.nii"],
        ["study1_FLAIR.nii", "study2_FLAIR.nii", "flair.nii"],
    ],
)
def test_visits_of_one_person_are_not_parted(names: list[str]) -> None:
    ours = [name for name in names if not name.startswith("bert")]
    assert len(set(people(*names)[: len(ours)])) == 1


def test_class_folders_are_nobodys_name_when_the_user_says_so() -> None:
    names = ["HGG/p0_flair.nii", "HGG/p1_flair.nii", "LGG/p2/flair.nii"]
    assert people(*names) == ["HGG", "HGG", "p2"]
    assert people(*names, class_folders=True) == ["p0", "p1", "p2"]
    assert people("HGG/001/flair.nii", "LGG/001/flair.nii", class_folders=True) == ["HGG/001", "LGG/001"]


def test_what_was_taken_for_a_person_is_said() -> None:
    names = ["HGG/p0_flair.nii", "HGG/p1_flair.nii", "x/LGG/p2/flair.nii"]
    first, second = people_notes(list(scan_places(map(PurePosixPath, names), "source").values()))
    assert first["reason"].startswith("2 people, named by folder: HGG, p2; the folders above them (LGG)")
    assert second["path"] == "HGG"
    assert "taken for one person with several scans (p0, p1)" in second["reason"]
    assert people_notes([]) == []
