"""What a path holds is shown before anything of it is prepared."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.screens.cohort.source_contents import contents
from brainlab.cohort.recipes import RECIPES
from brainlab.errors import InputError
from tests.app.screens.cohort.test_importing import Upload
from tests.cohort.sources.test_listing import HEADER
from tests.dicom_files import save_all, series, voxels_of

PAGE = Path(__file__).resolve().parents[4] / "pages" / "cohort.py"


def folder(root: Path, **scans: bytes) -> str:
    """Write scans such as `anna_FLAIR=b"..."`, each into the folder of its person."""
    for name, content in scans.items():
        path = root / name.split("_")[0] / f"{name}.nii.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return str(root)


def test_scans_are_counted_by_sequence_with_those_that_the_recipe_takes(tmp_path):
    path = folder(tmp_path, anna_FLAIR=HEADER, anna_T1w=HEADER, ben_FLAIR=b"", cleo_T1w=HEADER)
    found = contents(path, RECIPES["flair-40"], [], None)
    assert found.summary == "4 scans of 3 people; flair-40 takes 2 of them. Nothing is prepared yet."
    assert found.sequences.to_dict("records") == [
        {"sequence": "FLAIR", "scans": 2, "people": 2, "unreadable": 1, "flair-40 takes": 2},
        {"sequence": "T1w", "scans": 2, "people": 2, "unreadable": 0, "flair-40 takes": 0},
    ]
    assert not found.refusal
    assert [(row["path"], row["reason"].split(";")[0]) for row in found.refused] == [
        ("ben/ben_FLAIR.nii.gz", "an empty file (0 bytes)")
    ]
    assert any("2 T1w" in note["reason"] for note in found.notes)
    assert "--" not in str(found), "the page has no flags"


def test_what_a_recipe_cannot_use_is_listed_with_the_refusal(tmp_path):
    path = folder(tmp_path, anna_T1w=HEADER, ben_T2w=HEADER)
    found = contents(path, RECIPES["flair-40"], [], None)
    assert list(found.sequences["sequence"]) == ["T1w", "T2w"]
    assert "no FLAIR, which flair-40 is for" in found.refusal
    assert "'Sequences'" in contents(path, RECIPES["sequences"], [], None).refusal
    assert list(contents(path, RECIPES["sequences"], ["T1w", "T2w"], None).sequences["sequences takes"]) == [0, 0]


def test_errors_are_one_line_and_name_an_uploaded_table_as_the_user_does(tmp_path):
    with pytest.raises(InputError, match="give a path or upload a file"):
        contents(" ", RECIPES["flair-40"], [], None)
    with pytest.raises(InputError, match="no such file or folder"):
        contents(str(tmp_path / "none"), RECIPES["flair-40"], [], None)
    path = folder(tmp_path, anna_FLAIR=HEADER)
    with pytest.raises(InputError) as refused:
        contents(path, RECIPES["flair-40"], [], Upload("people.csv", b"nothing,of,use\n1,2,3\n"))
    assert "people.csv" in str(refused.value)
    assert "/people.csv" not in str(refused.value)


def test_series_of_dicom_files_are_counted_by_their_headers(empty_workspace, tmp_path):
    scans = (("t2 flair", "anna"), ("t2 flair", "anna"), ("t2 flair", "ben"), ("t1 mprage", "anna"))
    for number, (name, person) in enumerate(scans):
        tags = {"SeriesDescription": name, "PatientID": person, "SeriesNumber": number}
        save_all(series(6, voxels=voxels_of(6, seed=number), **tags), tmp_path / "scanner" / str(number))
    (tmp_path / "scanner" / "notes.txt").write_text("of a scan", encoding="utf-8")
    told = []
    found = contents(str(tmp_path / "scanner"), RECIPES["flair-40"], [], None, tell=lambda *step: told.append(step))
    assert found.summary.startswith("4 series of 2 people in DICOM files, by their headers.")
    assert found.sequences.to_dict("records") == [
        {"sequence": "FLAIR", "series": 3, "people": 2},
        {"sequence": "T1w", "series": 1, "people": 1},
    ]
    assert [row["path"] for row in found.refused] == ["notes.txt"]
    assert told[-1] == (1.0, "reading headers: 25 of 25")
    assert {path.name for path in tmp_path.iterdir()} == {"scanner", "pseudonyms.key"}


def test_dicom_files_without_a_series_are_told(empty_workspace, tmp_path):
    (tmp_path / "IM001").write_bytes(b"\0" * 128 + b"DICM")
    found = contents(str(tmp_path), RECIPES["flair-40"], [], None)
    assert found.summary.startswith("No series of MR images among the DICOM files.")
    assert (len(found.sequences), len(found.refused)) == (0, 1)


def test_the_page_shows_what_is_there_and_prepares_nothing(empty_workspace, tmp_path_factory):
    path = folder(tmp_path_factory.mktemp("scans"), anna_FLAIR=HEADER, ben_T1w=b"")
    page = AppTest.from_file(str(PAGE), default_timeout=120).run()
    page.text_input(key="import-path").set_value(path)
    next(button for button in page.button if button.label == "Show what is there").click().run()
    assert not page.exception
    assert "2 scans of 2 people; flair-40 takes 1 of them. Nothing is prepared yet." in [m.value for m in page.markdown]
    assert list(page.table[0].value["sequence"]) == ["FLAIR", "T1w"]
    assert not (empty_workspace / "cohorts").exists()
    page.selectbox(key="import-recipe").set_value("flair-synthesis").run()
    assert page.table, "another recipe is told of the same path"
