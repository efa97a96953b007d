"""The command in a card trains the run again, whatever was typed at first and whatever a preset has become."""

import dataclasses
import shlex

import pytest

from brainlab.cli import main
from brainlab.runs.files import RunSettings, read_settings
from brainlab.runs.methods import find_preset
from brainlab.runs.training_command import training_command
from brainlab.workspace import MODELS

METHOD, PRESET = find_preset("ivae-32")
RECORDED = "brainlab train ivae-32 --data 'my data' --out run"


def kept(command=RECORDED, resumed=(), *, preset="ivae-32", config=PRESET.config, schedule=PRESET.schedule, **changes):
    """Return the settings of a run of `ivae-32`, with changes of its config or its schedule."""
    of_config = {name: value for name, value in changes.items() if hasattr(config, name)}
    of_schedule = {name: value for name, value in changes.items() if hasattr(schedule, name)}
    training = {"command": command, "precision": "32", "half_weights": True}
    values = {"preset": preset, "seed": 4, "training": training, "resumed": list(resumed)}
    config = dataclasses.replace(config, **of_config)
    return RunSettings(values, METHOD, config, dataclasses.replace(schedule, **of_schedule))


def trained(command, tiny_workspace, monkeypatch):
    """Return the settings with which the command line would train."""
    seen = {}
    last = {"epoch": 1, "samples_per_second": 1.0, "losses": []}
    monkeypatch.setattr("brainlab.experiments.training.train", lambda *_, **given: seen.update(given) or last)
    data = tiny_workspace / "cohorts" / "simulated"
    words = [str(data) if word in ("my data", "DATA") else word for word in shlex.split(command)]
    assert main(words[1:]) == 0
    return seen["config"], seen["schedule"]


@pytest.mark.parametrize(
    ("typed", "changes"),
    [
        ("", {}),
        (" --epochs 5", {"epochs": 5, "stop_after": 3}),
        (" --epochs 5", {"epochs": 5, "stop_after": None}),
        ("", {"stop_after": None}),
        ("", {"epochs": 20}),
        ("", {"epochs": 20, "stop_after": None}),
        (" --learning-rate 0.01 --widths 8 16", {"widths": (8, 16), "learning_rate": 0.01, "flip": False}),
        ("", {"norm": "group", "margin_factor": 3.5, "batch_size": 4, "adversarial_reconstruction_weight": None}),
    ],
)
def test_the_command_line_reads_the_settings_of_the_run(typed, changes, tiny_workspace, monkeypatch):
    run = kept(RECORDED + typed, **changes)
    command = training_command(run)
    assert command.startswith(RECORDED + typed)
    assert trained(command, tiny_workspace, monkeypatch) == (run.config, run.schedule)


def test_one_that_needs_nothing_stays_as_it_was_typed():
    assert training_command(kept()) == RECORDED
    assert training_command(kept(f"{RECORDED} --stop-after 2", stop_after=2)) == f"{RECORDED} --stop-after 2"


def test_a_setting_that_changed_on_the_way_is_that_of_the_beginning_and_an_earlier_end_is_the_last_one():
    resumed = [
        {"step": 3, "changes": {"learning_rate": [0.01, 0.005], "stop_after": [None, 4]}},
        {"step": 9, "changes": {"learning_rate": [0.005, 0.001], "stop_after": [4, 5]}},
    ]
    run = kept(f"{RECORDED} --epochs 8 --learning-rate 0.01", resumed, learning_rate=0.001, epochs=8, stop_after=5)
    assert training_command(run) == f"{RECORDED} --epochs 8 --learning-rate 0.01 --stop-after 5"


def test_a_training_from_python_has_a_command_too(tiny_workspace, monkeypatch):
    run = kept("", epochs=9, stop_after=2, flip=False)
    command = training_command(run)
    assert command.startswith("brainlab train ivae-32 --data DATA --out RUN --seed 4 --precision 32 --half-weights ")
    assert trained(command, tiny_workspace, monkeypatch) == (run.config, run.schedule)


@pytest.mark.parametrize(
    "changes",
    [
        {"preset": "of long ago"},
        {"preset": "vqvae2d"},
        {"command": f"{RECORDED} --epochs many", "epochs": 3},
        {"command": "brainlab 'train", "epochs": 3},
    ],
)
def test_what_cannot_be_read_any_more_stays_as_it_was_typed(changes):
    assert training_command(kept(**changes)) == changes.get("command", RECORDED)


@pytest.mark.parametrize(("name", "epochs"), [("dwi-vae-small", 3), ("soft-ivae-128", 5)])
def test_shipped_runs_that_were_stopped_early_say_so_in_their_card(name, epochs):
    command = training_command(read_settings(MODELS / name, to_resume=True))
    assert command.endswith(f" --stop-after {epochs}")
    card = (MODELS / name / "card.md").read_text(encoding="utf-8")
    assert command in card.splitlines()
    assert f"{epochs} of the " in card
