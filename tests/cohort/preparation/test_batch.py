"""A cohort is prepared scan by scan, resumed after an interruption, and written whole or not at all."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from brainlab.cli import main
from brainlab.cohort.preparation import batch
from brainlab.cohort.preparation.batch import prepare_cohort
from brainlab.cohort.preparation.prepare import PreparedScan, prepare_one
from brainlab.cohort.prepared import PreparedDataset, participant_split
from brainlab.cohort.recipes import find_recipe
from brainlab.cohort.scan_table import COLUMNS
from brainlab.cohort.sources.discovery import find_sources
from brainlab.files.folder_lock import place_in_use
from brainlab.images.provenance import Provenance
from brainlab.images.volume import Volume

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


def test_scans_on_the_template_are_not_fitted_to_it_again(make_dataset, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("brainlab.cohort.preparation.prepare.place_on_template", None)
    assert prepare_cohort(find_sources(make_dataset(1), RECIPE), tmp_path / "out", RECIPE).failed == []


def test_all_visits_of_a_person_are_in_one_split(tmp_path: Path) -> None:
    """Of a person whose visits, or files, a hash of their own would send to the other split."""
    person = next(
        name
        for name in (f"sub-{number}" for number in range(5000))
        if participant_split(name) == "train"
        and participant_split(f"{name}ses-1") == "test"
        and participant_split(f"{name}/ses-1/anat/{name}_ses-1_FLAIR.nii.gz") == "test"
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
        (["--recipe", "t1-cube-32"], "recipe 't1-cube-32' is not known; choose one of"),
        (["--recipe", "flair-40", "--jobs", "0"], "--jobs: needs at least 1, got 0"),
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


@pytest.fixture
def quick_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the images of 1 mm, which take seconds, be empty files."""

    def write(folder: Path, scan: PreparedScan, origin: Provenance) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "mni_mask.nii.gz").touch()

    monkeypatch.setattr(batch, "write_intermediate", write)


@pytest.fixture
def heads(tmp_path: Path) -> Path:
    """A folder with two scans on the recipe's own grid, one of them with a missing value."""
    folder = tmp_path / "heads"
    folder.mkdir()
    for name in ("a", "b"):
        values = np.random.default_rng(ord(name)).random(RECIPE.shape, dtype=np.float32)
        values[0, 0, 0] = np.nan if name == "a" else 0.5
        Volume(values, RECIPE.affine).save(folder / f"{name}.nii")
    return folder


def stop_before_writing(folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prepare the scans of a folder and end as a killed run does."""

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr(batch, "write_prepared", kill)
        with pytest.raises(KeyboardInterrupt):
            prepare_cohort(find_sources(folder, RECIPE), out, RECIPE)


def test_values_are_stored_to_the_nearest_grey_level(heads: Path, tmp_path: Path) -> None:
    prepare_cohort(find_sources(heads, RECIPE), tmp_path / "out", RECIPE)
    expected = Volume.load(heads / "b.nii").data
    np.testing.assert_array_equal(PreparedDataset.open(tmp_path / "out").volumes[1], np.rint(expected * 255))


def test_a_resumed_run_keeps_its_warnings(heads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = prepare_cohort(find_sources(heads, RECIPE), tmp_path / "whole", RECIPE)
    stop_before_writing(heads, tmp_path / "out", monkeypatch)
    resumed = prepare_cohort(find_sources(heads, RECIPE), tmp_path / "out", RECIPE)
    assert resumed.warnings == whole.warnings
    assert [note["reason"][:33] for note in resumed.warnings if note["path"] == "a.nii"] == [
        "1 voxel without a finite number: "
    ]


def test_a_file_that_changed_is_prepared_again(heads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_before_writing(heads, tmp_path / "out", monkeypatch)
    changed = np.random.default_rng(5).random(RECIPE.shape, dtype=np.float32)
    Volume(changed, RECIPE.affine).save(heads / "b.nii")
    prepare_cohort(find_sources(heads, RECIPE), tmp_path / "out", RECIPE)
    np.testing.assert_array_equal(PreparedDataset.open(tmp_path / "out").volumes[1], np.rint(changed * 255))


def test_a_series_whose_b_values_changed_is_prepared_again(
    heads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = np.random.default_rng(5).random((*RECIPE.shape, 2), dtype=np.float32)
    nib.save(nib.Nifti1Image(plain, RECIPE.affine), heads / "b.nii")
    (heads / "b.bval").write_text("1000 0", encoding="utf-8")
    stop_before_writing(heads, tmp_path / "out", monkeypatch)
    (heads / "b.bval").write_text("0 1000 ", encoding="utf-8")
    prepare_cohort(find_sources(heads, RECIPE), tmp_path / "out", RECIPE)
    stored = PreparedDataset.open(tmp_path / "out").volumes[1]
    np.testing.assert_array_equal(stored, np.rint(plain[..., 0] * 255))


def test_a_resumed_run_makes_the_intermediate_images_that_it_is_asked_for(
    heads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_pictures: None
) -> None:
    stop_before_writing(heads, tmp_path / "out", monkeypatch)
    prepare_cohort(find_sources(heads, RECIPE), tmp_path / "out", RECIPE, keep_intermediate=True)
    assert (tmp_path / "out" / "intermediate" / "b" / "mni_mask.nii.gz").is_file()


def test_a_simulated_cohort_stays_one(make_dataset: Callable[..., Path], tmp_path: Path) -> None:
    root = make_dataset(1, sidecar={"Simulated": True})
    prepare_cohort(find_sources(root, RECIPE), tmp_path / "out", RECIPE)
    assert PreparedDataset.open(tmp_path / "out").origin.all_simulated


def test_full_disk_is_one_line(
    make_dataset: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert main(["prepare", str(make_dataset(1)), str(tmp_path / "out"), "--recipe", "flair-40"]) == 2
    advice = "free some and run again; finished scans are kept"
    assert capsys.readouterr().err == f"error: {tmp_path / 'out'}: No space left on device; {advice}\n"
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


@pytest.mark.parametrize("error", [KeyError("x"), OSError(36, "File name too long"), EOFError(), MemoryError()])
def test_no_error_of_one_scan_ends_the_batch(
    make_dataset: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail_once(path, *rest):
        if "sub-00" in path.name:
            raise error
        return prepare_one(path, *rest)

    monkeypatch.setattr(batch, "prepare_one", fail_once)
    report = prepare_cohort(find_sources(make_dataset(2), RECIPE), tmp_path / "out", RECIPE)
    assert report.scans == 1
    assert report.failed[0]["reason"].startswith(type(error).__name__)


def test_equal_voxels_of_two_people_count_once(make_dataset: Callable[..., Path], tmp_path: Path) -> None:
    root = make_dataset(3)
    first, second = (root / f"sub-0{n}" / "anat" / f"sub-0{n}_FLAIR.nii.gz" for n in (0, 1))
    Volume.load(first).save(second, axes="LPS")
    assert first.read_bytes() != second.read_bytes()
    for _ in range(2):  # the second one replaces the first, since it is of the same scans
        report = prepare_cohort(find_sources(root, RECIPE), tmp_path / "out", RECIPE)
        assert (report.scans, report.failed) == (2, [])
        note = report.warnings[0]
        assert note["path"] == "sub-01/anat/sub-01_FLAIR.nii.gz"
        assert "the same voxels as sub-00/anat/sub-00_FLAIR.nii.gz, which is taken as sub-00 healthy" in note["reason"]
        assert list(PreparedDataset.open(tmp_path / "out").scans["participant"]) == ["sub-00", "sub-02"]


def test_another_prepared_dataset_is_not_replaced(
    make_dataset: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    one, two, out = make_dataset(2, "one"), make_dataset(3, "two"), tmp_path / "out"
    command = ["prepare", str(two), str(out), "--recipe", "flair-40"]
    assert main(command) == 0
    kept = PreparedDataset.open(out).sha256
    assert main(["prepare", str(one), *command[2:]]) == 2
    error = capsys.readouterr().err
    assert f"error: {out}: holds a prepared dataset with 1 of 3 scans that are not among the new ones" in error
    assert "give --overwrite" in error
    assert main([*command, "--dtype", "float16"]) == 2
    assert "made in another way (flair-40, uint8)" in capsys.readouterr().err
    assert PreparedDataset.open(out).sha256 == kept
    assert main(["prepare", str(one), *command[2:], "--overwrite"]) == 0
    assert len(PreparedDataset.open(out)) == 2


def test_what_its_user_changed_is_not_replaced(
    make_dataset: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """The table may be corrected (docs/cohort-tables.md), and files may be put beside it."""
    out = tmp_path / "out"
    command = ["prepare", str(make_dataset(2, "one")), str(out), "--recipe", "flair-40"]
    assert main(command) == 0
    assert main(command) == 0
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    assert main(command) == 2
    assert "with files of your own, such as notes.txt; choose another place" in capsys.readouterr().err
    (out / "notes.txt").unlink()
    later = (out / "recipe.json").stat().st_mtime + 60
    os.utime(out / "scans.tsv", (later, later))
    assert main(command) == 2
    assert "whose scans.tsv was changed since" in capsys.readouterr().err
    assert main([*command, "--overwrite"]) == 0


def test_a_link_to_another_disk_stays_one_and_the_folder_one_is_in_is_refused(
    make_dataset: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, disk = make_dataset(2, "one"), tmp_path / "disk"
    disk.mkdir()
    (tmp_path / "out").symlink_to(disk)
    assert main(["prepare", str(root), str(tmp_path / "out"), "--recipe", "flair-40"]) == 0
    assert (tmp_path / "out").is_symlink()
    assert len(PreparedDataset.open(disk)) == 2
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert main(["prepare", str(root), ".", "--recipe", "flair-40"]) == 2
    assert "is the folder you are in" in capsys.readouterr().err


def test_a_second_run_into_one_place_is_refused(
    make_dataset: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    with place_in_use(out, "brainlab prepare"):
        assert main(["prepare", str(make_dataset(2, "one")), str(out), "--recipe", "flair-40"]) == 2
    assert f"error: {out}: is in use by brainlab prepare" in capsys.readouterr().err


def test_what_was_found_is_said_on_stderr_before_the_work(
    make_dataset: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    root = make_dataset(1)
    for number in range(2, 10):
        (root / "sub-00" / "anat" / f"sub-00_run-{number}_FLAIR.nii.gz").touch()
    (root / "sub-00" / "anat" / "sub-00_T1w.nii.gz").touch()
    told = []
    monkeypatch.setattr(
        batch, "prepare_one", lambda *rest: (told.append(capsys.readouterr().err), prepare_one(*rest))[1]
    )
    assert main(["prepare", str(root), str(tmp_path / "out"), "--recipe", "flair-40", "--json"]) == 0
    lines = told[0].splitlines()
    assert lines[0] == "scans to prepare: 1"
    assert lines[1].startswith("left out: .: 1 T1w")
    assert lines[-1] == "left out: 4 more; --json lists all"
    assert len(json.loads(capsys.readouterr().out)["warnings"]) == 9


def test_a_long_path_keeps_its_intermediate_images(
    make_dataset: Callable[..., Path], tmp_path: Path, quick_pictures: None
) -> None:
    root = make_dataset(1)
    deep = root / "sub-00" / ("x" * 150) / ("y" * 150)
    deep.mkdir(parents=True)
    for name in ("sub-00_FLAIR.nii.gz", "sub-00_FLAIR.json"):
        (root / "sub-00" / "anat" / name).rename(deep / name)
    report = prepare_cohort(find_sources(root, RECIPE), tmp_path / "out", RECIPE, keep_intermediate=True)
    assert (report.scans, report.failed) == (1, [])
    (folder,) = (tmp_path / "out" / "intermediate").iterdir()
    assert len(folder.name) == 255


def test_a_damaged_kept_scan_is_made_again(heads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_before_writing(heads, tmp_path / "out", monkeypatch)
    for kept in tmp_path.glob(".out.work-*/*.npz"):
        kept.write_bytes(kept.read_bytes()[:100])
    assert prepare_cohort(find_sources(heads, RECIPE), tmp_path / "out", RECIPE).scans == 2


@pytest.mark.parametrize(
    ("recipe", "held", "recorded"),
    [
        ("flair-40", ["FLAIR"], ["FLAIR"]),
        ("flair-40", ["T2w", "FLAIR", "T1w"], ["FLAIR", "T1w", "T2w"]),
        ("flair-40", ["T1w"], ["T1w"]),
        ("flair-40", [], ["FLAIR"]),
        ("flair-synthesis", ["T1w"], list(find_recipe("flair-synthesis").modalities)),
    ],
)
def test_the_record_names_the_sequences_that_the_scans_are_of(
    recipe: str, held: list[str], recorded: list[str]
) -> None:
    """Files named by hand (`--include`) may be of others than the recipe is made for."""
    record = batch._record(find_recipe(recipe), frozenset({"prepared"}), held)
    assert record["modalities"] == recorded
