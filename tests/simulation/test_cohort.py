"""The written dataset: the same bytes for the same seed, taken up after a kill, and nobody else's folder touched."""

import dataclasses
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
from brainlab.cohort.sources.discovery import find_sources
from brainlab.errors import InputError
from brainlab.files.folder_lock import folder_in_use
from brainlab.simulation.cohort import parse_classes, simulate_cohort
from brainlab.simulation.participant import CohortSettings
from brainlab.simulation.sequences.registry import SEQUENCES
from brainlab.workers.workers import Workers

SETTINGS = CohortSettings(seed=5, classes=(("healthy", 2.0), ("leuko1", 1.0)))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    out = tmp_path_factory.mktemp("cohort") / "simulated"
    simulate_cohort(out, SETTINGS, 2)
    return out


def test_same_seed_gives_the_same_bytes_whatever_the_number_and_the_jobs(cohort, tmp_path):
    simulate_cohort(tmp_path / "again", SETTINGS, 3, workers=Workers(jobs=2))
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
    sidecar = json.loads(next(cohort.glob("sub-S5P00001/ses-01/anat/*.json")).read_text(encoding="utf-8"))
    assert 0.05 < sidecar["EchoTime"] < 0.2
    assert 5 < sidecar["RepetitionTime"] < 15
    assert 1.5 < sidecar["InversionTime"] < 3.5
    assert 100 < sidecar["PixelBandwidth"] < 600
    assert sidecar["Simulated"] is True
    assert sidecar["SkullStripped"] is True
    assert sidecar["SpatialReference"] == "MNI152"
    description = json.loads((cohort / "dataset_description.json").read_text(encoding="utf-8"))
    assert "simulated" in description["GeneratedBy"][0]["Description"]
    assert description["License"] == "CC0"


def test_truth_as_a_table_only(tmp_path):
    simulate_cohort(tmp_path / "t", SETTINGS, 1, truth="table")
    assert (tmp_path / "t/derivatives/truth/scans.tsv").is_file()
    assert not list((tmp_path / "t/derivatives").rglob("*.nii.gz"))


def test_another_folder_is_left_alone(cohort, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="not empty"):
        simulate_cohort(tmp_path, SETTINGS, 1)
    others = dataclasses.replace(SETTINGS, seed=6, classes=(("ms", 2.0),), stroke_share=0.5)
    classes = " ".join(f"{name}:{weight}" for name, weight in SETTINGS.classes)
    told = f"--seed 5 there, 6 here, --classes {classes} there, ms:2.0 here, --acute-stroke 0.0 there, 0.5 here;"
    with pytest.raises(InputError, match=f"other settings: {told}"):
        simulate_cohort(cohort, others, 1)
    with pytest.raises(InputError, match="other settings: --sites all there, C here;"):
        simulate_cohort(cohort, dataclasses.replace(SETTINGS, sites=("C",)), 1)
    parameters = json.loads((cohort / "dataset_description.json").read_text(encoding="utf-8"))["GeneratedBy"][0][
        "Parameters"
    ]
    assert "sites" not in parameters, "cohorts made before sites could be chosen are taken up"
    old = tmp_path / "old"
    old.mkdir()
    description = json.loads((cohort / "dataset_description.json").read_text(encoding="utf-8"))
    del description["GeneratedBy"][0]["Parameters"]["simulator"]
    (old / "dataset_description.json").write_text(json.dumps(description), encoding="utf-8")
    with pytest.raises(InputError, match="older simulator"):
        simulate_cohort(old, SETTINGS, 1)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_classes_are_read_with_their_weights():
    assert parse_classes(["healthy", "ms:2.5"]) == (("healthy", 1.0), ("ms", 2.5))
    assert dict(CohortSettings(seed=1).classes)["healthy"] == 1855


@pytest.mark.parametrize(
    "flags",
    [
        ["--classes", "stroke"],
        ["--classes", "ms:-1"],
        ["--classes", "ms:nan"],
        ["--modalities", "T3w"],
        ["--modalities", "T1w", "FLAIR", "T1w"],
        ["--sites", "F"],
        ["--sites", "C", "D", "C"],
        ["--acute-stroke", "1.5"],
        ["--acute-stroke", "nan"],
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
    with pytest.raises(InputError, match=r"is not whole: brainlab simulate was stopped there; run it again as before"):
        find_sources(out, "flair-40")
    finished = subprocess.run(command, capture_output=True, check=True)
    assert json.loads(finished.stdout)["participants"] == 2
    assert contents(out) == whole


@pytest.fixture(scope="module")
def every_modality(tmp_path_factory):
    out = tmp_path_factory.mktemp("every") / "simulated"
    settings = CohortSettings(seed=5, classes=(("healthy", 1.0),), modalities=tuple(SEQUENCES), stroke_share=1.0)
    return out, simulate_cohort(out, settings, 1)


def test_each_sequence_of_a_visit_is_counted_as_a_scan(every_modality, cohort):
    out, report = every_modality
    assert (report["participants"], report["scans"]) == (1, len(SEQUENCES))
    assert len(pd.read_csv(out / "derivatives/truth/scans.tsv", sep="\t")) == 1
    assert "FLAIR, T1w" in (out / "README").read_text(encoding="utf-8")


def test_preparation_finds_every_sequence_by_its_name(every_modality):
    out, _ = every_modality
    for name, sequence in SEQUENCES.items():
        (source,) = find_sources(out, "flair-40", include=f"*{sequence.stem('ses-01')}.nii.gz").scans
        assert source.details["modality"] == (name if name == "T1SE" else sequence.suffix or name)
        assert source.in_template_space
        assert source.simulated
        assert source.details["stroke_volume_ml"] > 0
    assert [scan.details["modality"] for scan in find_sources(out, "flair-40").scans] == ["FLAIR"]


def test_the_flair_is_the_same_file_whatever_else_is_asked_for(every_modality, tmp_path):
    out, _ = every_modality
    alone = CohortSettings(seed=5, classes=(("healthy", 1.0),), stroke_share=1.0)
    simulate_cohort(tmp_path / "alone", alone, 1, truth="table")
    relative = "sub-S5P00001/ses-01/anat/sub-S5P00001_ses-01_FLAIR.nii.gz"
    assert (tmp_path / "alone" / relative).read_bytes() == (out / relative).read_bytes()


def test_volumes_of_infarcts_stand_in_the_table_of_a_cohort_with_some(every_modality, cohort):
    out, _ = every_modality
    scans = pd.read_csv(out / "derivatives/truth/scans.tsv", sep="\t")
    mask = nib.load(next(out.glob("derivatives/truth/sub-*/ses-01/anat/*desc-stroke_mask.nii.gz")))
    template_ml = np.asarray(mask.dataobj).sum() * 0.008
    assert template_ml / scans["template_volume_ratio"][0] == pytest.approx(scans["stroke_volume_ml"][0], abs=0.01)
    assert "stroke_volume_ml" not in pd.read_csv(cohort / "derivatives/truth/scans.tsv", sep="\t")


def test_what_bids_has_no_name_for_is_ignored_by_its_validator(every_modality, cohort):
    out, _ = every_modality
    assert (out / ".bidsignore").read_text(encoding="utf-8").split() == ["*_DIR.*", "*_RD.*", "*_AD.*", "*_DVR.*"]
    assert not (cohort / ".bidsignore").exists()


def test_no_sequence_at_all_is_refused(tmp_path):
    with pytest.raises(InputError, match="--modalities: needs at least one of FLAIR"):
        simulate_cohort(tmp_path / "out", CohortSettings(seed=1, modalities=()), 1)


def test_a_second_simulation_in_one_folder_is_refused(cohort, tmp_path):
    out = tmp_path / "two"
    shutil.copytree(cohort, out)
    with (
        folder_in_use(out, "brainlab simulate"),
        pytest.raises(InputError, match="two: is in use by brainlab simulate"),
    ):
        simulate_cohort(out, SETTINGS, 3)
    assert contents(out) == contents(cohort)


def test_whom_a_kill_left_without_images_no_table_lists(cohort, tmp_path):
    """Of a person the truth comes before the images; fewer people may be asked for the next time."""
    out = tmp_path / "fewer"
    shutil.copytree(cohort, out)
    shutil.rmtree(out / "sub-S5P00002")
    (out / "derivatives/truth/.sub-S5P00003.partial").mkdir()
    simulate_cohort(out, SETTINGS, 1)
    assert list(pd.read_csv(out / "participants.tsv", sep="\t")["participant_id"]) == ["sub-S5P00001"]
    assert not list(out.rglob("*.partial"))
