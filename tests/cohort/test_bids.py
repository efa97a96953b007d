"""What real BIDS tables and sidecars hold is understood, or left out with a note."""

import json
import os
from pathlib import Path

import pytest

from brainlab.cohort.bids import BidsDataset, age_in_years, entities, find_root, read_table, sex_letter


def image(root: Path, name: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("34", 34), ("34.5", 34.5), ("89+", 89), (">89", 89), ("20-25", 22.5), ("20 – 25", 22.5), ("034Y", 34),
        ("18M", 1.5), ("41,5", 41.5), ("n.k.", None), ("old", None), ("1970", None),
    ],
)  # fmt: skip
def test_ages(text: str, years: float | None) -> None:
    assert age_in_years(text) == years


def test_sexes() -> None:
    words = ("F", "female", "Male", "m", "D", "other", "1", "?")
    assert [sex_letter(word) for word in words] == ["F", "F", "M", "M", "O", "O", None, None]
    assert sex_letter("1", {"1": "Male", "2": "Female"}) == "M"


def test_entities_of_a_name() -> None:
    found = entities("sub-01_ses-b_run-2_echo-1_FLAIR.nii.gz")
    assert found == {"sub": "01", "ses": "b", "run": "2", "echo": "1", "suffix": "FLAIR"}
    assert entities("sub-01_acq-1.5T_FLAIR.json") == {"sub": "01", "acq": "1.5T", "suffix": "FLAIR"}


def test_table_with_mark_windows_lines_and_missing_cells(tmp_path: Path) -> None:
    path = tmp_path / "participants.tsv"
    path.write_bytes(b"\xef\xbb\xbfparticipant_id\tAge\tGender\r\nsub-01\t89+\tn/a\r\nsub-02\tN/A\tD\r\n\r\n")
    assert read_table(path) == [{"participant_id": "sub-01", "age": "89+"}, {"participant_id": "sub-02", "gender": "D"}]
    path.write_bytes("participant_id,name\nsub-01,Jörg\n".encode("latin-1"))
    assert read_table(path) == [{"participant_id": "sub-01", "name": "Jörg"}]
    path.write_bytes(b"")
    assert read_table(path) == []


def test_closer_sidecar_wins_and_only_fitting_ones_count(tmp_path: Path) -> None:
    scan = image(tmp_path, "sub-01/ses-a/anat/sub-01_ses-a_run-1_FLAIR.nii.gz")
    places = {
        "FLAIR.json": {"EchoTime": 0.1, "RepetitionTime": 9, "PixelBandwidth": 100},
        "T1w.json": {"EchoTime": 0.004},
        "sub-01/sub-01_FLAIR.json": {"RepetitionTime": 8},
        "sub-01/ses-a/anat/sub-01_ses-a_FLAIR.json": {"PixelBandwidth": 200},
        "sub-01/ses-a/anat/sub-01_ses-a_run-1_FLAIR.json": {"PixelBandwidth": 300},
        "sub-01/ses-a/anat/sub-01_ses-a_run-2_FLAIR.json": {"PixelBandwidth": 400},
    }
    for name, values in places.items():
        (tmp_path / name).write_text(json.dumps(values))
    assert BidsDataset(tmp_path).sidecar(scan) == {"EchoTime": 0.1, "RepetitionTime": 8, "PixelBandwidth": 300}


def test_times_in_ms_lists_and_words(tmp_path: Path) -> None:
    scan = image(tmp_path, "sub-01/anat/sub-01_FLAIR.nii.gz")
    values = {"EchoTime": 93, "RepetitionTime": [9000], "InversionTime": "2.5", "PixelBandwidth": "wide"}
    (tmp_path / "sub-01/anat/sub-01_FLAIR.json").write_text(json.dumps(values))
    found = BidsDataset(tmp_path).describe(scan)
    assert found["echo_time_s"] == pytest.approx(0.093)
    assert found["repetition_time_s"] == pytest.approx(9)
    assert found["inversion_time_s"] == pytest.approx(2.5)
    assert found["pixel_bandwidth_hz"] is None


def test_session_and_scan_tables_win_over_the_participant(tmp_path: Path) -> None:
    scan = image(tmp_path, "sub-01/ses-b/anat/sub-01_ses-b_FLAIR.nii.gz")
    (tmp_path / "participants.tsv").write_text("participant_id\tage\tclass\nsub-01\t40\thealthy\n")
    (tmp_path / "sub-01/sub-01_sessions.tsv").write_text("session_id\tage\nses-a\t40\nses-b\t42\n")
    table = "filename\tclass\nanat/sub-01_ses-b_FLAIR.nii.gz\tms\n"
    (tmp_path / "sub-01/ses-b/sub-01_ses-b_scans.tsv").write_text(table)
    dataset = BidsDataset(tmp_path)
    assert dataset.describe(scan)["age_years"] == 42
    assert dataset.row(scan)["class"] == "ms"


def test_broken_sidecar_is_noted_and_passed_over(tmp_path: Path) -> None:
    scan = image(tmp_path, "sub-01/anat/sub-01_FLAIR.nii.gz")
    (tmp_path / "sub-01/anat/sub-01_FLAIR.json").write_text("{not json")
    dataset = BidsDataset(tmp_path)
    assert dataset.sidecar(scan) == {}
    assert dataset.notes == {"sub-01/anat/sub-01_FLAIR.json": "not a JSON object: passed over"}


def test_root_is_the_innermost_dataset(tmp_path: Path) -> None:
    scan = image(tmp_path, "study/ds1/sub-01/anat/sub-01_FLAIR.nii.gz")
    assert find_root(scan.parent, tmp_path) is None
    (tmp_path / "study/ds1/participants.tsv").write_text("participant_id\nsub-01\n")
    assert find_root(scan.parent, tmp_path) == tmp_path / "study/ds1"


@pytest.mark.realdata
def test_public_examples() -> None:
    """Age and sex of a public dataset with columns `Age` and `Gender` are read."""
    folder = os.environ.get("BRAINLAB_REALDATA")
    if not folder or not (Path(folder) / "bids-examples" / "ds009").is_dir():
        pytest.skip("BRAINLAB_REALDATA does not name a folder with bids-examples/ds009")
    root = Path(folder) / "bids-examples" / "ds009"
    scan = next(root.glob("sub-03/anat/*T1w.nii.gz"))
    found = BidsDataset(root).describe(scan)
    assert (found["participant"], found["age_years"], found["sex"]) == ("sub-03", 22, "M")
