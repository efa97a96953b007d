"""Trainings in real processes: started once, stopped, resumed."""

import os
import threading
import time

import pytest
import torch
from safetensors.torch import load_file

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.experiments import training
from brainlab.experiments.background import control, trial
from brainlab.experiments.background.record import read_record
from brainlab.experiments.background.state import state
from brainlab.experiments.background.trial import Trial

EPOCHS = 20


def wait_for(folder, met, limit_s=90):
    until = time.monotonic() + limit_s
    while not met(found := state(folder)):
        assert time.monotonic() < until, (found, (folder / ".training.log").read_text(encoding="utf-8"))
        time.sleep(0.05)
    return found


@pytest.mark.slow
def test_stopped_and_resumed_equals_the_uninterrupted_run_bit_for_bit(tiny_request, workspace):
    request = tiny_request(epochs=EPOCHS)
    folder = control.start(request)
    record = read_record(folder)
    assert os.getsid(record.pid) == record.pid, "its own session outlives the server's"
    with pytest.raises(InputError, match="being trained already"):
        control.start(request)
    wait_for(folder, lambda found: found.progress.step > 12)
    with pytest.raises(InputError, match="being trained already"):
        control.resume(folder)
    assert control.stop(folder, wait_s=60)
    found = state(folder)
    assert (found.phase, found.resumable) == ("stopped", True)
    assert 12 < found.progress.step < found.progress.total_steps == 9 * EPOCHS

    control.resume(folder)
    assert wait_for(folder, lambda found: not found.active).phase == "finished"
    whole = workspace / "whole"
    data = PreparedDataset.open(workspace / "cohorts" / "tiny")
    training.train("ivae-32", data, whole, config=request.config, schedule=request.schedule)
    for name, expected in load_file(whole / "weights.safetensors").items():
        assert torch.equal(load_file(folder / "weights.safetensors")[name], expected), name
    with pytest.raises(InputError, match="needs a checkpoint"):
        control.resume(folder)


def test_of_two_starts_at_once_one_is_refused(tiny_request, sleepers):
    said, gate = [], threading.Barrier(4)

    def click():
        gate.wait()
        try:
            control.start(tiny_request())
        except InputError as error:
            said.append(str(error))

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sleepers) == 1
    assert len(said) == 3
    assert all("\n" not in line for line in said)


def test_stopping_twice_sends_one_signal_and_at_once_kills(tiny_request, sleepers, monkeypatch):
    folder = control.start(tiny_request())
    sent = []
    with monkeypatch.context() as patched:
        patched.setattr(control.os, "kill", lambda *signal: sent.append(signal))
        assert not control.stop(folder, wait_s=0)
        assert not control.stop(folder, wait_s=0)
    assert len(sent) == 1
    assert state(folder).stopping
    assert control.stop_at_once(folder)
    assert state(folder).phase == "stopped"
    control.start(tiny_request())  # it never had a checkpoint, so its name is free
    assert len(sleepers) == 2


def test_a_process_killed_from_outside_is_gone(tiny_request, sleepers):
    folder = control.start(tiny_request())
    assert state(folder).phase == "starting"
    sleepers[0].kill()
    assert wait_for(folder, lambda found: not found.active, 10).phase == "gone"


def test_a_full_disk_is_told_in_one_line_and_leaves_no_process(tiny_request, sleepers, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "runs/mine/.training.json")

    with monkeypatch.context() as patched:
        patched.setattr("brainlab.experiments.background.record.write_whole", full)
        with pytest.raises(InputError, match=r"No space left on device.*; free some space"):
            control.start(tiny_request())
    assert sleepers[0].wait(10) != 0
    control.start(tiny_request())


def test_an_estimate_is_read_from_its_process_and_an_error_is_its_last_line(tiny_request, monkeypatch):
    def program(text):
        monkeypatch.setattr(trial, "argv", lambda words: ["python3", "-S", "-c", text])
        return Trial.begin(tiny_request())

    assert program("""print('{"estimate": "about 3 s"}')""").outcome() == "about 3 s"
    with pytest.raises(InputError, match=r"^memory is short$"):
        program("import sys; sys.exit('warning\\nerror: memory is short')").outcome()
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")  # as on a server whose locale is de_DE.ISO-8859-1
    with pytest.raises(InputError, match=r"^Größe: too large$"):
        program("import sys; sys.exit('error: Gr\\xf6\\xdfe: too large')").outcome()
    slow = program("import time; time.sleep(60)")
    assert not slow.ended
    slow.cancel()
    assert slow.ended
