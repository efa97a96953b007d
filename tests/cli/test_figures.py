"""`brainlab figures`: files where they were asked for, and one-line errors."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from brainlab import workspace
from brainlab.cli import main
from brainlab.experiments.figures.paper_figures import FIGURES
from brainlab.files.folder_lock import place_in_use


def test_pictures_are_written_where_asked(paper_workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["figures", "flair-2", "flair-12", "--out", str(tmp_path / "pictures"), "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert files == [str(tmp_path / "pictures" / f"flair-{number}.png") for number in (2, 12)]
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == ["flair-12.png", "flair-2.png"]
    for file in files:
        with Image.open(file) as picture:
            assert picture.width == 1500
        assert Path(file).stat().st_size < 400_000


def test_of_two_that_draw_one_figure_the_second_is_refused(paper_workspace: Path, tmp_path: Path, capsys):
    out = tmp_path / "pictures"
    with place_in_use(out / "flair-2", "brainlab figures"):
        assert main(["figures", "flair-12", "flair-2", "--out", str(out)]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"error: {out / 'flair-2'}: is in use by brainlab figures, process ")
        assert [path.name for path in out.iterdir()] == [".flair-2.in-use"]
    assert not out.exists()


@pytest.mark.parametrize(
    ("names", "gone", "part"),
    [
        (["flair-3", "flair-99"], None, "no figure 'flair-99'; known are flair, dwi, ixi, slice, wei, flair-2"),
        (["flair-6"], "runs", "no run 'vae-8'"),
        (["flair-2"], "cohorts", "no cohort 'simulated'"),
    ],
)
def test_what_is_missing_is_said_in_one_line(names, gone, part, paper_workspace: Path, tmp_path: Path, capsys):
    if gone:
        shutil.rmtree(workspace.MODELS / "vae-8" if gone == "runs" else paper_workspace / "cohorts" / "simulated")
    assert main(["figures", *names, "--out", str(tmp_path / "pictures")]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {part}")
    assert said.count("\n") == 1
    assert not (tmp_path / "pictures").exists()


def test_without_a_name_all_are_listed_and_nothing_is_drawn(tmp_path, capsys):
    assert main(["figures", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (list(found["known"]), found["files"]) == (list(FIGURES), [])
    assert main(["figures"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(FIGURES)
    assert "ixi-3.16: losses by epoch (IXI thesis, figure 3.16)" in lines
    assert main(["figures", "--out", str(tmp_path / "pictures")]) == 2
    assert (
        capsys.readouterr().err
        == "error: --out: needs a name of what to make, got none; 'brainlab figures' lists them\n"
    )
