"""Guessed people are counted, with the part of the name that told them, and `--table` is offered."""

from pathlib import PurePosixPath

from brainlab.cohort.sources.names.people_notes import people_notes
from brainlab.cohort.sources.names.scan_places import scan_places


def notes(*names: str) -> list[dict[str, str]]:
    return people_notes(list(scan_places(map(PurePosixPath, names), "source").values()))


def test_people_files_and_the_part_of_the_name_are_said() -> None:
    assert notes("ms01_study1.nii", "ms01_study2.nii", "ms02_study1.nii") == [
        {
            "path": ".",
            "reason": "2 people guessed from 3 files by the first number in the file name (ms01, ms02); "
            "--table decides otherwise",
        }
    ]
    (only,) = notes("patient01/a_flair.nii", "patient01/b_flair.nii")
    assert (
        "1 person guessed from 2 files by the number of a patient (subject, case, ...) in the folder" in only["reason"]
    )


def test_names_without_a_clue_are_a_person_each_and_named() -> None:
    for names in (("scan_1.nii", "scan_2.nii"), ("20190131.nii", "20200202.nii"), ("a/t1.nii", "b/t1.nii")):
        first, second = notes(*names)
        assert first["reason"].startswith("2 people guessed from 2 files by the whole")
        assert second["reason"].startswith("nothing in 2 names (")
        assert "--table must say so" in second["reason"]
    assert len(notes("scan.nii")) == 1


def test_a_folder_of_several_scans_may_be_several_people() -> None:
    first, second = notes("HGG/p0_flair.nii", "HGG/p1_flair.nii", "x/LGG/p2/flair.nii")
    assert "2 people guessed from 3 files" in first["reason"]
    assert "(HGG, p2); the folders above them (LGG) are not taken for classes" in first["reason"]
    assert second["path"] == "HGG"
    assert "taken for one person with several scans (p0, p1)" in second["reason"]
    assert len(notes("anna/study1.nii", "anna/study2.nii")) == 1


def test_nobody_is_guessed_without_files() -> None:
    assert people_notes([]) == []


def test_more_files_of_a_person_than_a_scan_has_slices_are_noted() -> None:
    (place,) = scan_places([PurePosixPath("anna.png")], "source").values()
    assert len(people_notes([place] * 512)) == 1
    assert people_notes([place] * 600)[1]["reason"].startswith("600 files are taken for one person, anna; if they are")
