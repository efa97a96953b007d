"""Nothing that says whose images they are is in any byte of what is imported, unpacked bytes included."""

import base64
import csv
import gzip
import json
from pathlib import Path

import pytest
from pydicom import dcmread

from brainlab.cli import main
from brainlab.cohort.dicom.importing import import_dicom
from tests.dicom_files import SECRETS, enhanced, save, save_all, series, voxels_of


def content(root: Path) -> dict[str, bytes]:
    """Every file of a dataset by its path, and what its gzip holds."""
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    unpacked = {f"{name} unpacked": gzip.decompress(raw) for name, raw in files.items() if name.endswith(".gz")}
    return {**files, **unpacked}


def traces(secrets: set[str], root: Path) -> list[tuple[str, str]]:
    """Return each secret with the file in which it stands, as text of any usual encoding, or in a path."""
    files = content(root)
    found = []
    for secret in secrets:
        forms = {secret, secret.lower(), secret.upper()}
        raw = {form.encode(how) for form in forms for how in ("utf-8", "utf-16-le")} | {
            base64.b64encode(secret.encode())
        }
        found += [(secret, name) for name, held in files.items() if any(form in held for form in raw)]
        found += [(secret, name) for name in files if any(form in name for form in forms)]
    return found


def secrets_of(path: Path) -> set[str]:
    """Return every name, id, date and identifier of a file's header, private tags included."""
    header = dcmread(path, stop_before_pixels=True)
    kinds = {"PN", "UI", "DA", "TM", "DT"}
    fields = {"PatientID", "AccessionNumber", "InstitutionName", "StationName", "StudyID", "DeviceSerialNumber"}
    found = set()
    for element in header.iterall():
        if element.VR in kinds or element.keyword in fields or element.tag.is_private:
            values = element.value if element.VM > 1 else [element.value]
            found |= {str(value) for value in values if isinstance(value, str) or element.VR in kinds}
    parts = {part for text in found for part in text.replace("^", " ").split()}
    standard = "1.2.840.10008."  # of the standard itself, the same in every file
    return {text for text in found | parts if len(text) >= 5 and not text.startswith(standard)}


def test_no_secret_of_any_header_is_in_the_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    named = tmp_path / "scanner" / "Mustermann_Erika"
    files = save_all(series(), named)
    files += save_all(series(ManufacturerModelName="Prisma of Mustermann", SeriesNumber=4), named / "2")
    files.append(save(enhanced([voxels_of(8)], lambda *frame: None, SeriesNumber=5), named / "3"))
    report = import_dicom(tmp_path / "scanner", tmp_path / "bids")
    assert report.series == 3
    secrets = {"Mustermann", "Erika", "Quincy", *SECRETS.values()}.union(*map(secrets_of, files))
    assert len(secrets) > 40
    assert traces(secrets, tmp_path / "bids") == []


def test_the_search_finds_what_is_hidden_in_an_image(tmp_path: Path):
    (tmp_path / "x.nii.gz").write_bytes(gzip.compress(b"..." + b"Mustermann"))
    assert traces({"Mustermann"}, tmp_path) == [("Mustermann", "x.nii.gz unpacked")]


def test_reasons_and_messages_name_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    """pydicom would print values that it finds wrong; the command must not."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    bad = series(6, Modality="CT Mustermann", SeriesDescription="Mustermann")
    save_all(bad, tmp_path / "scanner" / "a")
    odd = save_all(series(6), tmp_path / "scanner" / "b")
    for path in odd:  # a date that is none, an age that is none
        path.write_bytes(path.read_bytes().replace(b"19611103", b"Musterm."))
    code = main(["import-dicom", str(tmp_path / "scanner"), str(tmp_path / "bids"), "--json"])
    said = capfd.readouterr()
    assert code == 0
    assert json.loads(said.out)["series"] == 1
    assert "Muster" not in said.out + said.err


def test_identifiers_that_are_none_are_not_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
):
    """Values are read long after the file is, and pydicom warns of each that it finds wrong."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    paths = save_all(series(4, SeriesInstanceUID="1.2.826.0.1.99.4711"), tmp_path / "scanner")
    for path in paths:
        path.write_bytes(path.read_bytes().replace(b"1.2.826.0.1.99.4711", b"Mustermann Erika XY"))
    assert import_dicom(tmp_path / "scanner", tmp_path / "bids").series == 1
    assert [str(warning.message) for warning in recwarn.list if "Muster" in str(warning.message)] == []


def test_numbers_of_people_tell_nothing_of_their_ids_and_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Twelve people whose ids and days rise together: neither order, nor its reverse, comes back."""
    ids = [f"P{number:02d}" for number in range(12)]
    for number, own in enumerate(ids):
        day = f"2019{number + 1:02d}01"
        save_all(series(3, PatientID=own, StudyDate=day, StudyInstanceUID=f"1.2.{number}"), tmp_path / "scanner" / own)
    orders = []
    for name in ("one", "two"):
        monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / name))
        import_dicom(tmp_path / "scanner", tmp_path / f"bids-{name}", linking_table=tmp_path / f"{name}.csv")
        rows = list(csv.DictReader((tmp_path / f"{name}.csv").read_text(encoding="utf-8").splitlines()))
        assert [row["participant"] for row in rows] == [f"sub-{number:02d}" for number in range(1, 13)]
        orders.append([row["patient_id"] for row in rows])
    assert sorted(orders[0]) == sorted(orders[1]) == ids
    assert orders[0] != orders[1]
    assert not [order for order in orders if order in (ids, ids[::-1])]


def test_the_table_of_labels_is_of_no_use_without_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Under two keys the same person has unlike hashes, and the key lies outside the dataset."""
    save_all(series(), tmp_path / "scanner")
    records = []
    for name in ("one", "two"):
        monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / name))
        import_dicom(tmp_path / "scanner", tmp_path / f"bids-{name}")
        records.append(json.loads((tmp_path / f"bids-{name}" / ".dicom-import.json").read_text(encoding="utf-8")))
        key = (tmp_path / name / "pseudonyms.key").read_bytes().strip()
        assert all(key not in held for held in content(tmp_path / f"bids-{name}").values())
    assert set(records[0]["people"]).isdisjoint(records[1]["people"])
    assert set(records[0]["images"]).isdisjoint(records[1]["images"])


@pytest.mark.parametrize(("model", "kept"), [("Li MR", False), ("Prisma Jo", False), ("Prisma fit", True)])
def test_a_model_that_repeats_a_short_name_is_left_out(model: str, kept: bool, tmp_path: Path):
    save_all(series(PatientName="Jo^Li", ManufacturerModelName=model), tmp_path / "scanner")
    [file] = import_dicom(tmp_path / "scanner", tmp_path / "bids").files
    sidecar = (tmp_path / "bids" / file).with_suffix("").with_suffix(".json").read_text(encoding="utf-8")
    assert ("ManufacturersModelName" in sidecar) == kept
