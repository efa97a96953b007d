"""What somebody asks for becomes the words of a command that asks for the very same."""

import dataclasses
import re

import pytest

from brainlab.cli import main
from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.experiments.background.request import free_name, run_folder
from brainlab.experiments.training import train
from brainlab.experiments.training_plan import Machine
from brainlab.runs.methods import find_preset

OF_THE_PRESET = find_preset("ivae-32")[1].schedule


@pytest.mark.parametrize(
    "schedule",
    [
        {},
        {"stop_after": None},
        {"stop_after": 3},
        {"epochs": 20, "stop_after": None},
        {"epochs": 20},
        {"epochs": 20, "stop_after": 5, "batch_size": 8, "ema_decay": 0.9},
    ],
)
def test_the_command_line_reads_what_was_asked_for(tiny_request, monkeypatch, schedule):
    asked = tiny_request(seed=7, schedule=dataclasses.replace(OF_THE_PRESET, **schedule))
    config = dataclasses.replace(asked.config, flip=False, margin_follows=True, norm="group", learning_rate=2.5e-5)
    asked = dataclasses.replace(asked, config=config)
    seen = {}
    last = {"epoch": 1, "samples_per_second": 1.0, "losses": []}

    def train(preset, data, out, **given):
        seen.update(given, preset=preset, data=data.folder, out=out)
        return last

    monkeypatch.setattr("brainlab.experiments.training.train", train)
    assert main(asked.words()) == 0
    assert (seen["preset"], seen["seed"], seen["config"]) == ("ivae-32", 7, config)
    assert (seen["schedule"], seen["out"], seen["data"].name) == (asked.schedule, asked.folder, "tiny")


def test_a_training_that_begins_with_a_run_names_its_folder(tiny_request, workspace, tmp_path, monkeypatch):
    data = PreparedDataset.open(workspace / "cohorts" / "tiny")
    first = tiny_request("first", epochs=2)
    train("ivae-32", data, first.folder, config=first.config, schedule=first.schedule, machine=Machine(device="cpu"))
    asked = tiny_request("second", start_from="first")
    assert asked.check().start.folder == first.folder
    seen = {}
    last = {"epoch": 1, "samples_per_second": 1.0, "losses": []}
    monkeypatch.setattr("brainlab.experiments.training.train", lambda *_, **given: seen.update(given) or last)
    assert main(asked.words()) == 0
    assert seen["start"].folder == first.folder
    other = dataclasses.replace(asked.config, latent_dim=5)
    with pytest.raises(InputError, match=r"--start-from .*: has networks of another size"):
        tiny_request("second", start_from="first", config=other).check()
    with pytest.raises(InputError, match="no run named 'none' here"):
        tiny_request("second", start_from="none").check()


def test_a_setting_that_is_none_is_said_so(tiny_request):
    request = tiny_request()
    words = tiny_request(config=dataclasses.replace(request.config, adversarial_reconstruction_weight=None)).words()
    assert words[words.index("--adversarial-reconstruction-weight") + 1] == "none"


def test_a_preset_as_it_is_needs_no_flag(tiny_request, workspace):
    words = tiny_request(config=None, schedule=None).words()
    assert words == ["train", "ivae-32", "--data", f"{workspace}/cohorts/tiny", "--out", f"{workspace}/runs/mine"]


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "a b", "-x", "--resume", ".x", "a/b", "x" * 62, "ä", "a;b", "a\n", "$(a)"]
)
def test_bad_names_of_runs_are_refused(tiny_request, name):
    with pytest.raises(InputError, match=re.escape("needs 1 to 61 letters, digits, - and _")):
        tiny_request(name).check()


@pytest.mark.parametrize("name", ["", "..", "../cohorts/tiny", "/etc", "other", "--resume"])
def test_only_cohorts_and_presets_of_the_lists_are_taken(tiny_request, name):
    with pytest.raises(InputError, match=r"no cohort named .* here; there are tiny"):
        tiny_request(cohort=name).words()
    with pytest.raises(InputError, match="no such preset"):
        tiny_request(preset=name).words()


def test_what_training_would_refuse_is_refused_before(tiny_request):
    request = tiny_request()
    for changes, words in (
        ({"config": None}, "needs scans of"),
        ({"config": dataclasses.replace(request.config, dropout=2.0)}, "--dropout: needs"),
        ({"schedule": dataclasses.replace(request.schedule, batch_size=0)}, "--batch-size: needs"),
        ({"config": dataclasses.replace(request.config, plane="coronal")}, "--plane: has no effect on volumes"),
        ({"seed": -1}, "--seed: needs"),
    ):
        with pytest.raises(InputError, match=words):
            tiny_request(**changes).check()


def test_a_name_that_is_taken_is_refused_and_the_next_free_one_offered(tiny_request, workspace, monkeypatch):
    monkeypatch.setattr("brainlab.workspace.MODELS", workspace / "models")
    assert free_name("vae-8") == "vae-8"
    (workspace / "models" / "vae-8").mkdir(parents=True)
    run_folder("vae-8-2").mkdir(parents=True)
    (run_folder("vae-8-2") / "notes.txt").write_text("mine", encoding="utf-8")
    assert free_name("vae-8") == "vae-8-3"
    for name in ("vae-8", "vae-8-2"):
        with pytest.raises(InputError, match=f"a run named '{name}' already"):
            tiny_request(name).check()
    tiny_request("vae-8-3").check()
