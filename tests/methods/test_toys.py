"""Two methods that are one file each go through everything: no other file knows of them."""

import json
import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.server.access import SIGNED_IN
from brainlab.cli import main
from brainlab.experiments.method_checks import check_method
from brainlab.experiments.studies.locking import lock_study
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.runs.methods import VARIABLE
from brainlab.runs.run import load_run

HERE = Path(__file__).resolve().parent
PAGES = HERE.parents[1] / "pages"
TOYS = ("toy-gan", "toy-autoencoder")
TRAIN = ("--epochs", "1", "--batch-size", "32", "--precision", "32", "--device", "cpu")


@pytest.fixture(scope="module")
def workspace(tiny_workspace, tmp_path_factory):
    """Return a workspace with the tiny cohort of volumes and a run of each toy, trained by the command line."""
    folder = tmp_path_factory.mktemp("toys")
    (folder / "cohorts").mkdir()
    (folder / "cohorts" / "simulated").symlink_to(tiny_workspace / "cohorts" / "simulated")
    with pytest.MonkeyPatch.context() as patched:
        _toys(patched, folder)
        for name in TOYS:
            data, run = folder / "cohorts" / "simulated", folder / "runs" / name
            assert main(["train", name, "--data", str(data), "--out", str(run), *TRAIN]) == 0
    return folder


@pytest.fixture(autouse=True)
def toys(monkeypatch, workspace):
    _toys(monkeypatch, workspace)


def _toys(monkeypatch, workspace):
    files = [str(HERE / f"{name.replace('-', '_')}.py") for name in TOYS]
    monkeypatch.setenv(VARIABLE, os.pathsep.join(files))
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(workspace))
    monkeypatch.setattr("brainlab.workspace.MODELS", workspace / "none")


def page(name):
    script = PAGES.parent / "app" / "main.py" if name == "start" else PAGES / f"{name}.py"
    opened = AppTest.from_file(str(script), default_timeout=120)
    opened.session_state[SIGNED_IN] = True
    opened.run()
    assert not opened.exception, opened.exception
    assert not opened.error, opened.error[0].value
    return opened


def told(capsys, *words):
    assert main([*map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", TOYS)
def test_a_toy_is_one_short_file(name):
    check_method(name)
    assert len((HERE / f"{name.replace('-', '_')}.py").read_text(encoding="utf-8").splitlines()) < 80


@pytest.mark.parametrize("name", TOYS)
def test_commands_serve_it_by_its_abilities(name, workspace, tmp_path, capsys):
    run, data = workspace / "runs" / name, workspace / "cohorts" / "simulated"
    card = load_run(run).card
    assert "for axial slices of 40 x 48" in card
    assert ("Reconstruction: mean squared error" in card) == (name == "toy-autoencoder")
    files = told(capsys, "sample", run, tmp_path / "samples", "--n", 2)["files"]
    assert [Path(file).suffix for file in files] == [".png", ".png"]
    measured = told(capsys, "evaluate", run, "--data", data, "--n", 16)
    assert measured["isd"]["value"] > 0
    assert measured["isd"]["settings"]["shape"] == [40, 48]
    if name == "toy-autoencoder":
        assert measured["mse"]["value"] > 0
        assert set(told(capsys, "lda", run, "--data", data)["per_class"]) >= {"healthy", "ms"}
        assert len(told(capsys, "reconstruct", run, data, tmp_path / "made")["files"]) > 8
        assert told(capsys, "traverse", run, "--dim", 3, "--values", -1, 0, 1, tmp_path / "walk")["files"]
    else:
        assert measured["mse"]["value"] is None
        for words in (("lda", run, "--data", data), ("reconstruct", run, data, tmp_path / "made")):
            assert main([*map(str, words)]) == 2
            assert "has no encoder" in capsys.readouterr().err


def test_pages_offer_each_what_it_can(workspace):
    page("start")
    generated = page("generate")
    assert generated.pills[0].options == list(TOYS)
    assert any("toy-gan" in caption.value for caption in generated.caption)
    explorer = page("explorer")
    assert explorer.selectbox(key="explorer-run").options == ["toy-autoencoder"]
    assert explorer.selectbox(key="explorer-cohort").options == ["simulated: axial slices 40% to 60%"]
    lda = page("lda")
    assert lda.selectbox(key="lda-run").options == ["toy-autoencoder"]


def test_a_study_of_its_slices_locks(workspace):
    protocol = Protocol(
        title="Toys",
        sources=(
            Source(kind="cohort", name="simulated", n=4),
            Source(kind="run", name="toy-gan", n=2),
            Source(kind="run", name="toy-autoencoder", n=2),
        ),
        readers=(Reader(code="R1"),),
        plane="axial",
        practice=0,
        repeats_share=0,
        seed=1,
    )
    folder = lifecycle.study_folder(lifecycle.create_study(protocol))
    assert lock_study(folder, override="untrained toys").cases == 8
    assert lifecycle.study_status(folder).state == "locked"
