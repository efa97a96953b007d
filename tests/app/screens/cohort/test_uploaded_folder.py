"""Uploads are looked at before they are prepared, are read once for both, and leave no copy behind."""

import tempfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.screens.cohort import importing
from app.screens.cohort.source_contents import contents
from app.screens.cohort.uploaded_folder import HeldFolder
from brainlab.cohort.preparation.batch import Report
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.recipes import RECIPES
from brainlab.errors import InputError
from tests.app.screens.cohort.test_dicom_import import head_series, uploads, zipped  # noqa: F401
from tests.app.screens.cohort.test_importing import Upload
from tests.app.screens.cohort.test_source_contents import PAGE
from tests.cohort.sources.test_listing import HEADER
from tests.dicom_files import save_all, series

FLAIR = RECIPES["flair-40"]


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only place for temporary folders."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    return tmp_path / "scratch"


def quiet(share: float, text: str) -> None:
    """Tell nobody."""


def test_uploads_are_listed_with_what_is_refused_and_why(scratch: Path):
    files = [Upload("anna_FLAIR.nii.gz", HEADER), Upload("ben_T1w.nii.gz", HEADER), Upload("cleo_FLAIR.nii", b"")]
    held = HeldFolder()
    found = contents("", FLAIR, [], None, [*files, Upload("scans.zip"), Upload(".hidden.nii")], held=held)
    assert found.summary.startswith("3 scans of 3 people; flair-40 takes 3 of them.")
    assert list(found.sequences["sequence"]) == ["FLAIR", "T1w"]
    reasons = {row["path"]: row["reason"].split(";")[0] for row in found.refused}
    assert reasons == {
        "cleo_FLAIR.nii": "an empty file (0 bytes)",
        "scans.zip": "an archive",
        ".hidden.nii": "a hidden file: its name begins with a dot",
    }
    assert any("1 T1w" in note["reason"] for note in found.notes), "the preparation takes it, and says so"
    assert str(scratch) not in str(found)
    nothing = contents("", FLAIR, [], None, [Upload("scans.zip")], held=held)
    assert (nothing.summary.split(".")[0], len(nothing.refused)) == ("No scan among the uploads", 1)
    held.clear()
    assert not list(scratch.iterdir())


def test_what_was_looked_at_is_prepared_without_being_read_again(scratch: Path, empty_workspace, monkeypatch):
    seen = []

    def prepare(found, out, recipe, **_):
        seen.extend(scan.path.read_bytes() for scan in found.scans)
        return Report(1, [], [], [], 1.0)

    monkeypatch.setattr(importing, "prepare_cohort", prepare)
    file, held = Upload("anna_FLAIR.nii.gz", HEADER), HeldFolder()
    for recipe in (FLAIR, RECIPES["flair-synthesis"], FLAIR):
        contents("", recipe, [], None, [file], held=held)
    importing.bring_in("", [file], "mine", quiet, held=held)
    assert (file.reads, seen) == (1, [HEADER])
    assert not list(scratch.iterdir())


def test_dicom_is_read_once_and_names_nobody_while_it_is_held(
    tmp_path: Path, scratch: Path, empty_workspace, monkeypatch
):
    monkeypatch.setattr(importing, "prepare_cohort", lambda found, *_, **__: Report(len(found.scans), [], [], [], 1.0))
    archive = zipped(save_all(series(6, SeriesDescription="t2 flair"), tmp_path / "a"))
    sent, held = [archive, Upload("notes.txt", b"not an image")], HeldFolder()
    found = contents("", FLAIR, [], None, (), sent, held)
    assert found.summary.startswith("1 scan of 1 person; flair-40 takes 1 of them.")
    assert [row["path"] for row in found.refused] == ["notes.txt"]
    assert any("faces are not removed" in note["reason"] for note in found.notes)
    left = [path for path in scratch.rglob("*") if path.is_file()]
    assert left
    assert not any("Mustermann" in str(path) or b"Mustermann" in path.read_bytes() for path in left)
    report = importing.bring_in("", [], "mine", quiet, dicom=sent, held=held)
    assert (archive.reads, report.scans, [row["path"] for row in report.failed]) == (1, 1, ["notes.txt"])
    assert not list(scratch.iterdir())


def test_other_uploads_a_path_and_a_click_take_the_copy_away(tmp_path: Path, scratch: Path, empty_workspace):
    held = HeldFolder()
    contents("", FLAIR, [], None, [Upload("anna_FLAIR.nii.gz", HEADER)], held=held)
    (first,) = scratch.iterdir()
    contents("", FLAIR, [], None, [Upload("anna_FLAIR.nii.gz", HEADER)], held=held)
    (second,) = scratch.iterdir()
    assert first != second
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "ben_FLAIR.nii.gz").write_bytes(HEADER)
    contents(str(tmp_path / "there"), FLAIR, [], None, held=held)
    assert not list(scratch.iterdir())

    def click(share, text):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        contents("", FLAIR, [], None, (), uploads(save_all(series(3), tmp_path / "a")), held, click)
    with pytest.raises(InputError, match="uploaded more than once"):
        contents("", FLAIR, [], None, [Upload(), Upload()], held=held)
    assert not list(scratch.iterdir())


def test_what_does_not_go_together_is_refused_before_it_is_read(scratch: Path):
    file = Upload("anna_FLAIR.nii.gz", HEADER)
    with pytest.raises(InputError, match="got several of them"):
        contents("somewhere", FLAIR, [], None, [file])
    with pytest.raises(InputError, match="choose a recipe for scans"):
        contents("", RECIPES["slices-64"], [], None, (), [file])
    assert not file.reads


def test_the_page_lists_an_archive_and_then_prepares_it(head_series, empty_workspace, scratch: Path):  # noqa: F811
    page = AppTest.from_file(str(PAGE), default_timeout=240)
    page.session_state["cohort-tabs"] = "Import scans"
    page.run()
    extra = [("export.zip", zipped(head_series).content, "application/zip"), ("x.dcm", b"a text that is no image", "")]
    page.file_uploader(key="import-dicom").set_value(extra)
    next(button for button in page.button if button.label == "Show what is there").click().run()
    assert not page.exception
    assert "1 scan of 1 person; flair-40 takes 1 of them. Nothing is prepared yet." in [m.value for m in page.markdown]
    assert "**Refused** (1)" in [text.value for text in page.markdown]
    assert "not a DICOM file" in page.table[-1].value.to_string()
    assert not (empty_workspace / "cohorts").exists()
    assert list(scratch.iterdir())
    next(button for button in page.button if button.label == "Prepare").click().run()
    assert not page.exception
    assert PreparedDataset.open(empty_workspace / "cohorts" / "mine").scans["participant"].tolist() == ["sub-mine-01"]
    assert not list(scratch.iterdir())
