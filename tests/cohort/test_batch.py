"""A cohort is prepared scan by scan, resumed after an interruption, and written whole or not at all."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from brainlab.cli import main
from brainlab.cohort import batch
from brainlab.cohort.batch import intermediate_name, prepare_cohort
from brainlab.cohort.prepare import prepare_one
from brainlab.cohort.prepared import PreparedDataset, participant_split
from brainlab.cohort.recipes import find_recipe
from brainlab.cohort.scan_table import COLUMNS
from brainlab.cohort.sources import find_sources
from brainlab.volume import Volume

RECIPE = find_recipe("flair-40")


def test_command_end_to_end(make_dataset: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    root, out = make_dataset(3), tmp_path / "out"
    (root / "sub-02" / "anat" / "sub-02_FLAIR.nii.gz").write_bytes(b"<html>")
    code = main(["prepare", str(root), str(out), "--recipe", "flair-40", "--keep-intermediate", "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert code == 0
    assert (printed["scans"], printed["shape"], printed["warnings"]) == (2, [40, 48, 40], [])
    failure = printed["failed"][0]
    assert (failure["path"], failure["stage"]) == ("sub-02/anat/sub-02_FLAIR.nii.gz", "read")
    assert failure["reason"].startswith("a saved web page")
    assert 0 < printed["seconds_per_scan"] < 5
    dataset = PreparedDataset.open(out)
    assert tuple(dataset.scans.columns) == COLUMNS
    first = dataset.scans.iloc[0]
    assert (first["participant"], first["class"], first["age_years"], first["sex"]) == ("sub-00", "healthy", 30, "F")
    assert (first["echo_time_s"], first["split"]) == (0.1, participant_split("sub-00"))
    assert not dataset.simulated
    folder = out / "intermediate" / "sub-00__anat__sub-00_FLAIR"
    assert sorted(path.name for path in folder.iterdir()) == [
        "brain_mask_native.nii.gz",
        "mni.nii.gz",
        "mni_mask.nii.gz",
    ]
    assert Volume.load(folder / "mni.nii.gz").data.shape == (182, 218, 182)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bids", "out"]


def test_all_visits_of_a_person_are_in_one_split(tmp_path: Path) -> None:
    """Of a person whose visits a hash of their own would send to the other split."""
    person = next(
        name
        for name in (f"sub-{number}" for number in range(500))
        if participant_split(name) == "train" and participant_split(f"{name}ses-1") == "test"
    )
    for session in ("ses-1", "ses-2"):
        scan = tmp_path / "bids" / person / session / "anat" / f"{person}_{session}_FLAIR.nii.gz"
        scan.parent.mkdir(parents=True)
        grey = np.random.default_rng(int(session[-1])).random(RECIPE.shape, dtype=np.float32)
        Volume(grey, RECIPE.affine).save(scan)
    prepare_cohort(find_sources(tmp_path / "bids", RECIPE), tmp_path / "out", RECIPE)
    scans = PreparedDataset.open(tmp_path / "out").scans
    assert scans[["session", "split"]].to_numpy().tolist() == [["ses-1", "train"], ["ses-2", "train"]]


def test_nothing_got_through(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.nii").write_bytes(b"")
    code = main(["prepare", str(tmp_path / "src"), str(tmp_path / "out"), "--recipe", "flair-40", "--json"])
    assert code == 2
    assert json.loads(capsys.readouterr().out)["scans"] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["src"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--recipe", "t1-cube-64"], "recipe 't1-cube-64' is not known; choose one of"),
        (["--recipe", "flair-40", "--jobs", "0"], "--jobs 0"),
        (["--recipe", "flair-40", "--labels", "site"], "--labels site"),
        (["--recipe", "flair-40", "--include", "*.mgz"], "no image"),
    ],
)
def test_bad_flags(
    make_dataset: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture, flags: list[str], message: str
) -> None:
    assert main(["prepare", str(make_dataset(1)), str(tmp_path / "out"), *flags]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1


def test_interrupted_run_goes_on_where_it_stopped(
    make_dataset: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, out = find_sources(make_dataset(3), RECIPE), tmp_path / "out"
    seen: list[str] = []

    def counted(path, *rest):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(path.name)
        return prepare_one(path, *rest)

    monkeypatch.setattr(batch, "prepare_one", counted)
    with pytest.raises(KeyboardInterrupt):
        prepare_cohort(found, out, RECIPE)
    assert not out.exists()
    assert len(seen) == 2
    seen.clear()
    report = prepare_cohort(found, out, RECIPE)
    assert seen == ["sub-02_FLAIR.nii.gz"]
    assert report.scans == 3
    monkeypatch.undo()
    whole = prepare_cohort(found, tmp_path / "whole", RECIPE)
    assert whole.scans == 3
    assert PreparedDataset.open(out).sha256 == PreparedDataset.open(tmp_path / "whole").sha256


def test_full_disk_is_one_line(
    make_dataset: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path / "out"))

    monkeypatch.setattr(np, "savez", full)
    assert main(["prepare", str(make_dataset(1)), str(tmp_path / "out"), "--recipe", "flair-40"]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path / 'out'}: No space left on device\n"
    assert not (tmp_path / "out").exists()


def test_whatever_a_scan_does_the_others_go_on(
    make_dataset: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_sources(make_dataset(2), RECIPE)

    def sometimes(path, *rest):
        if "sub-00" in path.name:
            raise RuntimeError("itk::ERROR\n  over many\n  lines")
        return prepare_one(path, *rest)

    monkeypatch.setattr(batch, "prepare_one", sometimes)
    report = prepare_cohort(found, tmp_path / "out", RECIPE)
    assert report.scans == 1
    assert report.failed[0]["stage"] == "register"
    assert "\n" not in report.failed[0]["reason"]


def test_processes_give_the_same(make_dataset: Callable[..., Path], tmp_path: Path) -> None:
    found = find_sources(make_dataset(3), RECIPE)
    prepare_cohort(found, tmp_path / "one", RECIPE)
    prepare_cohort(found, tmp_path / "two", RECIPE, jobs=2)
    one, two = PreparedDataset.open(tmp_path / "one"), PreparedDataset.open(tmp_path / "two")
    assert one.sha256 == two.sha256


def test_names_of_intermediate_folders() -> None:
    assert intermediate_name("ms/patient01/study1_FLAIR.nii.gz") == "ms__patient01__study1_FLAIR"
    assert intermediate_name("scan.nii") == "scan"
