"""How long a training would take: what is counted, and that nothing is written."""

import json
import time
from pathlib import Path

import pytest

from brainlab.cli import main
from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError, TrainingStoppedError
from brainlab.experiments.estimate import Estimate, estimate, in_words
from brainlab.experiments.training_plan import Machine
from brainlab.generators.vae import VAEConfig, VAERecipe
from brainlab.methods.method import Schedule
from brainlab.training.loop import Loop

TINY = {"latent_dim": 3, "widths": (8, 8), "dense_width": 8}


def files(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.fixture
def data(tiny_workspace):
    return PreparedDataset.open(tiny_workspace / "cohorts" / "simulated")


def test_an_estimate_writes_nothing_and_is_printed(data, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = files(data.folder.parents[1])
    words = ["train", "vae-8", "--data", str(data.folder), "--out", str(tmp_path / "run"), "--estimate", "--json"]
    assert main([*words, "--widths", "8", "8", "--epochs", "2", "--batch-size", "8"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["estimate"].startswith("about ")
    assert " for 2 epochs of 24 scans on this machine (" in found["estimate"]
    assert found["seconds"] > 0
    assert files(data.folder.parents[1]) == before
    assert not list(tmp_path.iterdir())
    assert main([*words, "--resume"]) == 2
    assert "got --resume" in capsys.readouterr().err


def steps_of(monkeypatch, data, tmp_path, poison_at=None):
    seen, step = [], VAERecipe.step

    def watched(self, batch, progress):
        seen.append(progress.step)
        losses = step(self, batch, progress)
        return losses | {"loss": float("nan")} if len(seen) - 1 == poison_at else losses

    monkeypatch.setattr(VAERecipe, "step", watched)
    schedule = Schedule(batch_size=8, epochs=100, stop_after=50)
    estimate(
        "vae-8", data, tmp_path / "run", config=VAEConfig(**TINY), schedule=schedule, machine=Machine(device="cpu")
    )
    return seen


def test_steps_are_timed_at_even_places_because_later_ones_may_cost_more(monkeypatch, data, tmp_path):
    # 50 epochs of three steps: middles of fifths of 150, each with the step after it.
    assert steps_of(monkeypatch, data, tmp_path) == [15, 16, 45, 46, 75, 76, 105, 106, 135, 136]


def test_a_step_that_is_impossible_out_of_its_order_ends_the_estimate_early(monkeypatch, data, tmp_path):
    assert len(steps_of(monkeypatch, data, tmp_path, poison_at=5)) == 6
    with pytest.raises(TrainingStoppedError):
        steps_of(monkeypatch, data, tmp_path, poison_at=0)


def test_diagnostics_are_counted_as_often_as_they_look(monkeypatch, data, tmp_path):
    monkeypatch.setattr("brainlab.experiments.estimate.look_at", lambda *_: time.sleep(0.2))
    monkeypatch.setattr(Loop, "time_steps", lambda self: 1e-6)
    seconds = []
    for looks in (10, 40):
        monkeypatch.setattr(Loop, "looks", [1] * looks)
        found = estimate("vae-8", data, tmp_path / "run", config=VAEConfig(**TINY), schedule=Schedule(epochs=400))
        seconds.append(found.seconds)
    assert seconds[1] - seconds[0] == pytest.approx(30 * 0.2, rel=0.2)


def test_what_training_would_refuse_is_refused(data, tmp_path):
    with pytest.raises(InputError, match="needs scans of"):
        estimate("vae-8", data, tmp_path / "run", config=VAEConfig(**TINY, sample_shape=(1, 8, 8, 8)))
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="not empty"):
        estimate("vae-8", data, tmp_path / "taken", config=VAEConfig(**TINY))


def test_an_estimate_reads_as_a_sentence():
    found = Estimate(seconds=7800, epochs=12, images=6625, noun="scans", rate=63.8)
    assert str(found) == "about 2 h 10 min for 12 epochs of 6,625 scans on this machine (64 scans/s)"
    slow = Estimate(seconds=3, epochs=1, images=2, noun="slices", rate=0.254)
    assert str(slow) == "about 3 s for 1 epoch of 2 slices on this machine (0.25 slices/s)"
    assert [in_words(s) for s in (0.2, 40, 719, 7799, 273_600)] == ["1 s", "40 s", "12 min", "2 h 10 min", "3 days 4 h"]
