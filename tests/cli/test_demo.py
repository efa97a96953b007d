"""`brainlab demo`."""

import json
import shutil
from pathlib import Path

import pytest

from brainlab.cli import demo, main
from brainlab.files.folder_lock import place_in_use


def ready(capsys) -> dict:
    code = main(["demo", "--json"])
    return json.loads(capsys.readouterr().out) | {"code": code}


def test_a_workspace_is_made_ready_and_stays_so(tiny_workspace, monkeypatch, capsys, tmp_path):
    shipped = tmp_path / "shipped" / "cohorts"
    shutil.copytree(tiny_workspace / "cohorts", shipped)
    workspace = tmp_path / "mine"
    shutil.copytree(tiny_workspace / "runs", workspace / "runs")
    monkeypatch.setattr(demo, "SHIPPED_COHORTS", shipped)
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "none")
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(workspace))
    first = ready(capsys)
    assert (first["code"], first["ready"]) == (0, True)
    assert first["cohorts"] == ["simulated"]
    assert first["runs"] == ["tiny-ivae", "tiny-vae"]
    before = (workspace / "cohorts" / "simulated" / "volumes.npy").stat().st_mtime_ns
    assert ready(capsys) == first
    assert (workspace / "cohorts" / "simulated" / "volumes.npy").stat().st_mtime_ns == before


def test_two_that_make_one_workspace_ready_do_not_mix_their_copies(tiny_workspace, monkeypatch, capsys, tmp_path):
    """The second would remove what the first has copied so far, and the first rename what is left."""
    monkeypatch.setattr(demo, "SHIPPED_COHORTS", tiny_workspace / "cohorts")
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "mine"))
    copying = tmp_path / "mine" / "cohorts" / ".simulated-copying" / "half"
    copying.mkdir(parents=True)
    with place_in_use(tmp_path / "mine" / "cohorts" / "simulated", "brainlab demo"):
        assert main(["demo"]) == 2
        assert "cohorts/simulated: is in use by brainlab demo, process" in capsys.readouterr().err
        assert copying.is_dir()


def test_a_damaged_cohort_is_named(tiny_workspace, monkeypatch, capsys, tmp_path):
    shutil.copytree(tiny_workspace, tmp_path / "mine")
    (tmp_path / "mine" / "cohorts" / "simulated" / "volumes.npy").write_bytes(b"cut off")
    monkeypatch.setattr(demo, "SHIPPED_COHORTS", tmp_path / "none" / "cohorts")
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "none")
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "mine"))
    found = ready(capsys)
    assert (found["code"], found["ready"]) == (2, False)
    assert "damaged prepared dataset" in found["problems"][0]["reason"]


@pytest.mark.parametrize("missing", ["cohorts", "runs"])
def test_without_cohorts_or_runs_nothing_is_ready(tiny_workspace, monkeypatch, capsys, tmp_path, missing):
    shutil.copytree(tiny_workspace, tmp_path / "mine")
    shutil.rmtree(tmp_path / "mine" / missing)
    monkeypatch.setattr(demo, "SHIPPED_COHORTS", tmp_path / "none" / "cohorts")
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "none")
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "mine"))
    found = ready(capsys)
    assert (found["code"], found["ready"], found[missing]) == (2, False, [])
    assert [Path(problem["path"]).name for problem in found["problems"]] == [missing]
    assert main(["demo"]) == 2
    out = capsys.readouterr().out
    made_by = {"cohorts": "brainlab prepare", "runs": "brainlab train"}[missing]
    assert made_by in next(line for line in out.splitlines() if line.startswith("problem: "))
