"""Rows are found by person, visit or file, and left out where they contradict each other."""

from pathlib import Path

import pytest

from brainlab.cohort.sources.names.name_matching import PERSON_WORDS
from brainlab.cohort.sources.table_rows import KeyedRows, read_table
from brainlab.errors import InputError

PEOPLE = ("sub-01", "sub-02")


def rows(path: Path) -> list[dict[str, str]]:
    return [row for _, row in read_table(path).rows]


def people(path: Path, content: str, wanted: tuple[str, ...] = PEOPLE) -> KeyedRows:
    path.write_text(content, encoding="utf-8")
    return KeyedRows(path, ("participant_id",), wanted, PERSON_WORDS)


def test_table_with_mark_windows_lines_and_missing_cells(tmp_path: Path) -> None:
    path = tmp_path / "participants.tsv"
    path.write_bytes(b"\xef\xbb\xbfparticipant_id\tAge\tGender\t\r\nsub-01\t89+\tn/a\t\r\nsub-02\tN/A\tD\r\n\r\n")
    assert rows(path) == [{"participant_id": "sub-01", "age": "89+"}, {"participant_id": "sub-02", "gender": "D"}]
    path.write_bytes("participant_id,name\nsub-01,Jörg\n".encode("latin-1"))
    assert rows(path) == [{"participant_id": "sub-01", "name": "Jörg"}]
    path.write_bytes("participant_id;age\nsub-01;41,5\n".encode("utf-16"))
    assert rows(path) == [{"participant_id": "sub-01", "age": "41,5"}]
    path.write_bytes(b"participant_id\tage (years, at scan, rounded)\nNone\t30\n")
    assert rows(path) == [{"participant_id": "None", "age (years, at scan, rounded)": "30"}]
    path.write_bytes(b"sep=;\nparticipant_id;age\nsub-01;41\n")
    assert rows(path) == [{"participant_id": "sub-01", "age": "41"}]
    assert KeyedRows(path, ("participant_id",), PEOPLE, PERSON_WORDS).cells("sub-01") == {"age": "41"}
    path.write_bytes(b"participant_id\nsub-01\n")
    assert rows(path) == [{"participant_id": "sub-01"}]
    path.write_bytes(b"")
    assert rows(path) == []


def test_damaged_tables_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "participants.tsv"
    for content, reason in (
        ('participant_id\tclass\nsub-01\t"ms\nsub-02\tms\n', "line 2: a quote is opened"),
        ("participant_id\tage\tage\nsub-01\t1\t2\n", "'age' stands twice"),
        ("participant_id\tage\nsub-01\t1\t2\n", "line 2: needs 2 cells"),
    ):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match=reason):
            read_table(path)


def test_a_repeated_column_can_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "scans.tsv"
    path.write_text("filename\tTRs\tclass\ttrs\na.nii\t1\tms\t2\n", encoding="utf-8")
    table = read_table(path, allow_repeated_columns=True)
    assert table.rows == [(2, {"filename": "a.nii", "class": "ms"})]
    assert table.notes == ["the column 'trs' stands twice: not used"]


def test_a_row_a_visit(tmp_path: Path) -> None:
    table = people(
        tmp_path / "participants.tsv",
        "participant_id\tsession\tage\tclass\tsex\n"
        "sub-01\tses-1\t60\thealthy\tF\nsub-01\tses-2\t65\tleuko1\tF\n"
        "sub-02\tn/a\t30\tms\tM\nsub-02\tses-8\t38\tleuko1\tn/a\n",
    )
    visits = ("ses-1", "ses-2", "ses-3")
    assert table.cells("sub-01", "ses-1", visits) == {"session": "ses-1", "age": "60", "class": "healthy", "sex": "F"}
    assert table.cells("sub-01", "ses-2", visits) == {"session": "ses-2", "age": "65", "class": "leuko1", "sex": "F"}
    assert table.cells("sub-02", "ses-7", ("ses-7", "ses-8")) == {"age": "30", "class": "ms", "sex": "M"}
    later = table.cells("sub-02", "ses-8", ("ses-7", "ses-8"))
    assert later == {"session": "ses-8", "age": "38", "class": "leuko1", "sex": "M"}
    assert table.notes() == []
    assert table.cells("sub-01", "ses-3", visits) == {}
    assert table.notes() == ["no row for sub-01 ses-3"]


@pytest.mark.parametrize("column", ["session_id", "ses", "Visit", "timepoint"])
def test_visits_by_any_usual_column(tmp_path: Path, column: str) -> None:
    content = f"participant_id\t{column}\tage\nsub-01\t1\t60\nsub-01\t2\t65\nsub-02\t1\t30\n"
    table = people(tmp_path / "participants.tsv", content)
    assert [table.cells("sub-01", f"ses-0{k}", ("ses-01", "ses-02"))["age"] for k in (1, 2)] == ["60", "65"]


def test_rows_that_contradict_each_other_are_left_out_and_named(tmp_path: Path) -> None:
    content = "participant_id\tage\tclass\tsex\nsub-01\t60\thealthy\tF\nsub-02\t30\tms\tM\nsub-01\t65\tms\tf\n"
    table = people(tmp_path / "participants.tsv", content)
    assert table.cells("sub-01") == {"age": "", "class": "", "sex": "F"}
    assert table.cells("sub-02")["class"] == "ms"
    assert table.notes() == ["lines 2 and 4 are for sub-01 and differ in age and class: left out"]
    # scans without a session cannot choose among rows that have one
    content = "participant_id\tsession\tclass\nsub-01\t1\thealthy\nsub-01\t2\tms\n"
    assert people(tmp_path / "participants.tsv", content).cells("sub-01")["class"] == ""


def test_rows_and_folders_that_do_not_fit_are_counted_and_named(tmp_path: Path) -> None:
    table = people(tmp_path / "participants.tsv", "participant_id\tage\n1\t60\n7\t30\n")
    assert table.notes() == [
        "1 of 2 ids fit 1 of 2 folders sub-*; no folder for 7, no row for sub-02",
        "matched '1' to sub-01",
    ]


def test_a_table_without_header_is_not_used_and_says_so(tmp_path: Path) -> None:
    table = people(tmp_path / "participants.tsv", "sub-01\t60\thealthy\nsub-02\t30\tms\n")
    assert table.cells("sub-01") == {}
    assert "not used: no header; its first line 'sub-01 60 healthy' holds a row" in table.notes()[0]
    table = people(tmp_path / "participants.tsv", "name\tage\nsub-01\t60\n")
    assert "not used: needs a column participant_id, got 'name age'" in table.notes()[0]


def test_paths_match_as_they_are_or_by_the_one_equal_file_name(tmp_path: Path) -> None:
    path = tmp_path / "scans.tsv"
    path.write_text(
        "filename\tage\n./anat/a.nii\t1\nanat\\b.nii\t2\nsub-01/anat/c.nii\t3\nx/d.nii\t4\ny/d.nii\t5\n",
        encoding="utf-8",
    )
    table = KeyedRows(path, ("filename",), ())
    assert [table.cells(f"anat/{name}.nii").get("age") for name in "abcde"] == ["1", "2", "3", None, None]
    assert list(table.without_row) == ["anat/d.nii", "anat/e.nii"]
    assert table.notes() == ["matched 'sub-01/anat/c.nii' to anat/c.nii"]
