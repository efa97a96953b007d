"""The user's own table of files: what its cells mean, what is noted of its people, and what is wrong with its form."""

from pathlib import Path
from typing import Any

import pytest

from brainlab.cohort.recipes import find_recipe
from brainlab.cohort.sources.discovery import Found, find_sources
from brainlab.cohort.sources.file_table import details_of
from brainlab.errors import InputError

RECIPE = find_recipe("flair-40")


def found_by(folder: Path, content: str, **wishes: Any) -> Found:
    table = folder / "table.csv"
    table.write_text(content, encoding="utf-8")
    return find_sources(folder, RECIPE, table=table, **wishes)


def reasons(found: Found) -> str:
    return " | ".join(note["reason"] for note in found.warnings if note["path"].endswith("table.csv"))


@pytest.mark.parametrize(
    ("one", "other"), [("P01", "p01"), ("1", "01"), ("2", "2.0"), ("P 01", "P  01"), ("p7-010", "P7-10")]
)
def test_ids_that_differ_in_little_are_two_people_and_noted(tmp_path: Path, one: str, other: str) -> None:
    found = found_by(tmp_path, f"file,participant\na.nii,{one}\nb.nii,{other}\nc.nii,x\n")
    assert [scan.details["participant"] for scan in found.scans] == [one, other, "x"]
    assert f"participants '{one}' (1) and '{other}' (1) differ only in case, blanks, leading zeros" in reasons(found)


@pytest.mark.parametrize(("one", "other"), [("1.5", "1.05"), ("P1", "P10"), ("P1.0", "P1"), ("01a", "a1")])
def test_other_ids_are_not_doubted(tmp_path: Path, one: str, other: str) -> None:
    assert reasons(found_by(tmp_path, f"file,participant\na.nii,{one}\nb.nii,{other}\n")) == ""


def test_a_guessed_person_is_the_one_that_the_table_names_alike(tmp_path: Path) -> None:
    found = found_by(tmp_path, "file,participant\nx.nii,Anna\nanna.nii,\nbert.nii,\n")
    assert [scan.details["participant"] for scan in found.scans] == ["Anna", "Anna", "bert"]
    assert "by the path, 'anna' for 'Anna' of the table" in reasons(found)
    doubtful = found_by(tmp_path, "file,participant\nx.nii,Anna\ny.nii,ANNA\nanna.nii,\n")
    assert doubtful.scans[2].details["participant"] == "anna"


def test_a_person_of_two_sexes_or_classes_or_of_no_name_is_noted(tmp_path: Path) -> None:
    found = found_by(
        tmp_path, "file,participant,sex,class\na.nii,p1,F,ms\nb.nii,p1,M,ms\nc.nii,NA,F,ms\nd.nii,NA,F,healthy\n"
    )
    noted = reasons(found)
    assert "one person has several sexes: 'p1' (F, M)" in noted
    assert "one person has several classes: 'NA' (ms, healthy)" in noted
    assert "'NA' (2) is taken as a participant, one person; write n/a" in noted


@pytest.mark.parametrize(
    ("cell", "sequence"),
    [
        ("flair", "FLAIR"),
        ("T2 FLAIR", "FLAIR"),
        ("T1", "T1w"),
        ("t1-weighted", "T1w"),
        ("t2", "T2w"),
        ("T2*", "T2starw"),
        ("mtr", "MTRmap"),
        ("fa", "FA"),
        ("T1 map", "T1 map"),
        ("mine", "mine"),
    ],
)
def test_a_modality_means_what_it_does_in_a_file_name(cell: str, sequence: str) -> None:
    assert details_of({"modality": cell}, [])["modality"] == sequence


def test_a_pattern_cannot_go_with_a_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--include: the --table lists the files; give one of the two"):
        found_by(tmp_path, "file\nanna.nii\nbert.nii\n", include="anna*")


def test_columns_that_are_not_used_are_named(tmp_path: Path) -> None:
    text = "file,participant,age_months,Status,clas,split\na.nii,p1,500,ms,ms,test\n"
    noted = reasons(found_by(tmp_path, text))
    assert (
        "no scan has a class: no column class, diagnosis, dx or group, but status, clas (choose with --labels)" in noted
    )
    assert "column split: not used; the split is by a hash of the participant" in noted
    assert "no scan has a class" not in reasons(found_by(tmp_path, text, labels="status"))
    assert "no scan has a class" not in reasons(found_by(tmp_path, text.replace("clas,", "class,")))
    assert reasons(found_by(tmp_path, "file,participant,age_months\na.nii,p1,500\n")) == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04\x14\0", "needs a CSV or TSV, got a workbook; save it as 'CSV UTF-8'"),
        ("file\na.nii\n".encode("utf-16-le"), "got binary content, or UTF-16 without a byte-order mark"),
        (b" \n", "is empty; give a CSV with the columns file, participant, class"),
        (b"sep=;\n", "is empty"),
        (b"words " * 60 + b"\nfile,class\na.nii,ms\n", "line 2 has one"),
        (b"My study\nfile,class\na.nii,ms\n", "got My study in the first line; line 2 has one: delete the lines above"),
        (b"image,class\na.nii,ms\n", "needs a column file, path, filename or source, got image, class in the first"),
    ],
)
def test_what_is_no_table_of_files_is_named_for_what_it_is(tmp_path: Path, content: bytes, said: str) -> None:
    table = tmp_path / "table.csv"
    table.write_bytes(content)
    with pytest.raises(InputError, match=r"^--table .*table\.csv: ") as refused:
        find_sources(tmp_path, RECIPE, table=table)
    assert said in str(refused.value)
