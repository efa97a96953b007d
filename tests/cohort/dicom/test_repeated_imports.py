"""Imports into a dataset that is there: what is new is added, what is there stays, what was deleted comes back."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from brainlab.cohort.dicom import importing
from brainlab.cohort.dicom.importing import ImportReport, import_dicom
from brainlab.cohort.dicom.register import RECORD
from brainlab.errors import InputError
from tests.cohort.dicom.test_importing import tree
from tests.dicom_files import save, save_all, series, voxels_of

Bring = Callable[..., ImportReport]
T1 = "sub-01/ses-01/anat/sub-01_ses-01_T1w"
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


@pytest.mark.parametrize("order", [(0, 2, 1), (1, 2, 0), (2, 1, 0), (1, 0, 2)])
def test_echoes_that_come_one_after_another_are_each_imported_once(tmp_path: Path, bring_in: Bring, order: tuple):
    """The parts of a series are counted anew with each that is added."""
    files: set[str] = set()
    for count, number in enumerate(order, 1):
        echo = series(6, EchoTime=(14.0, 50.0, 95.0)[number], SeriesInstanceUID="1.2.3", SeriesNumber=4,
                      voxels=voxels_of(6, seed=number), **SPIN)  # fmt: skip
        save_all(echo, tmp_path / "scanner", start=50 * number)
        for new in (1, 0):
            report = bring_in()
            assert (report.series, report.new, report.skipped) == (count, new, [])
            assert files <= set(report.files)
        files = set(report.files)
    assert len(list((tmp_path / "bids").rglob("*.nii.gz"))) == 3


def test_an_echo_whose_file_another_got_is_not_taken_for_that_one(tmp_path: Path, bring_in: Bring):
    echoes = [
        series(6, EchoTime=time, SeriesInstanceUID="1.2.3", SeriesNumber=4, voxels=voxels_of(6, seed=number), **SPIN)
        for number, time in enumerate((14.0, 50.0, 95.0))
    ]
    for name, numbers in {"first": (0,), "two": (0, 1), "third": (2,), "all": (0, 1, 2)}.items():
        for number in numbers:
            save_all(echoes[number], tmp_path / name, start=50 * number)
    [first] = bring_in(tmp_path / "first").files
    bring_in(tmp_path / "two")
    (tmp_path / "bids" / first).unlink()
    assert bring_in(tmp_path / "third").files == [first]
    report = bring_in(tmp_path / "all")
    assert (report.series, report.new, report.skipped) == (3, 1, [])


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


def test_a_second_import_writes_nothing(tmp_path: Path, bring_in: Bring):
    save_all(series(), tmp_path / "scanner")
    bring_in()
    before = tree(tmp_path / "bids")
    report = bring_in()
    assert (report.series, report.new) == (1, 0)
    assert tree(tmp_path / "bids") == before


def test_more_series_are_added_and_nothing_is_replaced(tmp_path: Path, bring_in: Bring):
    save_all(series(), tmp_path / "scanner")
    bring_in()
    before = tree(tmp_path / "bids")
    save_all(series(voxels=voxels_of(8, seed=5), SeriesNumber=9), tmp_path / "later")
    save_all(series(PatientID="other", PatientSex="M"), tmp_path / "later" / "other")
    report = bring_in(tmp_path / "later")
    assert sorted(report.files) == [
        f"{T1.replace('_T1w', '_run-2_T1w')}.nii.gz",
        f"{T1.replace('sub-01', 'sub-02')}.nii.gz",
    ]
    after = tree(tmp_path / "bids")
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {"participants.tsv", ".dicom-import.json"}
    assert after["participants.tsv"].decode().splitlines()[1:] == ["sub-01\t57\tF", "sub-02\t57\tM"]


def test_a_dataset_of_others_keeps_its_people_and_its_tables(tmp_path: Path, bring_in: Bring):
    root = tmp_path / "bids"
    (root / "sub-07" / "anat").mkdir(parents=True)
    (root / "dataset_description.json").write_text('{"Name": "mine", "BIDSVersion": "1.8.0"}', encoding="utf-8")
    table = "participant_id\tgroup\tSex\r\nsub-07\tms\tF\r\nsub-11\tms\tM"
    (root / "participants.tsv").write_bytes(table.encode())
    save_all(series(), tmp_path / "scanner")
    assert bring_in().files[0].startswith("sub-12/")
    lines = (root / "participants.tsv").read_text(encoding="utf-8").splitlines()
    assert lines == [*table.splitlines(), "sub-12\tn/a\tF"]
    assert json.loads((root / "dataset_description.json").read_text(encoding="utf-8"))["Name"] == "mine"


def test_an_image_that_is_there_under_the_name_is_left_alone(tmp_path: Path, bring_in: Bring):
    save_all(series(), tmp_path / "scanner")
    bring_in()
    (tmp_path / "bids" / ".dicom-import.json").unlink()
    (tmp_path / "bids" / "sub-01").rename(tmp_path / "bids" / "sub-02")
    before = tree(tmp_path / "bids" / "sub-02")
    assert bring_in().files[0].startswith("sub-03/")
    assert tree(tmp_path / "bids" / "sub-02") == before


def test_an_import_that_was_stopped_goes_on_under_the_same_names(
    tmp_path: Path, bring_in: Bring, monkeypatch: pytest.MonkeyPatch
):
    for number in range(3):
        save_all(series(PatientID=f"P{number}", voxels=voxels_of(8, seed=number)), tmp_path / "scanner" / str(number))
    whole = tmp_path / "whole"
    bring_in(out=whole)
    write, written = importing.write_volume, []

    def killed(stem: Path, volume: object, voxels: object) -> None:
        if written:
            stem.parent.mkdir(parents=True)
            stem.with_name(f"{stem.name}.json").write_text("{}", encoding="utf-8")  # a sidecar, and then the end
            raise KeyboardInterrupt
        written.append(stem)
        write(stem, volume, voxels)  # type: ignore[arg-type]

    monkeypatch.setattr(importing, "write_volume", killed)
    with pytest.raises(KeyboardInterrupt):
        bring_in()
    monkeypatch.undo()
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    assert bring_in().new == 2
    assert tree(tmp_path / "bids") == tree(whole)


def test_a_series_that_has_grown_is_not_mixed_with_what_is_there(tmp_path: Path, bring_in: Bring):
    images = series(12)
    save_all(images[:10], tmp_path / "scanner")
    bring_in()
    before = tree(tmp_path / "bids")
    save_all(images[10:], tmp_path / "scanner", start=50)
    report = bring_in()
    assert report.series == 0
    assert report.skipped[0]["reason"].startswith("was imported from other images of the series as sub-01/ses-01/anat/")
    assert tree(tmp_path / "bids") == before


def test_another_workspace_is_told_that_the_dataset_is_not_its_own(
    tmp_path: Path, bring_in: Bring, monkeypatch: pytest.MonkeyPatch
):
    save_all(series(), tmp_path / "scanner")
    bring_in()
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "theirs"))
    with pytest.raises(InputError, match="imported in another workspace"):
        bring_in()
