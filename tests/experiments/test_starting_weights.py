"""A training that begins with a run's weights: they are its weights, and the run's people count as its own."""

import dataclasses
import json
import shlex
import shutil

import numpy as np
import pandas as pd
import pytest
import torch

from brainlab.cohort.prepared import write_prepared
from brainlab.errors import InputError
from brainlab.experiments import training
from brainlab.experiments.estimate import estimate
from brainlab.experiments.training_plan import Machine
from brainlab.generators.vae import VAEConfig
from brainlab.methods.method import Schedule
from brainlab.runs.files import read_weights
from brainlab.runs.methods import find_preset
from brainlab.runs.provenance import recognise
from brainlab.runs.run import load_run

TINY = VAEConfig(latent_dim=3, sample_shape=(1, 8, 8, 8), widths=(8, 8), dense_width=8)
ONCE = Schedule(batch_size=8, epochs=1)
MACHINE = Machine(device="cpu", precision="32")


def cohort(folder, names, *, simulated=True, ages=(20.0, 40.0), classes=("ms", "healthy")):
    """One small scan a person, none held out."""
    random = np.random.default_rng(len(str(folder)))
    scans = pd.DataFrame(
        {
            "participant": names,
            "session": "1",
            "class": np.resize(classes, len(names)),
            "age_years": np.resize(ages, len(names)),
            "split": "train",
        }
    )
    recipe = {"name": "tiny", "shape": [8] * 3, "affine": np.eye(4).tolist(), "simulated": simulated}
    return write_prepared(folder, (random.random((8,) * 3, np.float32) for _ in names), scans, recipe)


@pytest.fixture(autouse=True)
def own_workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))


@pytest.fixture
def first(tmp_path):
    """A run that was trained on six people."""
    return trained(tmp_path / "first", cohort(tmp_path / "six", list("abcdef")))


def trained(folder, data, preset="vae-8", config=TINY, schedule=ONCE, **more):
    training.train(preset, data, folder, config=config, schedule=schedule, machine=MACHINE, **more)
    return load_run(folder)


def weights(run):
    return read_weights(run.folder / "weights.safetensors")


def test_training_begins_with_the_weights_of_the_run(tmp_path, first):
    """The rate of the first step of a warm-up of 50 is too low to change anything by more than it."""
    data = cohort(tmp_path / "own", list("uvwxyz"))
    run = trained(tmp_path / "second", data, start=first, seed=9, config=dataclasses.replace(TINY, learning_rate=1e-6))
    alone = trained(tmp_path / "alone", data, seed=9, config=dataclasses.replace(TINY, learning_rate=1e-6))
    kernels = [name for name, value in weights(first).items() if value.ndim > 1]
    for name in kernels:
        assert torch.allclose(weights(run)[name], weights(first)[name], atol=1e-5), name
    assert not all(torch.allclose(weights(alone)[name], weights(first)[name], atol=1e-5) for name in kernels)


def test_whoever_the_first_run_has_seen_the_second_has_seen(tmp_path, first):
    own = cohort(tmp_path / "own", list("uvwxyz"), simulated=False)
    second = trained(tmp_path / "second", own, start=first)
    third = trained(tmp_path / "third", cohort(tmp_path / "more", list("klmn")), start=second)
    for run, simulated, expected in (
        (second, True, [True, True, False, False]),
        (second, False, [False, False, True, False]),
        (third, True, [True, True, False, True]),
        (third, False, [False, False, True, False]),
    ):
        data = cohort(tmp_path / f"asked-{run.name}-{simulated}", ["a", "f", "u", "k"], simulated=simulated)
        found = recognise(run, data)
        assert found.seen.tolist() == expected
        assert found.unseen.tolist() == [not seen for seen in expected]
        assert not found.gap


def test_a_run_says_what_it_and_the_runs_before_it_were_trained_on(tmp_path, first):
    own = cohort(tmp_path / "own", list("uvwxyz"), simulated=False)
    run = trained(tmp_path / "second", own, start=first)
    assert first.origin == "simulated scans"
    assert first.simulated
    assert run.origin == "real scans, and before that on simulated scans"
    assert not run.simulated
    assert not trained(tmp_path / "third", cohort(tmp_path / "more", list("klmn")), start=run).simulated
    assert "of one grid and one contrast" in first.card
    assert "of one grid and one contrast" not in run.card
    assert f"Began with the weights of `first` (sha256 `{first.sha256[:16]}`), trained on 6 scans of `six`." in run.card
    again = trained(tmp_path / "again", cohort(tmp_path / "same", list("klmn")), start=first)
    assert again.origin == "simulated scans"


@pytest.mark.parametrize(
    ("preset", "config", "expected"),
    [
        ("vae-8", dataclasses.replace(TINY, latent_dim=4), "; train with --latent-dim 3, as the run was"),
        ("vae-8", dataclasses.replace(TINY, widths=(8,)), "--widths 8 8, as the run was"),
        ("flow-40", dataclasses.replace(find_preset("flow-40")[0].small[0], conditions=()), "got a VAE"),
    ],
)
def test_weights_of_other_networks_are_refused_before_anything_is_written(tmp_path, first, preset, config, expected):
    own = cohort(tmp_path / "own", list("uvwxyz"))
    with pytest.raises(InputError) as error:
        trained(tmp_path / "second", own, preset, config, start=first)
    assert "--start-from" in str(error.value)
    assert expected in str(error.value)
    assert not (tmp_path / "second").exists()
    with pytest.raises(InputError, match="--start-from"):
        estimate(preset, own, tmp_path / "second", config=config, schedule=ONCE, start=first, machine=MACHINE)


def test_ages_and_classes_are_asked_for_on_the_scale_of_the_first_run(tmp_path):
    config = dataclasses.replace(find_preset("flow-40")[0].small[0], conditions=("class", "age_years"))
    run = trained(tmp_path / "first", cohort(tmp_path / "six", list("abcdef")), "flow-40", config)
    older = cohort(tmp_path / "older", list("uvwxyz"), ages=(70.0, 90.0), classes=("ms", "tumour"))
    second = trained(tmp_path / "second", older, "flow-40", config, start=run)
    assert second.config.known == run.config.known
    assert second.config.known[1].mean == 30


def test_weights_that_change_while_the_training_begins_are_refused(tmp_path, first):
    own = cohort(tmp_path / "own", list("uvwxyz"))
    assert first.sha256
    shutil.copy(trained(tmp_path / "other", own, seed=5).folder / "weights.safetensors", first.folder)
    with pytest.raises(InputError, match="its weights have just changed"):
        trained(tmp_path / "second", own, start=first)


def test_a_killed_training_goes_on_from_its_checkpoint_not_from_the_first_run(tmp_path, first):
    own, schedule = cohort(tmp_path / "own", list("uvwxyz")), dataclasses.replace(ONCE, epochs=3)
    whole = trained(tmp_path / "whole", own, schedule=schedule, start=first)
    stopped = tmp_path / "stopped"
    trained(stopped, own, schedule=dataclasses.replace(schedule, stop_after=1), start=first)
    training.resume(stopped, own, change=lambda _, config, kept: (config, dataclasses.replace(kept, stop_after=None)))
    resumed = load_run(stopped)
    assert all(torch.equal(value, weights(resumed)[name]) for name, value in weights(whole).items())
    assert resumed.settings["started_from"] == whole.settings["started_from"]


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda start: start["data"].pop("participants"), "started_from: has no data.participants"),
        (lambda start: start["data"].update(simulated="no"), "started_from: data.simulated"),
        (lambda start: start.pop("weights"), "started_from: has no weights"),
        (lambda start: start.update(data=[]), "started_from: data: needs an object"),
    ],
)
def test_a_damaged_record_of_the_first_run_is_told_in_a_line(tmp_path, first, damage, expected):
    run = trained(tmp_path / "second", cohort(tmp_path / "own", list("uvwxyz")), start=first)
    settings = json.loads((run.folder / "config.json").read_text(encoding="utf-8"))
    damage(settings["started_from"][0])
    (run.folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    with pytest.raises(InputError, match=expected):
        load_run(run.folder)
    (run.folder / "config.json").write_text(json.dumps(settings | {"started_from": ["first"]}), encoding="utf-8")
    with pytest.raises(InputError, match="started_from: needs an object a run"):
        load_run(run.folder)


def test_the_command_of_the_card_names_the_first_run(tmp_path, first):
    words = shlex.join(["brainlab", "train", "vae-8", "--data", "own", "--out", "run", "--start-from", "first"])
    run = trained(tmp_path / "second", cohort(tmp_path / "own", list("uvwxyz")), start=first, command=words)
    assert words in run.card
    assert "--start-from first" in trained(tmp_path / "made", cohort(tmp_path / "o", list("uvwx")), start=first).card
