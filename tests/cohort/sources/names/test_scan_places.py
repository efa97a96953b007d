"""Paths tell person and visit, and no two scans of one evident person are parted."""

from pathlib import PurePosixPath

import pytest

from brainlab.cohort.sources.names.scan_places import scan_places


def people(*names: str, class_folders: bool = False) -> list[str]:
    places = scan_places(map(PurePosixPath, names), "source", class_folders)
    return [places[PurePosixPath(name)].participant for name in names]


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
        (["site1/c1.nii", "site1/c2.nii", "siteB/c1.nii"], ["c1", "c2", "c1"]),
        (["batchA1/p01.nii", "x/p01.nii", "x/p02.nii"], ["p01", "p01", "p02"]),
        (["2019/p01.nii", "2020/p01.nii", "month6/p01.nii"], ["p01", "p01", "p01"]),
        (
            ["s1/patient_001/a.nii", "s2/patient_001/a.nii", "s2/patient_002/a.nii"],
            ["patient_001"] * 2 + ["patient_002"],
        ),
        (["a/t1.nii", "b/t1.nii"], ["a", "b"]),
        (["V1/anna.nii", "V2/anna.nii", "V1/bert/flair.nii"], ["anna", "anna", "bert"]),
        (["MR1/anna.nii", "MR1/bert.nii"], ["anna", "bert"]),
        (["pre/anna.nii", "post/anna.nii", "pre/bert.nii"], ["anna", "anna", "bert"]),
        (["V1/flair.nii", "V2/flair.nii"], ["V1", "V2"]),
        (["11/91/flair.nii", "11/92/flair.nii", "12/93/flair.nii"], ["11", "11", "12"]),
        ([f"101/{number:03}/flair.nii" for number in range(10)], [f"{number:03}" for number in range(10)]),
        (["20190131.nii", "2020-02-02_flair.nii", "2021/flair.nii"], ["20190131", "2020-02-02", "2021"]),
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
        ["anna/MR1/flair.nii", "anna/MR2/flair.nii", "bert/MR1/flair.nii"],
        ["anna/v1/flair.nii", "anna/v2/flair.nii"],
        ["anna/1/flair.nii", "anna/2/flair.nii", "bert/1/flair.nii"],
        ["p01/1/flair.nii", "p01/2/flair.nii"],
        ["OAS1_0001_MR1/flair.nii", "OAS1_0001_MR2/flair.nii", "OAS1_0001_MR1.nii"],
        ["P01/flair.nii", "p1_followup.nii"],
        ["anna/a.nii", "anna/b.nii"],
        ["pre/flair.nii", "post/flair.nii"],
        ["V1/anna/flair.nii", "V2/anna/flair.nii"],
        ["smith_31012019.nii", "smith_31012020.nii", "smith_12-31-2020.nii"],
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
    letters = ["yes/Y1.png", "yes/Y2.png", "no/N3.png", "no/N4.png"]
    assert people(*letters, class_folders=True) == ["Y1", "Y2", "N3", "N4"]
    assert people("HGG/001/flair.nii", "LGG/001/flair.nii", class_folders=True) == ["HGG/001", "LGG/001"]


@pytest.mark.parametrize(
    ("names", "sessions"),
    [
        (["patient01/study1_FLAIR.nii", "patient01/study2_FLAIR.nii"], ["study1", "study2"]),
        (["ms01_study1.nii", "ms01_study2.nii"], ["study1", "study2"]),
        (["P01_baseline.nii", "P01_fu2.nii"], ["baseline", "fu2"]),
        (["013/flair_time01.nii", "013/flair_time02.nii"], ["time01", "time02"]),
        (["training01/training01_01.nii", "training01/training01_02.nii"], ["01", "02"]),
        (["anna/first/flair.nii", "anna/second/flair.nii"], ["first", "second"]),
        (["OAS1_0001_MR1/mri/t1.nii", "OAS1_0001_MR2/mri/t1.nii"], ["MR1", "MR2"]),
        (["V1/P01.nii", "V2/P01.nii"], ["V1", "V2"]),
        (["pre/anna.nii", "post/anna.nii"], ["pre", "post"]),
        (["test/p01.nii", "validation/p02.nii"], [None, None]),
        (["1234567/9876543/flair.nii", "1234567/9876544/flair.nii"], ["9876543", "9876544"]),
        (["smith_31012019.nii", "smith_31012020.nii"], ["31012019", "31012020"]),
        (["anna/x/flair.nii", "bert/y/flair.nii"], [None, None]),
        (["p0_flair.nii", "p0_flair_orig.nii"], [None, None]),
    ],
)
def test_visits(names: list[str], sessions: list[str | None]) -> None:
    places = scan_places(map(PurePosixPath, names), "source")
    assert [places[PurePosixPath(name)].session for name in names] == sessions
