"""Imports into a dataset that is there: what is new is added, what is there stays, what was deleted comes back."""

from collections.abc import Callable
from pathlib import Path

import pytest

from brainlab.cohort.dicom.importing import ImportReport, import_dicom
from brainlab.cohort.dicom.register import RECORD
from brainlab.errors import InputError
from tests.dicom_files import save, save_all, series, voxels_of

Bring = Callable[..., ImportReport]
SPIN = {"ScanningSequence": "SE", "RepetitionTime": 3000.0, "InversionTime": None, "SeriesDescription": "ax",
        "ProtocolName": "ax"}  # fmt: skip


def test_a_series_that_was_not_whole_is_imported_anew_once_its_image_is_deleted(tmp_path: Path, bring_in: Bring):
    images = series(10)
    save_all(images[:8], tmp_path / "part")
    [file] = bring_in(tmp_path / "part").files
    save_all(images, tmp_path / "scanner")
    [note] = bring_in().skipped
    assert note["reason"] == f"was imported from other images of the series as {file}; delete that to import it anew"
    (tmp_path / "bids" / file).unlink()
    assert (bring_in().files, bring_in().new) == ([file], 0)


def test_an_echo_that_came_first_is_not_imported_again_beside_the_second(tmp_path: Path, bring_in: Bring):
    """Alone it was the whole series; together they are two parts."""
    early = series(6, EchoTime=14.0, SeriesInstanceUID="1.2.3", voxels=voxels_of(6, seed=1), **SPIN)
    late = series(6, EchoTime=95.0, SeriesInstanceUID="1.2.3", voxels=voxels_of(6, seed=2), **SPIN)
    save_all(early, tmp_path / "scanner")
    first = bring_in().files
    save_all(late, tmp_path / "scanner", start=50)
    for new in (1, 0):
        report = bring_in()
        assert (report.series, report.new, report.skipped) == (2, new, [])
        assert set(first) < set(report.files)
    assert len(list((tmp_path / "bids").rglob("*.nii.gz"))) == 2


def test_an_import_of_nothing_leaves_nothing(tmp_path: Path, bring_in: Bring):
    for number, one in enumerate(series(5)):
        one.PixelData = one.PixelData[:50]
        save(one, tmp_path / "scanner" / str(number))
    table = tmp_path / "patients.csv"
    report = import_dicom(tmp_path / "scanner", tmp_path / "bids", linking_table=table)
    assert (report.files, len(report.skipped)) == ([], 1)
    assert not (tmp_path / "bids").exists()
    save_all(series(5, PatientID="good"), tmp_path / "whole")
    assert bring_in(tmp_path / "whole").files[0].startswith("sub-01/")
    assert (tmp_path / "bids" / RECORD).exists()


def test_a_table_of_nobody_is_not_written(tmp_path: Path):
    save(series(1, Modality="CT")[0], tmp_path / "scanner" / "x")
    import_dicom(tmp_path / "scanner", tmp_path / "bids", linking_table=tmp_path / "patients.csv")
    assert not (tmp_path / "patients.csv").exists()


def test_a_folder_without_files_is_told(tmp_path: Path, bring_in: Bring):
    (tmp_path / "scanner" / "deep").mkdir(parents=True)
    with pytest.raises(InputError, match="scanner: holds no files; give a folder of DICOM files"):
        bring_in()


def test_an_id_that_stands_for_several_people_is_told(tmp_path: Path, bring_in: Bring):
    for number, tags in enumerate(({"PatientSex": "F"}, {"PatientSex": "M", "PatientBirthDate": "19400101"})):
        save_all(series(5, PatientID="ANON", **tags), tmp_path / "scanner" / str(number))
    report = bring_in()
    assert report.participants == 1
    assert "birth dates, sexes differ under one patient id" in " ".join(note["reason"] for note in report.warnings)
