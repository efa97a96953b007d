"""What real BIDS tables and sidecars hold is understood, or left out with a note."""

import json
import os
from pathlib import Path

import pytest

from brainlab.cohort.sources.bids import BidsDataset, entities, find_root


def image(root: Path, name: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_entities_of_a_name() -> None:
    found = entities("sub-01_ses-b_run-2_echo-1_FLAIR.nii.gz")
    assert found == {"sub": "01", "ses": "b", "run": "2", "echo": "1", "suffix": "FLAIR"}
    assert entities("sub-01_acq-1.5T_FLAIR.json") == {"sub": "01", "acq": "1.5T", "suffix": "FLAIR"}


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
        (tmp_path / name).write_text(json.dumps(values), encoding="utf-8")
    assert BidsDataset(tmp_path).sidecar(scan) == {"EchoTime": 0.1, "RepetitionTime": 8, "PixelBandwidth": 300}


def test_times_in_ms_lists_and_words(tmp_path: Path) -> None:
    scan = image(tmp_path, "sub-01/anat/sub-01_FLAIR.nii.gz")
    values = {"EchoTime": 93, "RepetitionTime": [9000], "InversionTime": "2.5", "PixelBandwidth": "wide"}
    (tmp_path / "sub-01/anat/sub-01_FLAIR.json").write_text(json.dumps(values), encoding="utf-8")
    found = BidsDataset(tmp_path).describe(scan)
    assert found["echo_time_s"] == pytest.approx(0.093)
    assert found["repetition_time_s"] == pytest.approx(9)
    assert found["inversion_time_s"] == pytest.approx(2.5)
    assert found["pixel_bandwidth_hz"] is None


def test_session_and_scan_tables_win_over_the_participant(tmp_path: Path) -> None:
    scan = image(tmp_path, "sub-01/ses-b/anat/sub-01_ses-b_FLAIR.nii.gz")
    (tmp_path / "participants.tsv").write_text("participant_id\tage\tclass\nsub-01\t40\thealthy\n", encoding="utf-8")
    (tmp_path / "sub-01/sub-01_sessions.tsv").write_text("session_id\tage\nses-a\t40\nses-b\t42\n", encoding="utf-8")
    table = "filename\tclass\nanat/sub-01_ses-b_FLAIR.nii.gz\tms\n"
    (tmp_path / "sub-01/ses-b/sub-01_ses-b_scans.tsv").write_text(table, encoding="utf-8")
    dataset = BidsDataset(tmp_path)
    assert dataset.describe(scan)["age_years"] == 42
    assert dataset.row(scan)["class"] == "ms"


def test_a_row_a_visit_is_read_for_its_visit(tmp_path: Path) -> None:
    scans = [image(tmp_path, f"sub-01/ses-{k}/anat/sub-01_ses-{k}_FLAIR.nii.gz") for k in (1, 2)]
    table = "participant_id\tsession\tage\tclass\nsub-01\tses-1\t60\thealthy\nsub-01\tses-2\t65\tleuko1\n"
    (tmp_path / "participants.tsv").write_text(table, encoding="utf-8")
    dataset = BidsDataset(tmp_path)
    assert [dataset.describe(scan)["age_years"] for scan in scans] == [60, 65]
    assert [dataset.row(scan)["class"] for scan in scans] == ["healthy", "leuko1"]
    assert dataset.notes == {}


def test_what_the_sessions_table_contradicts_is_not_taken_from_the_participant(tmp_path: Path) -> None:
    scan = image(tmp_path, "sub-01/ses-b/anat/sub-01_ses-b_FLAIR.nii.gz")
    (tmp_path / "participants.tsv").write_text(
        "participant_id\tage\tclass\tsex\nsub-01\t40\thealthy\tF\n", encoding="utf-8"
    )
    (tmp_path / "sub-01/sub-01_sessions.tsv").write_text(
        "session_id\tage\tclass\nses-b\t42\tms\nses-b\t43\tms\n", encoding="utf-8"
    )
    dataset = BidsDataset(tmp_path)
    assert (dataset.describe(scan)["age_years"], dataset.describe(scan)["sex"]) == (None, "F")
    assert dataset.row(scan) == {"class": "ms", "sex": "F"}
    assert "lines 2 and 3" in dataset.notes["sub-01/sub-01_sessions.tsv"]


def test_each_table_is_read_in_the_units_of_its_own_json(tmp_path: Path) -> None:
    scans = [image(tmp_path, f"sub-0{k}/ses-b/anat/sub-0{k}_ses-b_FLAIR.nii.gz") for k in (1, 2)]
    (tmp_path / "participants.tsv").write_text("participant_id\tage\nsub-01\t480\nsub-02\t2000\n", encoding="utf-8")
    (tmp_path / "participants.json").write_text(json.dumps({"age": {"Units": "months"}}), encoding="utf-8")
    dataset = BidsDataset(tmp_path)
    assert [dataset.describe(scan)["age_years"] for scan in scans] == [40, None]
    assert (
        "'2000' is no age between 0 and 120 years (months assumed): left out (sub-02)"
        in dataset.notes["participants.tsv"]
    )
    (tmp_path / "sub-01/sub-01_sessions.tsv").write_text("session_id\tage\nses-b\t42\n", encoding="utf-8")
    (tmp_path / "sub-01/sub-01_sessions.json").write_text(json.dumps({"age": {"Units": "years"}}), encoding="utf-8")
    assert BidsDataset(tmp_path).describe(scans[0])["age_years"] == 42


@pytest.mark.parametrize("name", ["participants.csv", "participants.xlsx", "Participants.tsv"])
def test_a_table_of_another_name_is_named(tmp_path: Path, name: str) -> None:
    image(tmp_path, "sub-01/anat/sub-01_FLAIR.nii.gz")
    (tmp_path / name).write_text("participant_id,age\nsub-01,40\n", encoding="utf-8")
    assert "not read: needs participants.tsv" in BidsDataset(tmp_path).notes[name]
    (tmp_path / "participants.tsv").write_text("participant_id\tage\nsub-01\t40\n", encoding="utf-8")
    assert BidsDataset(tmp_path).notes == {}


def test_what_holds_for_many_tables_is_said_once(tmp_path: Path) -> None:
    for k in range(5):
        image(tmp_path, f"sub-{k}/anat/sub-{k}_FLAIR.nii.gz")
        (tmp_path / f"sub-{k}/sub-{k}_scans.tsv").write_text(
            "filename\ttr\ttr\nfunc/bold.nii.gz\t1\t1\n", encoding="utf-8"
        )
    dataset = BidsDataset(tmp_path)
    for k in range(5):
        dataset.row(tmp_path / f"sub-{k}/anat/sub-{k}_FLAIR.nii.gz")
    assert dataset.notes == {
        "sub-0/sub-0_scans.tsv": "the column 'tr' stands twice: not used (so in 4 more files); "
        "no row for sub-0_FLAIR.nii.gz, sub-1_FLAIR.nii.gz, sub-2_FLAIR.nii.gz and 2 more"
    }


@pytest.mark.parametrize("text", ["{not json", "[1]", "[" * 3000])
def test_broken_sidecar_is_noted_and_passed_over(text: str, tmp_path: Path) -> None:
    scan = image(tmp_path, "sub-01/anat/sub-01_FLAIR.nii.gz")
    (tmp_path / "sub-01/anat/sub-01_FLAIR.json").write_text(text, encoding="utf-8")
    dataset = BidsDataset(tmp_path)
    assert dataset.sidecar(scan) == {}
    assert dataset.notes == {"sub-01/anat/sub-01_FLAIR.json": "not a JSON object: passed over"}


def test_root_is_the_innermost_dataset(tmp_path: Path) -> None:
    scan = image(tmp_path, "study/ds1/sub-01/anat/sub-01_FLAIR.nii.gz")
    assert find_root(scan.parent, tmp_path) is None
    (tmp_path / "study/ds1/participants.tsv").write_text("participant_id\nsub-01\n", encoding="utf-8")
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
