"""DICOM files from the page: read into a dataset without names, prepared as other uploads are, refused one by one."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from streamlit.testing.v1 import AppTest

from app.screens.cohort import importing
from app.screens.cohort.dicom_import import holds_dicom, imported_dicom
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.template import mni_template
from brainlab.errors import InputError
from tests.app.screens.cohort.test_importing import Upload
from tests.dicom_files import save_all, series

PAGE = Path(__file__).resolve().parents[4] / "pages" / "cohort.py"


@pytest.fixture(scope="module")
def head_series(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The template at 2 mm as a scanner would have exported it: axial slices, x and y turned round."""
    template = mni_template()
    values = (template.data[::2, ::2, ::2] / template.data.max() * 1000).astype(np.uint16)[::-1, ::-1]
    last = template.affine @ [2 * (values.shape[0] - 1), 2 * (values.shape[1] - 1), 0, 1]
    start = (-float(last[0]), -float(last[1]), float(last[2]))
    turned = np.ascontiguousarray(values.transpose(2, 1, 0))
    images = series(voxels=turned, gap_mm=2.0, start=start, SeriesDescription="t2 flair Mustermann")
    return save_all(images, tmp_path_factory.mktemp("scanner"))


def uploads(paths: list[Path]) -> list[Upload]:
    return [Upload(path.name, path.read_bytes()) for path in paths]


def zipped(paths: list[Path]) -> Upload:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        for path in paths:
            out.write(path, f"Mustermann/{path.name}")
    return Upload("export.zip", packed.getvalue())


def test_files_and_archives_of_one_import_become_one_dataset(tmp_path: Path, empty_workspace):
    one, two = save_all(series(6), tmp_path / "a"), save_all(series(6, PatientID="other"), tmp_path / "b")
    told: list[str] = []
    text = Upload("notes.txt", b"not an image, but a note")
    sent = [*uploads(one), zipped(two), text, Upload("bad.zip", b"PK nothing")]
    with imported_dicom(None, sent, lambda share, words: told.append(words)) as (folder, report):
        assert report.series == 2
        assert len(list(folder.glob("sub-*/ses-*/anat/*.nii.gz"))) == 2
        reasons = {note["path"]: note["reason"].partition(" (")[0] for note in report.skipped}
        assert reasons == {"notes.txt": "not a DICOM file", "bad.zip": "cannot be unpacked"}
        assert "/tmp" not in str(report)
    assert not folder.exists()
    assert {words.partition(":")[0] for words in told} == {"reading headers", "importing"}


def test_files_of_one_name_are_no_trouble(tmp_path: Path, empty_workspace):
    """Exports of two series both begin with IM00000."""
    sent = [*uploads(save_all(series(5), tmp_path / "a")), *uploads(save_all(series(5), tmp_path / "b"))]
    with imported_dicom(None, sent, lambda *_: None) as (_, report):
        assert (report.series, report.skipped) == (2, [])


def test_what_a_folder_holds(tmp_path: Path):
    save_all(series(3), tmp_path / "dicom" / "deep")
    assert holds_dicom(tmp_path / "dicom")
    assert holds_dicom(next((tmp_path / "dicom" / "deep").iterdir()))
    (tmp_path / "dicom" / "also.nii.gz").touch()
    assert not holds_dicom(tmp_path / "dicom")
    assert not holds_dicom(tmp_path / "nowhere")


def test_what_does_not_go_together_is_refused(tmp_path: Path, empty_workspace):
    sent = uploads(save_all(series(3), tmp_path / "a"))
    with pytest.raises(InputError, match="choose a recipe for scans"):
        importing.bring_in("", [], "mine", print, "slices-64", dicom=sent)
    with pytest.raises(InputError, match="DICOM files are named anew"):
        importing.bring_in("", [], "mine", print, table=Upload("t.csv", b"file,participant\n"), dicom=sent)
    with pytest.raises(InputError, match="got several of them"):
        importing.bring_in("", [Upload("x.nii", b"")], "mine", print, dicom=sent)


def test_nothing_that_can_be_imported_makes_no_cohort(tmp_path: Path, empty_workspace):
    report = importing.bring_in("", [], "mine", lambda *_: None, dicom=uploads(save_all(series(2), tmp_path / "a")))
    assert report.scans == 0
    assert report.failed[0]["reason"].startswith("2 slices, which do not tell")
    assert not (empty_workspace / "cohorts" / "mine").exists()


def test_an_uploaded_series_becomes_a_cohort_that_names_nobody(head_series: list[Path], empty_workspace):
    page = AppTest.from_file(str(PAGE), default_timeout=240)
    page.session_state["cohort-tabs"] = "Import scans"
    page.run()
    extra = [("export.zip", zipped(head_series).content, "application/zip"), ("x.dcm", b"a text that is no image", "")]
    page.file_uploader(key="import-dicom").set_value(extra)
    next(button for button in page.button if button.label == "Prepare").click().run()
    assert not page.exception
    assert page.success[0].value.startswith("1 scan prepared into the cohort 'mine'")
    said = " ".join(str(element.value) for kind in ("markdown", "caption") for element in page.get(kind))
    said += " ".join(frame.value.to_string() for frame in page.table)
    assert "not a DICOM file" in said
    made = PreparedDataset.open(empty_workspace / "cohorts" / "mine")
    assert made.scans["participant"].tolist() == ["sub-mine-01"]
    assert made.scans["age_years"].tolist() == [57]
    header = dcmread(head_series[0], stop_before_pixels=True)
    held = b"".join(path.read_bytes() for path in (empty_workspace / "cohorts" / "mine").rglob("*") if path.is_file())
    for secret in ("Mustermann", header.PatientID, header.SeriesInstanceUID, header.StudyDate):
        assert secret.encode() not in held
    assert sorted(path.name for path in empty_workspace.iterdir()) == ["cohorts", "pseudonyms.key"]
