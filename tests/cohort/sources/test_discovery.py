"""Scans are found in BIDS datasets, plain folders and tables, each with its participant and class."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from brainlab.cohort.recipes import find_recipe
from brainlab.cohort.sources.discovery import find_sources
from brainlab.errors import InputError

RECIPE = find_recipe("flair-40")


def test_bids_dataset_without_its_derivatives(make_dataset: Callable[..., Path]) -> None:
    root = make_dataset(2)
    extra = root / "derivatives" / "other" / "sub-00_FLAIR.nii.gz"
    extra.parent.mkdir(parents=True)
    extra.touch()
    (root / "sub-00" / "anat" / "sub-00_T1w.nii.gz").touch()
    found = find_sources(root, RECIPE)
    assert [scan.relative for scan in found.scans] == [f"sub-0{n}/anat/sub-0{n}_FLAIR.nii.gz" for n in (0, 1)]
    assert [scan.details["class"] for scan in found.scans] == ["healthy", "ms"]
    assert all(scan.in_template_space and not scan.simulated for scan in found.scans)
    assert "1 T1w" in found.warnings[0]["reason"]
    only = find_sources(root, RECIPE, include="*T1w*")
    assert [scan.details["modality"] for scan in only.scans] == ["T1w"]
    assert not only.scans[0].in_template_space


def test_simulated_scans_say_so_and_bring_their_truth(make_dataset: Callable[..., Path]) -> None:
    root = make_dataset(1, sidecar={"Simulated": True})
    truth = root / "derivatives" / "truth"
    truth.mkdir(parents=True)
    (truth / "scans.tsv").write_text("participant_id\tlesion_volume_ml\tother\nsub-00\t12.5\tx\n", encoding="utf-8")
    scan = find_sources(root, RECIPE).scans[0]
    assert scan.simulated
    assert scan.details["lesion_volume_ml"] == 12.5
    assert "other" not in scan.details


def test_a_dataset_that_says_simulated_speaks_for_its_scans(tmp_path: Path) -> None:
    for name, generator in (("made", "simulator"), ("real", "dcm")):
        scan = tmp_path / name / "sub-01" / "anat" / "sub-01_FLAIR.nii"
        scan.parent.mkdir(parents=True)
        scan.touch()
        (tmp_path / name / "dataset_description.json").write_text(
            json.dumps({"GeneratedBy": [{"Name": generator}]}), encoding="utf-8"
        )
    scans = find_sources(tmp_path, RECIPE).scans
    assert [(scan.details["participant"], scan.simulated) for scan in scans] == [
        ("made/sub-01", True),
        ("real/sub-01", False),
    ]


def test_each_visit_brings_its_own_truth(tmp_path: Path) -> None:
    for session in ("ses-1", "ses-2"):
        scan = tmp_path / "sub-01" / session / "anat" / f"sub-01_{session}_FLAIR.nii"
        scan.parent.mkdir(parents=True)
        scan.touch()
    truth = tmp_path / "derivatives" / "truth"
    truth.mkdir(parents=True)
    rows = "sub-01\tses-1\t3\t900\nsub-01\tses-2\t4\tn/a\n"
    (truth / "scans.tsv").write_text(
        f"participant_id\tsession_id\tlesion_volume_ml\tbrain_volume_ml\n{rows}", encoding="utf-8"
    )
    (tmp_path / "participants.tsv").write_text("participant_id\nsub-01\n", encoding="utf-8")
    scans = find_sources(tmp_path, RECIPE).scans
    assert [scan.details["lesion_volume_ml"] for scan in scans] == [3, 4]
    assert [scan.details.get("brain_volume_ml") for scan in scans] == [900, None]
    (truth / "scans.tsv").write_text("participant_id\tlesion_volume_ml\nsub-01\tmany\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 2: needs a number for lesion_volume_ml, got 'many'"):
        find_sources(tmp_path, RECIPE)


def test_only_a_stripped_scan_in_the_template_space_needs_no_registration(make_dataset: Callable[..., Path]) -> None:
    for number, sidecar in enumerate(({"SpatialReference": "scanner"}, {"SkullStripped": False}, {})):
        scan = find_sources(make_dataset(1, f"set{number}", sidecar), RECIPE).scans[0]
        assert scan.in_template_space == (sidecar == {})


def test_the_table_of_the_user_wins_over_the_dataset(make_dataset: Callable[..., Path], tmp_path: Path) -> None:
    root = make_dataset(2)
    table = tmp_path / "mine.csv"
    table.write_text(
        "file,class,age\nsub-00/anat/sub-00_FLAIR.nii.gz,ms,70\nsub-01/anat/sub-01_FLAIR.nii.gz,n/a,n/a\n",
        encoding="utf-8",
    )
    details = [scan.details for scan in find_sources(root, RECIPE, table=table).scans]
    assert [(each["class"], each["age_years"], each["sex"]) for each in details] == [("ms", 70, "F"), ("ms", 31, "M")]


def test_plain_folder_keeps_the_scans_of_a_person_together(tmp_path: Path) -> None:
    for name in ("anna/first_flair.nii.gz", "anna/second.nii", "bert.img", "bert.hdr", ".hidden.nii", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    scans = find_sources(tmp_path, RECIPE, include="*").scans
    assert [(scan.relative, scan.details["participant"]) for scan in scans] == [
        ("bert.img", "bert"),
        ("anna/first_flair.nii.gz", "anna"),
        ("anna/second.nii", "anna"),
    ]
    assert scans[1].details["modality"] == "FLAIR"
    assert [scan.relative for scan in find_sources(tmp_path / "anna", RECIPE, include="*flair*").scans] == [
        "first_flair.nii.gz"
    ]
    assert [scan.relative for scan in find_sources(tmp_path / "bert.img", RECIPE).scans] == ["bert.img"]
    with pytest.raises(InputError, match="--include 'x': does not match"):
        find_sources(tmp_path / "bert.img", RECIPE, include="x")


def test_table_maps_files(tmp_path: Path) -> None:
    (tmp_path / "a.nii").touch()
    table = tmp_path / "table.csv"
    table.write_text(
        "File,Participant,Group,Age,Sex,EchoTime\na.nii,p1,ms,41,F,0.1\ngone.nii,p2,healthy,30,M,\n", encoding="utf-8"
    )
    scans = find_sources(tmp_path, RECIPE, table=table).scans
    first = scans[0].details
    assert (first["participant"], first["class"], first["age_years"], first["sex"]) == ("p1", "ms", 41, "F")
    assert first["echo_time_s"] == 0.1
    assert scans[1].relative == "gone.nii"


def test_two_rows_for_one_file(tmp_path: Path) -> None:
    """One file under two people, however its path is written, is refused; the same row twice is one scan."""
    (tmp_path / "a.nii").touch()
    (tmp_path / "x").mkdir()
    table = tmp_path / "table.csv"
    table.write_text("file,participant,class\na.nii,p1,ms\nb.nii,p3,ms\nx/../a.nii,p2,healthy\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"lines 2 and 4 are both for a.nii and differ in participant and class \(p1, ms;"
    ):
        find_sources(tmp_path, RECIPE, table=table)
    table.write_text(f"file,participant,class\na.nii,p1,ms\n{tmp_path}/a.nii,p1,ms\n", encoding="utf-8")
    found = find_sources(tmp_path, RECIPE, table=table)
    assert len(found.scans) == 1
    assert "lines 2 and 3: the same row twice" in found.warnings[0]["reason"]


def test_people_and_classes_of_a_table_are_names(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    rows = [f"{name}.nii,{name},{name},1" for name in ("NA", "null", "None", "nan", "01")]
    table.write_text("\n".join(["file,participant,class,visit", *rows, "x.nii,n/a,n/a,n/a"]) + "\n", encoding="utf-8")
    found = find_sources(tmp_path, RECIPE, table=table)
    details = [scan.details for scan in found.scans]
    assert [scan["participant"] for scan in details] == ["NA", "null", "None", "nan", "01", "x"]
    assert [scan["class"] for scan in details] == ["NA", "null", "None", "nan", "01", None]
    assert [scan["session"] for scan in details] == ["1"] * 5 + [None]
    reasons = "; ".join(note["reason"] for note in found.warnings)
    assert "line 7: no participant: taken from the path of the file" in reasons
    assert "'None' (1 scan) is taken as a class; write n/a where the class is not known" in reasons


def test_the_table_decides_whose_scan_it_is(tmp_path: Path) -> None:
    """Rows that name people are taken as they are, without a guess; for others the guess is of all rows, and noted."""
    names = ("P01_bl.nii", "P01_fu.nii", "P02_bl.nii")
    for name in names:
        (tmp_path / name).touch()
    guessed = find_sources(tmp_path, RECIPE)
    assert [scan.details["participant"] for scan in guessed.scans] == ["P01", "P01", "P02"]
    assert any("2 people guessed from 3 files" in note["reason"] for note in guessed.warnings)
    table = tmp_path / "table.csv"
    table.write_text(
        "file,participant\n" + "".join(f"{name},{who}\n" for name, who in zip(names, "xyx", strict=True)),
        encoding="utf-8",
    )
    told = find_sources(tmp_path, RECIPE, table=table)
    assert [scan.details["participant"] for scan in told.scans] == ["x", "y", "x"]
    assert not any("guessed" in note["reason"] for note in told.warnings)
    table.write_text("file,class\n" + "".join(f"{name},ms\n" for name in names), encoding="utf-8")
    classes = find_sources(tmp_path, RECIPE, table=table)
    assert [scan.details["participant"] for scan in classes.scans] == ["P01", "P01", "P02"]
    assert any("2 people guessed from 3 files" in note["reason"] for note in classes.warnings)


def test_table_without_header_or_with_a_stray_quote(tmp_path: Path) -> None:
    (tmp_path / "a.nii").touch()
    table = tmp_path / "table.csv"
    for content, reason in (
        ("a.nii,p1,ms\n", "needs a header, got a row in line 1"),
        ('file,participant,class\na.nii,"p1,ms\nb.nii,p2,ms\n', "line 2: a quote is opened"),
        ("file,class,class\na.nii,ms,healthy\n", "'class' stands twice"),
    ):
        table.write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match=reason):
            find_sources(tmp_path, RECIPE, table=table)


def test_cells_of_a_table_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text(
        "file;participant;age;age_months;sex\na.nii;p1;41,5;;F\nb.nii;p2;;18;3\nc.nii;p3;999;;M\n;p4;1;1;M\n",
        encoding="utf-8",
    )
    found = find_sources(tmp_path, RECIPE, table=table)
    assert [scan.details.get("age_years") for scan in found.scans] == [41.5, 1.5, None]
    reasons = " | ".join(note["reason"] for note in found.warnings)
    for part in ("line 5: no file: left out", "sex '3' is neither", "(b.nii)", "age '999' is no age", "(c.nii)"):
        assert part in reasons


def test_spellings_of_a_class_are_one_class(make_dataset: Callable[..., Path]) -> None:
    root = make_dataset(5)
    lines = (root / "participants.tsv").read_text(encoding="utf-8").splitlines()
    names = ("class", "MS", "ms ", " MS", "Healthy", "healthy")
    rows = [line.rsplit("\t", 1)[0] + f"\t{name}" for line, name in zip(lines, names, strict=True)]
    (root / "participants.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    found = find_sources(root, RECIPE)
    assert [scan.details["class"] for scan in found.scans] == ["MS", "MS", "MS", "Healthy", "Healthy"]
    reasons = "; ".join(note["reason"] for note in found.warnings)
    assert "classes 'MS' (2), 'ms' (1) differ only in case or spaces: merged as 'MS'" in reasons
    assert len({scan.details["participant"] for scan in found.scans}) == 5


def test_one_column_names_the_classes_of_a_dataset(make_dataset: Callable[..., Path]) -> None:
    """A person whose class is missing or contradictory has none, whatever another column says."""
    root = make_dataset(3)
    (root / "participants.tsv").write_text(
        "participant_id\tclass\tgroup\nsub-00\tms\tpatient\nsub-01\tn/a\tpatient\n"
        "sub-02\tms\tpatient\nsub-02\thealthy\tpatient\n",
        encoding="utf-8",
    )
    found = find_sources(root, RECIPE)
    assert [scan.details["class"] for scan in found.scans] == ["ms", None, None]
    assert "classes are those of column 'class', not 'group' (choose with --labels)" in found.warnings[0]["reason"]
    assert [scan.details["class"] for scan in find_sources(root, RECIPE, labels="group").scans] == ["patient"] * 3


def test_ids_that_do_not_fit_the_folders_are_matched_or_named(make_dataset: Callable[..., Path]) -> None:
    root = make_dataset(3)
    (root / "participants.tsv").write_text("participant_id\tclass\n0\thealthy\n1\tms\n7\tms\n", encoding="utf-8")
    found = find_sources(root, RECIPE)
    assert [scan.details["class"] for scan in found.scans] == ["healthy", "ms", None]
    assert found.warnings == [
        {
            "path": "participants.tsv",
            "reason": "2 of 3 ids fit 2 of 3 folders sub-*; no folder for 7, no row for sub-02; "
            "matched '0' to sub-00, '1' to sub-01",
        }
    ]


def test_labels_from_any_column(make_dataset: Callable[..., Path]) -> None:
    root = make_dataset(2)
    assert [scan.details["class"] for scan in find_sources(root, RECIPE, labels="Sex").scans] == ["F", "M"]
    with pytest.raises(InputError, match="--labels centre: no such column; the tables have: age, class"):
        find_sources(root, RECIPE, labels="centre")


def test_nothing_to_find(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        find_sources(tmp_path / "none", RECIPE)
    with pytest.raises(InputError, match="no image"):
        find_sources(tmp_path, RECIPE)
    (tmp_path / "t.csv").write_text("name\nx\n", encoding="utf-8")
    with pytest.raises(InputError, match="needs a column file, path, filename or source, got name"):
        find_sources(tmp_path, RECIPE, table=tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("file\n", encoding="utf-8")
    with pytest.raises(InputError, match="--table"):
        find_sources(tmp_path, RECIPE, table=tmp_path / "t.csv")


def test_scan_of_a_subject_folder_alone_is_still_that_subject(tmp_path: Path) -> None:
    scan = tmp_path / "sub-07" / "ses-b" / "anat" / "sub-07_ses-b_FLAIR.nii.gz"
    scan.parent.mkdir(parents=True)
    scan.touch()
    (tmp_path / "sub-07" / "x.json").write_text(json.dumps({}), encoding="utf-8")
    details = find_sources(tmp_path / "sub-07", RECIPE).scans[0].details
    assert (details["participant"], details["session"]) == ("sub-07", "ses-b")


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    scan = tmp_path / "store" / "anna" / "flair.nii"
    scan.parent.mkdir(parents=True)
    scan.touch()
    cohort = tmp_path / "cohort"
    cohort.mkdir()
    (cohort / "anna").symlink_to(scan.parent)
    (scan.parent / "round").symlink_to(cohort)
    assert [found.relative for found in find_sources(cohort, RECIPE).scans] == ["anna/flair.nii"]
