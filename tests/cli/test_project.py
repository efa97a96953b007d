"""`brainlab project`: the files, the error, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brainlab.cli import main
from brainlab.runs.run import load_run

FEW = ("--steps", "30", "--learning-rate", "0.3", "--device", "cpu")


@pytest.fixture
def run(style_workspace):
    return style_workspace / "runs" / "tiny-gan"


def told(capsys, *words):
    assert main([*map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys, *words):
    assert main([*map(str, words)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


def pixels(path):
    return np.asarray(Image.open(path), dtype=float)


def test_a_picture_is_projected_and_shown_beside_its_projection(run, tmp_path, capsys):
    (own,) = told(capsys, "sample", run, tmp_path / "own", "--n", 1, "--seed", 4)["files"]
    result = told(capsys, "project", run, own, tmp_path / "out", *FEW)
    stem = tmp_path / "out" / "sample-0000"
    kinds = ("target.png", "projection.png", "difference.png", "styles.npy")
    assert result["files"] == [f"{stem}_{kind}" for kind in kinds]
    target, projection, difference = (pixels(path) for path in result["files"][:3])
    assert np.array_equal(target, pixels(own))
    assert np.abs(difference - (255 + projection - target) / 2).max() <= 1
    assert result["mse"] == pytest.approx(np.square((projection - target) / 255).mean(), abs=1e-4)
    assert result["mse_per_image"] == [result["mse"]]
    styles = np.load(result["files"][3])
    chosen = load_run(run)
    assert styles.shape == chosen.style_shape
    shown = 255 * chosen.grid.view(chosen.from_styles(styles[None])[0])
    assert np.abs(shown - projection).max() <= 0.51


def test_the_scans_of_a_split_are_projected_and_none_twice_alike(run, style_workspace, tmp_path, capsys):
    data = style_workspace / "cohorts" / "axial"
    words = ("project", run, data, tmp_path / "out", "--steps", "2", "--space", "w+", "--device", "cpu")
    result = told(capsys, *words)
    stems = {Path(name).name.rpartition("_")[0] for name in result["files"]}
    assert len(stems) == len(result["mse_per_image"]) > 16, "more than one part"
    assert result["mse"] == pytest.approx(np.mean(result["mse_per_image"]))
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert told(capsys, *words, "--overwrite")["mse"] == result["mse"], "nothing is drawn"
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_a_picture_that_had_to_be_fitted_is_told(run, tmp_path, capsys):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (100, 90)).astype(np.uint8)).save(tmp_path / "a.jpg")
    (warning,) = told(capsys, "project", run, tmp_path / "a.jpg", tmp_path / "out", *FEW)["warnings"]
    assert warning.startswith(f"{tmp_path / 'a.jpg'}: fitted to the run's frame")


def test_people_read_a_summary_and_where_the_files_are(run, tmp_path, capsys):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (100, 90)).astype(np.uint8)).save(tmp_path / "a.jpg")
    words = ("project", run, tmp_path / "a.jpg", tmp_path / "out", "--steps", "1", "--device", "cpu")
    assert main([*map(str, words)]) == 0
    warning, summary, files = capsys.readouterr().out.splitlines()
    assert warning.startswith("warning  ")
    assert summary.startswith("1 slice projected into w, mean squared error 0.")
    assert files == f"4 files written to {tmp_path / 'out'}: a_target.png to a_styles.npy"


def test_help_names_the_endings_and_the_space_that_is_taken(capsys):
    with pytest.raises(SystemExit):
        main(["project", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert all(ending in said for ending in (".png", ".jpeg", ".tiff", ".nii.gz"))
    assert "(w+; default: w)" in said


def test_what_cannot_be_is_one_line(run, tiny_workspace, tmp_path, capsys):
    said = refused(capsys, "project", tiny_workspace / "runs" / "tiny-vae", tmp_path, tmp_path / "out")
    assert said == "error: tiny-vae: vae-8 has no styles (ability 'styles'); choose a run that has it\n"
    assert "needs a prepared dataset, a slice or a folder" in refused(capsys, "project", run, tmp_path, tmp_path / "o")
    (tmp_path / "a.png").write_text("text", encoding="utf-8")
    assert "a.png: cannot be read as a picture" in refused(capsys, "project", run, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    Image.new("L", (64, 64)).save(tmp_path / "b.png")
    said = refused(capsys, "project", run, tmp_path / "b.png", tmp_path / "out", "--split", "test")
    assert said.startswith("error: --split test: needs a prepared dataset, got files in ")
    with pytest.raises(SystemExit):
        main(["project", str(run), str(tmp_path), str(tmp_path / "out"), "--steps", "-1"])
    assert "--steps: needs 0 or more, got -1" in capsys.readouterr().err
