"""Each state of a training, from fabricated folders."""

import json
import subprocess
import time

import pytest

from brainlab.errors import InputError
from brainlab.experiments.background import control
from brainlab.experiments.background.processes import birth, is_running
from brainlab.experiments.background.record import LOG, Record, log_lines, read_record
from brainlab.experiments.background.state import About, about, state, trainings
from brainlab.files.folder_lock import folder_in_use

COMMAND = "$ brainlab train vae-8\n"


@pytest.fixture
def fabricate(workspace):
    """Return a function that writes a run's folder: epochs done of 2, its log, and its record if it has one."""

    def write(epochs=1, log="", **record):
        folder = workspace / "runs" / "mine"
        (folder / "samples").mkdir(parents=True, exist_ok=True)
        data = {"name": "tiny", "simulated": True}
        settings = {"preset": "vae-8", "data": data, "schedule": {"epochs": 4, "stop_after": 2}}
        (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
        (folder / "resume.pt").write_bytes(b"")
        lines = [
            {"kind": "epoch", "epoch": e + 1, "step": 10 * (e + 1), "seconds": 5.0 * (e + 1)} for e in range(epochs)
        ]
        lines.insert(epochs if epochs < 2 else 1, {"kind": "step", "epoch": 1, "step": 14, "loss": 3.0})
        (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        (folder / LOG).write_text(COMMAND + log, encoding="utf-8")
        if record:
            Record(**{"preset": "vae-8", "cohort": "tiny", "started": time.time(), "total_steps": 20} | record).write(
                folder
            )
        return folder

    return write


@pytest.fixture
def ended():
    """Return the number and birth of a process that has ended."""
    process = subprocess.Popen(["sleep", "60"])
    born = birth(process.pid)
    process.kill()
    process.wait()
    return {"pid": process.pid, "born": born}


def test_a_living_process_is_starting_until_it_holds_the_folder_and_then_training(fabricate, alive):
    folder = fabricate(pid=alive, born=birth(alive))
    found = state(folder)
    assert (found.phase, found.own, found.active, found.resumable) == ("starting", True, True, False)
    with folder_in_use(folder, "brainlab train"):
        assert state(folder).phase == "training"
    fabricate(pid=alive, born=birth(alive), asked_to_stop=1.0)
    assert state(folder).stopping


def test_progress_counts_the_epochs_between_two_looks_of_the_diagnostics(fabricate):
    folder = fabricate()
    told = [{"kind": "epoch", "epoch": 1, "step": 10, "seconds": 5.0}, {"kind": "step", "epoch": 4, "step": 45}]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in told), encoding="utf-8")
    assert state(folder).progress.epoch == 5


def test_a_training_of_the_command_line_is_seen_by_its_lock(fabricate):
    folder = fabricate()
    assert state(folder).phase == "stopped"
    with folder_in_use(folder, "brainlab train"):
        found = state(folder)
        assert (found.phase, found.own) == ("training", False)
    (folder / ".in-use").write_text("left by a process that was killed", encoding="utf-8")
    assert state(folder).phase == "stopped"


@pytest.mark.parametrize(
    ("log", "changes", "phase", "reason"),
    [
        ("interrupted\n", {}, "stopped", ""),
        ("", {"asked_to_stop": 1.0}, "stopped", ""),
        ("", {}, "gone", "ended from outside"),
        ("UserWarning: slow\n", {}, "gone", "memory ran out"),
        ("error: w.pt: No space left on device; free some\n", {}, "failed", "w.pt: No space left on device; free some"),
        ("Traceback (most recent call last):\n  x\nKeyError: 'a'\n", {}, "failed", "KeyError: 'a'"),
        (f"error: before\n{COMMAND}", {}, "gone", "ended from outside"),
    ],
)
def test_a_process_that_ended_says_how_by_its_log(fabricate, ended, log, changes, phase, reason):
    found = state(fabricate(log=log, **ended, **changes))
    assert (found.phase, found.resumable, found.active) == (phase, True, False)
    assert reason in found.reason
    assert "\n" not in found.reason


def test_a_training_whose_epochs_are_done_is_finished(fabricate, ended):
    found = state(fabricate(epochs=2, **ended))
    assert (found.phase, found.resumable, found.progress.share) == ("finished", False, 1.0)
    assert state(fabricate(epochs=2, log="error: card.md: No space left\n", **ended)).phase == "failed"


def test_a_training_without_a_checkpoint_cannot_be_resumed(fabricate, ended):
    folder = fabricate(**ended)
    (folder / "resume.pt").unlink()
    assert not state(folder).resumable


def test_a_process_of_a_number_that_was_used_again_is_not_taken_for_ours(fabricate, alive, ended, monkeypatch):
    monkeypatch.setattr(control.os, "kill", lambda *_: pytest.fail("another's process gets a signal"))
    folder = fabricate(pid=alive, born=ended["born"])
    assert not is_running(alive, ended["born"])
    assert state(folder).phase == "gone"
    for act in (control.stop, control.stop_at_once):
        with pytest.raises(InputError, match="nothing was stopped"):
            act(folder)
    assert not is_running(alive, None)


def test_a_child_that_ended_and_was_not_collected_runs_no_more():
    child = subprocess.Popen(["true"])
    born, until = birth(child.pid), time.monotonic() + 5
    while birth(child.pid) is not None and time.monotonic() < until:
        time.sleep(0.01)
    assert child.returncode is None
    assert not is_running(child.pid, born)
    child.wait()


def test_progress_counts_from_the_lines_of_metrics(fabricate, alive):
    at = state(fabricate(pid=alive, born=birth(alive))).progress
    assert (at.epoch, at.epochs, at.step, at.total_steps) == (2, 2, 14, 20)
    assert at.seconds == pytest.approx(7.0)  # 14 steps at the 0.5 s of the first ten
    assert at.seconds_left == pytest.approx(3.0)


def test_damaged_metrics_are_a_line_and_a_damaged_record_is_none(fabricate, ended):
    folder = fabricate(**ended)
    epoch = '{"kind": "epoch", "step": %s, "epoch": %s, "seconds": %s}'
    for line in (
        "no JSON", '{"kind": "step", "step": Infinity}', '{"kind": "step", "step": 1.5}', epoch % (1, 2, 0),
        epoch % ("1e400", 2, 0), epoch % (1, 1, "NaN"), epoch % (1, 1, "Infinity"), epoch % (1, 1, "true"),
    ):  # fmt: skip
        (folder / "metrics.jsonl").write_text(f"{line}\n", encoding="utf-8")
        found = state(folder)
        assert (found.phase, "line 1 is damaged" in found.reason) == ("failed", True), line
    for text in ("{", "[]", '{"pid": "1"}', '{"pid": 1, "other": 2}'):
        (folder / ".training.json").write_text(text, encoding="utf-8")
        assert read_record(folder) is None


def test_the_log_is_that_of_the_last_start(fabricate):
    folder = fabricate(log=f"old\n{COMMAND}new\n\nnewer\n")
    assert log_lines(folder) == ["new", "newer"]
    assert log_lines(folder, 1) == ["newer"]


def test_trainings_are_told_by_their_files(fabricate, workspace, ended):
    (workspace / "runs" / "copied").mkdir(parents=True)
    folder = fabricate(**ended)
    assert trainings() == [folder]
    assert about(folder) == About(preset="vae-8", cohort="tiny", origin="simulated scans")
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(settings | {"shape": [8, 8]}), encoding="utf-8")
    assert about(folder).noun == "slice"
    (folder / "config.json").unlink()
    assert about(folder) == About(preset="vae-8", cohort="tiny")


@pytest.mark.parametrize(
    "settings",
    [
        {"schedule": {"epochs": float("inf"), "stop_after": None}},
        {"schedule": {"epochs": "x"}},
        {"preset": "vae-8", "data": []},
        {"preset": "vae-8", "data": {"name": "x"}, "shape": [float("inf")]},
        [],
    ],
)
def test_settings_that_are_none_leave_what_the_record_says(fabricate, ended, settings):
    folder = fabricate(**ended)
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    assert state(folder).progress.epochs is None
    assert about(folder).cohort == "tiny"
