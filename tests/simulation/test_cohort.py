"""The written dataset: the same bytes for the same seed, taken up after a kill, and nobody else's folder touched."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from brainlab.cli import main
from brainlab.errors import InputError
from brainlab.simulation import cohort as cohort_module
from brainlab.simulation.acquisition import SCANNERS, draw_scan
from brainlab.simulation.cohort import parse_classes, simulate_cohort
from brainlab.simulation.participant import CohortSettings, SimulatedScan

SETTINGS = CohortSettings(seed=5, classes=(("healthy", 2.0), ("leuko1", 1.0)))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    out = tmp_path_factory.mktemp("cohort") / "simulated"
    simulate_cohort(out, SETTINGS, 2)
    return out


def test_same_seed_gives_the_same_bytes_whatever_the_number_and_the_jobs(cohort, tmp_path):
    simulate_cohort(tmp_path / "again", SETTINGS, 3, jobs=2)
    again = contents(tmp_path / "again")
    for name, content in contents(cohort).items():
        if "/" in name and name.split("/")[-1] != "scans.tsv":
            assert again[name] == content, name


def test_a_stopped_run_is_taken_up(cohort, tmp_path):
    out = tmp_path / "stopped"
    shutil.copytree(cohort, out)
    shutil.rmtree(out / "sub-S5P00002")
    (out / ".sub-S5P00002.partial").mkdir()
    (out / "participants.tsv").unlink()
    untouched = (out / "sub-S5P00001").stat().st_mtime_ns
    simulate_cohort(out, SETTINGS, 2)
    assert contents(out) == contents(cohort)
    assert (out / "sub-S5P00001").stat().st_mtime_ns == untouched


def test_tables_say_what_images_hold(cohort):
    people = pd.read_csv(cohort / "participants.tsv", sep="\t")
    scans = pd.read_csv(cohort / "derivatives/truth/scans.tsv", sep="\t")
    assert list(people["participant_id"]) == ["sub-S5P00001", "sub-S5P00002"]
    assert set(people["class"]) <= {"healthy", "leuko1"}
    assert len(scans) == len(list(cohort.glob("sub-*/ses-*/anat/*_FLAIR.nii.gz")))
    image = nib.load(next(cohort.glob("sub-S5P00001/ses-01/anat/*.nii.gz")))
    assert image.shape == (91, 109, 91)
    mask = nib.load(next(cohort.glob("derivatives/truth/sub-S5P00001/ses-01/anat/*brain_mask.nii.gz")))
    np.testing.assert_array_equal(np.asarray(mask.dataobj) > 0, np.asarray(image.dataobj) > 0)


def test_sidecars_have_the_units_of_bids_and_say_simulated(cohort):
    sidecar = json.loads(next(cohort.glob("sub-S5P00001/ses-01/anat/*.json")).read_text())
    assert 0.05 < sidecar["EchoTime"] < 0.2
    assert 5 < sidecar["RepetitionTime"] < 15
    assert 1.5 < sidecar["InversionTime"] < 3.5
    assert 100 < sidecar["PixelBandwidth"] < 600
    assert sidecar["Simulated"] is True
    assert sidecar["SkullStripped"] is True
    assert sidecar["SpatialReference"] == "MNI152"
    description = json.loads((cohort / "dataset_description.json").read_text())
    assert "simulated" in description["GeneratedBy"][0]["Description"]
    assert description["License"] == "CC0"


def written(tmp_path):
    """Write one small scan with its truth; returns its sidecar and the folder."""
    scan = draw_scan(np.random.default_rng(0), SCANNERS[0])
    image = np.full((4, 4, 4), 100, np.float32)
    parts = {"labels": np.uint8(image / 50), "brain": np.uint8(image > 0), "lesion": np.uint8(image > 200)}
    myelin = np.linspace(0, 1, 64, dtype=np.float32).reshape(4, 4, 4)
    made = SimulatedScan("ses-01", scan, np.eye(4), image, myelin=myelin, row={}, **parts)
    cohort_module._write_scan(tmp_path, "sub-1", SETTINGS, made)
    cohort_module._write_truth(tmp_path, "sub-1", made)
    return json.loads((tmp_path / "sub-1_FLAIR.json").read_text()), made


def test_a_sidecar_holds_the_scans_own_settings(tmp_path):
    sidecar, made = written(tmp_path)
    assert sidecar["PixelBandwidth"] == made.scan.pixel_bandwidth_hz
    assert sidecar["MagneticFieldStrength"] == 1.5
    assert sidecar["SliceThickness"] == 4.0
    assert (sidecar["EchoTime"], sidecar["InversionTime"], sidecar["RepetitionTime"]) == (
        made.scan.flair.echo_time_s,
        made.scan.flair.inversion_time_s,
        made.scan.flair.repetition_time_s,
    )


def test_truth_is_read_back_as_it_was(tmp_path):
    _, made = written(tmp_path)
    for name, expected in (
        ("dseg", made.labels),
        ("desc-brain_mask", made.brain),
        ("desc-lesion_mask", made.lesion),
        ("desc-myelin_probseg", made.myelin),
    ):
        found = nib.load(tmp_path / f"sub-1_{name}.nii.gz").get_fdata()
        np.testing.assert_allclose(found, expected, atol=1 / 400 + 1e-6, err_msg=name)


def test_truth_as_a_table_only(tmp_path):
    simulate_cohort(tmp_path / "t", SETTINGS, 1, truth="table")
    assert (tmp_path / "t/derivatives/truth/scans.tsv").is_file()
    assert not list((tmp_path / "t/derivatives").rglob("*.nii.gz"))


def test_another_folder_is_left_alone(cohort, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        simulate_cohort(tmp_path, SETTINGS, 1)
    with pytest.raises(InputError, match="other settings"):
        simulate_cohort(cohort, CohortSettings(seed=6, classes=SETTINGS.classes), 1)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_classes_are_read_with_their_weights():
    assert parse_classes(["healthy", "ms:2.5"]) == (("healthy", 1.0), ("ms", 2.5))
    assert dict(CohortSettings(seed=1).classes)["healthy"] == 1855


@pytest.mark.parametrize(
    "flags",
    [
        ["--classes", "stroke"],
        ["--classes", "ms:-1"],
        ["--classes", "ms:nan"],
        ["--modalities", "T1w"],
        ["--participants", "0"],
        ["--seed", "-1"],
        ["--jobs", "0"],
    ],
)
def test_bad_flags_are_one_line(flags, tmp_path, capsys):
    base = ["simulate", str(tmp_path / "out"), "--participants", "1", "--seed", "1"]
    assert main([*base, *flags]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert flags[0] in lines[0]
    assert not (tmp_path / "out").exists()


def test_a_killed_command_leaves_nothing_half_written_and_goes_on(cohort, tmp_path):
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "brainlab", "simulate", str(out), "--participants", "2", "--seed", "5", "--json"]
    command += ["--space", "mni", "--voxel-size-mm", "2", "--classes", "healthy:2", "leuko1:1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    while process.poll() is None and not (out / "sub-S5P00001").is_dir():
        time.sleep(0.05)
    process.kill()
    process.wait()
    whole = contents(cohort)
    for name, content in contents(out).items():
        if not any(part.startswith(".") for part in name.split("/")) and name.startswith("sub-"):
            assert whole[name] == content
    finished = subprocess.run(command, capture_output=True, check=True)
    assert json.loads(finished.stdout)["participants"] == 2
    assert contents(out) == whole
