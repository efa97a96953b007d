"""`brainlab tables`: what there is, tables as text, JSON and files, and one-line errors."""

import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

from brainlab import workspace
from brainlab.cli import main
from brainlab.files.folder_lock import place_in_use


@pytest.fixture
def runs(tiny_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of one run that was not evaluated; no others are at hand."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setattr(workspace, "MODELS", tmp_path / "no models")
    folder = tmp_path / "runs" / "my | own"
    shutil.copytree(tiny_workspace / "runs" / "tiny-vae", folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "preset": "dwi-vae-small"}), encoding="utf-8")
    return folder.parent


def test_without_a_name_all_are_listed(capsys):
    assert main(["tables"]) == 0
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        "dwi-1",
        "dwi-2",
        "flair-2",
        "ixi-losses",
        "slice-1",
        *(f"wei-{number}" for number in ("2.1", "2.2", "2.3", "2.4", "3.1", "3.2", "3.3", "3.4", "4.1", "4.2", "4.3")),
    ]


def test_tables_are_one_object_and_files_where_asked(runs, tmp_path, capsys):
    out = tmp_path / "new" / "folder"
    assert main(["tables", "dwi-1", "flair-2", "--runs", str(runs), "--out", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["tables"]) == ["dwi-1", "flair-2"]
    for table in found["tables"].values():
        assert set(table) == {"rows", "published", "settings"}
        assert all("method" in row for row in (*table["rows"], *table["published"]))
    assert [Path(name).name for name in found["files"]] == ["dwi-1.md", "dwi-1.csv", "flair-2.md", "flair-2.csv"]
    rows = pd.read_csv(out / "dwi-1.csv")
    assert set(rows["origin"]) == {"rebuilt", "published"}
    published = rows[rows["origin"] == "published"].set_index("method")
    assert published.loc["IntroVAE", "minimum_isd"] == 0.0009
    page = (out / "dwi-1.md").read_text(encoding="utf-8")
    assert "1,514 ± 560" in page
    assert "my \\| own" in page, "a bar would end the cell"
    assert "needs an evaluation, got none" in page


def test_of_two_that_write_one_table_the_second_is_refused(runs, tmp_path, capsys):
    """Its page and its CSV would be of two calls else; other tables of the folder are free."""
    out, flags = tmp_path / "new" / "folder", ["--runs", str(runs), "--out", str(tmp_path / "new" / "folder")]
    with place_in_use(out / "dwi-1", "brainlab tables"):
        assert main(["tables", "flair-2", "dwi-1", *flags]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"error: {out / 'dwi-1'}: is in use by brainlab tables, process {os.getpid()} on ")
        assert said.count("\n") == 1
        assert [path.name for path in out.iterdir()] == [".dwi-1.in-use"]
        assert main(["tables", "flair-2", *flags]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["flair-2.csv", "flair-2.md"]


def test_the_text_has_own_rows_then_the_published_then_how_to_read_them(runs, capsys):
    assert main(["tables", "dwi-1", "--runs", str(runs / "my | own")]) == 0
    printed = capsys.readouterr().out
    own, published, reading = (printed.index(part) for part in ("Rebuilt", "Published", "Similarity: mean"))
    assert own < printed.index("needs an evaluation, got none") < published < reading
    lines = printed[own:published].splitlines()[1:7]
    assert len({len(line) for line in lines}) == 1, "columns are aligned"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (
            ["dwi-1", "dwi-99"],
            "no table 'dwi-99'; known are dwi-1, dwi-2, flair-2, ixi-losses, slice-1, wei-2.1, wei-2.2",
        ),
        (["dwi-1", "dwi-2"], "dwi-2: needs an unblinded reading study, got none; name one with --study ID"),
        (["dwi-1", "--runs", "nowhere"], "--runs nowhere: needs a run or a folder of runs"),
        (["dwi-1", "flair-2", "--study", "X"], "--study: needs a table that reads it (dwi-2), got dwi-1, flair-2"),
        (
            ["dwi-2", "--study", "X", "--runs", "."],
            "--runs: needs a table that reads it (dwi-1, flair-2, ixi-losses, slice-1), got",
        ),
        (["wei-2.1", "--records", "."], "--records .: needs cross-validations or myelin reports, got none"),
        (["dwi-1", "--records", "."], "--records: needs a table that reads it (wei-2.1, wei-2.2"),
        ([], "--out: needs a name of what to make, got none; 'brainlab tables' lists them"),
        (["--study", "X"], "--study: needs a name of what to make, got none"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(words, part, runs, tmp_path, capsys):
    assert main(["tables", *words, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {part}")
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()
