import dataclasses
import json
import math

import numpy as np
import pandas as pd
import pytest
import torch

from brainlab.cohort.prepared import PreparedDataset, participant_hash, write_prepared
from brainlab.errors import InputError, TrainingStoppedError
from brainlab.experiments import training
from brainlab.experiments.training_plan import Machine
from brainlab.files.folder_lock import folder_in_use
from brainlab.generators.introvae import IntroVAEConfig
from brainlab.generators.vae import VAEConfig, VAERecipe
from brainlab.methods.method import Schedule
from brainlab.pseudonyms import PUBLIC_KEY, keyed_hash
from brainlab.ranges import flag
from brainlab.runs.run import load_run

TINY = VAEConfig(latent_dim=3, sample_shape=(1, 8, 8, 8), widths=(8, 8), dense_width=8)
SHORT = Schedule(batch_size=4, epochs=2)
MACHINE = Machine(device="cpu", precision="32")


def cohort(folder, split="train", side=8):
    scans = pd.DataFrame({"participant": [f"p{i}" for i in range(9)], "session": "1", "class": "ms", "split": split})
    scans.loc[0, "split"] = "test"
    recipe = {"name": "tiny", "shape": [side] * 3, "affine": np.eye(4).tolist(), "simulated": True}
    return write_prepared(folder, (np.full([side] * 3, i / 9, np.float32) for i in range(9)), scans, recipe)


def test_a_run_folder_is_whole_and_opens(tmp_path):
    data = cohort(tmp_path / "data")
    folder = tmp_path / "run"
    last = training.train(
        "vae-8", data, folder, config=TINY, schedule=SHORT, machine=MACHINE, command="brainlab train vae-8"
    )
    assert last["epoch"] == 2
    names = {path.name for path in folder.iterdir()}
    assert names == {"config.json", "weights.safetensors", "resume.pt", "metrics.jsonl", "samples", "card.md"}
    run = load_run(folder)
    assert run.config == TINY
    assert run.settings["data"]["participants"] == sorted(keyed_hash(f"p{i}", PUBLIC_KEY) for i in range(1, 9))
    assert run.settings["data"]["sha256"] == data.sha256
    assert run.metrics()["kind"].tolist() == ["epoch", "epoch"]
    assert run.sample(2, 0)[1].shape == (2, 8, 8, 8)
    for words in ("Trained on simulated scans", "brainlab train vae-8", "Seed 0", "Limits", "BSD-3-Clause"):
        assert words in run.card


def test_training_can_stop_before_its_schedule_ends(tmp_path):
    data, schedule = cohort(tmp_path / "data"), dataclasses.replace(SHORT, epochs=4, stop_after=1)
    last = training.train("vae-8", data, tmp_path / "run", config=TINY, schedule=schedule, machine=MACHINE)
    assert last["epoch"] == 1
    # The second of 8 steps, in the slow rise over 50 steps and the fall of the cosine over all 8.
    state = torch.load(tmp_path / "run" / "resume.pt", weights_only=True)
    expected = 1e-3 * (2 / 50) * 0.5 * (1 + math.cos(math.pi / 8))
    assert state["optimisers"]["autoencoder"]["param_groups"][0]["lr"] == pytest.approx(expected)
    assert "1 of the 4 epochs of its schedule" in load_run(tmp_path / "run").card


def test_the_card_shows_scores_and_notes(tmp_path):
    folder = tmp_path / "run"
    training.train("vae-8", cohort(tmp_path / "data"), folder, config=TINY, schedule=SHORT, machine=MACHINE)
    (folder / "evaluation.json").write_text(
        json.dumps({"mse": {"value": 0.0125, "sd": 0.1, "n": 9, "better": "lower"}}), encoding="utf-8"
    )
    (folder / "notes.md").write_text("## Notes\nStopped early.", encoding="utf-8")
    training.write_card(folder)
    card = load_run(folder).card
    assert "(`mse`) | 0.0125 |  | 0.1 | 9 | lower |" in card
    assert "Stopped early." in card


def test_the_card_counts_people_and_tells_the_last_epoch(tmp_path):
    data = cohort(tmp_path / "data")
    data.scans["participant"] = ["p0", *["p1"] * 3, *["p2"] * 5]
    training.train("vae-8", data, tmp_path / "run", config=TINY, schedule=SHORT, machine=MACHINE)
    run = load_run(tmp_path / "run")
    assert "training split of 8 scans of 2 participants (8 ms)" in run.card
    last = run.metrics().iloc[-1]
    assert f"2 of the 2 epochs of its schedule, {last['step']} steps" in run.card
    assert f"mean squared error {last['held_out_mse']:.5f}" in run.card


@pytest.mark.parametrize(
    ("held_out", "heading"), [(True, "not used for training\n"), (False, "used for training, because none")]
)
def test_the_card_says_on_which_scans_it_was_measured(tmp_path, held_out, heading):
    data = cohort(tmp_path / "data")
    if not held_out:
        data.scans["split"] = "train"
    training.train("vae-8", data, tmp_path / "run", config=TINY, schedule=SHORT, machine=MACHINE)
    assert f"on scans {heading}" in load_run(tmp_path / "run").card


def test_bad_input_is_refused_before_anything_is_written(tmp_path):
    data, folder = cohort(tmp_path / "data"), tmp_path / "run"

    def refuse(words, **changes):
        options = {"config": TINY, "schedule": SHORT, "machine": MACHINE} | changes
        with pytest.raises(InputError, match=words) as caught:
            training.train("vae-8", options.pop("data", data), folder, **options)
        assert "\n" not in str(caught.value)
        assert not folder.exists() or not any(path.name == "config.json" for path in folder.iterdir())

    refuse("needs scans of", config=dataclasses.replace(TINY, sample_shape=(1, 16, 16, 16)))
    refuse("needs 2 scans or more", data=cohort(tmp_path / "empty", split="test"))
    refuse(
        "divide by 8",
        config=dataclasses.replace(TINY, sample_shape=(1, 12, 12, 12)),
        data=cohort(tmp_path / "o", side=12),
    )
    folder.mkdir()
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    refuse("not empty")


def test_held_out_scans_are_never_trained_on(tmp_path, monkeypatch):
    data, seen = cohort(tmp_path / "data"), []
    step = VAERecipe.step
    monkeypatch.setattr(
        VAERecipe,
        "step",
        lambda self, batch, at: seen.extend(batch.image[:, 0, 0, 0, 0].tolist()) or step(self, batch, at),
    )
    training.train("vae-8", data, tmp_path / "run", config=TINY, schedule=SHORT, machine=MACHINE)
    # Each scan of this cohort is its number over 9 everywhere; scan 0 is held out.
    assert {round(9 * grey) for grey in seen} == set(range(1, 9))


def test_resume_wants_a_checkpoint_and_the_same_data(tmp_path):
    data = cohort(tmp_path / "data")
    with pytest.raises(InputError, match="nothing to resume"):
        training.resume(tmp_path / "nowhere", data)
    folder = tmp_path / "run"
    training.train("vae-8", data, folder, config=TINY, schedule=SHORT, machine=MACHINE)
    with pytest.raises(InputError, match="very same scans"):
        training.resume(folder, PreparedDataset.open(cohort(tmp_path / "other", split="test").folder))
    assert training.resume(folder, data)["epoch"] == 2


def diverge(folder, data, config=TINY, at=3):
    """Train until a step whose scans are not finite."""
    fetch = PreparedDataset.batch
    steps = iter(range(100))

    def poisoned(self, rows):
        images = fetch(self, rows)
        return images * np.float32("nan") if len(images) == SHORT.batch_size and next(steps) == at else images

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PreparedDataset, "batch", poisoned)
        preset = "ivae-32" if isinstance(config, IntroVAEConfig) else "vae-8"
        with pytest.raises(TrainingStoppedError) as caught:
            training.train(preset, data, folder, config=config, schedule=SHORT, machine=MACHINE)
    return str(caught.value)


def test_a_run_that_diverged_goes_on_with_the_lower_learning_rate_that_it_advises(tmp_path):
    data, folder = cohort(tmp_path / "data"), tmp_path / "run"
    assert "--resume and --learning-rate below 0.001" in diverge(folder, data)

    def lower(name, config, schedule):
        return dataclasses.replace(config, learning_rate=1e-4), schedule

    training.resume(folder, data, change=lower)
    run = load_run(folder)
    assert run.config == lower("", TINY, SHORT)[0]
    assert run.settings["resumed"] == [{"step": 2, "changes": {"learning_rate": [0.001, 0.0001]}}]
    assert "Resumed after step 2 with learning_rate 0.0001 in place of 0.001." in run.card
    state = torch.load(folder / "resume.pt", weights_only=True)
    # The second epoch's last of 4 steps, in the slow rise over 50 steps and the fall of the cosine.
    expected = 1e-4 * (4 / 50) * 0.5 * (1 + math.cos(math.pi * 3 / 4))
    assert state["optimisers"]["autoencoder"]["param_groups"][0]["lr"] == pytest.approx(expected)
    training.resume(folder, data)
    assert len(load_run(folder).settings["resumed"]) == 1


def test_nothing_but_learning_rates_may_change_upon_resume(tmp_path):
    data, folder = cohort(tmp_path / "data"), tmp_path / "run"
    diverge(folder, data)
    before = (folder / "config.json").read_bytes()
    others = vars(IntroVAEConfig(norm="group", even_voxels=True, latent_dim=99)) | vars(
        Schedule(batch_size=9, epochs=3)
    )
    for name, value in others.items():
        if name == "learning_rate" or {**vars(TINY), **vars(SHORT)}.get(name, value) == value:
            continue

        def change(_, *parts, name=name, value=value):
            return [dataclasses.replace(part, **({name: value} if name in vars(part) else {})) for part in parts]

        with pytest.raises(InputError, match=rf"other settings \({flag(name)}\)"):
            training.resume(folder, data, change=change)
    assert (folder / "config.json").read_bytes() == before


def test_a_run_may_go_on_for_longer_than_it_was_told(tmp_path):
    data = cohort(tmp_path / "data")
    long, short = (dataclasses.replace(SHORT, epochs=3, stop_after=epochs) for epochs in (2, 1))
    for name, schedule in (("whole", long), ("resumed", short)):
        training.train("vae-8", data, tmp_path / name, config=TINY, schedule=schedule, machine=MACHINE)

    def longer(_, config, schedule):
        return config, long

    training.resume(tmp_path / "resumed", data, change=longer)
    whole, resumed = (load_run(tmp_path / name) for name in ("whole", "resumed"))
    assert resumed.sha256 == whole.sha256, "as if it had been told so from the beginning"
    assert resumed.settings["schedule"] == whole.settings["schedule"]
    assert resumed.settings["resumed"][0]["changes"] == {"stop_after": [1, 2]}
    assert "2 of the 3 epochs" in resumed.card


def test_an_introvae_s_adversarial_rate_may_change_too(tmp_path):
    data, folder = cohort(tmp_path / "data"), tmp_path / "run"
    config = IntroVAEConfig(**vars(TINY), warm_up_epochs=1)
    assert "or --adversarial-learning-rate below 0.001" in diverge(folder, data, config)

    def lower(_, config, schedule):
        return dataclasses.replace(config, adversarial_learning_rate=1e-5), schedule

    training.resume(folder, data, change=lower)
    assert load_run(folder).settings["resumed"][0]["changes"] == {"adversarial_learning_rate": [0.001, 1e-5]}


def test_one_process_trains_a_run(tmp_path):
    data, folder = cohort(tmp_path / "data"), tmp_path / "run"
    training.train("vae-8", data, folder, config=TINY, schedule=SHORT, machine=MACHINE)
    before = (folder / "metrics.jsonl").read_bytes()
    with folder_in_use(folder, "brainlab train"), pytest.raises(InputError, match="in use by brainlab train, process"):
        training.resume(folder, data)
    assert (folder / "metrics.jsonl").read_bytes() == before
    training.resume(folder, data)
    (tmp_path / "other").mkdir()
    with folder_in_use(tmp_path / "other", "brainlab train"), pytest.raises(InputError, match="in use"):
        training.train("vae-8", data, tmp_path / "other", config=TINY, schedule=SHORT, machine=MACHINE)


@pytest.mark.parametrize(
    ("name", "damage", "expected"),
    [
        ("resume.pt", b"version https://git-lfs.github.com/spec/v1\noid", "git-lfs pointer"),
        ("resume.pt", b"PK", "cannot be read"),
        ("metrics.jsonl", b'{"kind": "step"}\n{"kind\n', "line 2 is damaged"),
        ("evaluation.json", b"{", "damaged, no JSON"),
        ("config.json", b'{"preset": "vae-8"}', "has no config; train into a new folder"),
    ],
)
def test_a_run_with_a_damaged_file_is_not_resumed(tmp_path, name, damage, expected):
    data, folder = cohort(tmp_path / "data"), tmp_path / "run"
    diverge(folder, data)
    (folder / name).write_bytes(damage)
    before = (folder / "config.json").read_bytes()
    with pytest.raises(InputError, match=expected) as caught:
        training.resume(folder, data, change=lambda _, *parts: parts)
    assert str(caught.value).startswith(str(folder / name))
    assert (folder / "config.json").read_bytes() == before


def test_resume_replaces_the_plain_hashes_of_an_older_version(tmp_path):
    data, folder = cohort(tmp_path / "data"), tmp_path / "run"
    training.train("vae-8", data, folder, config=TINY, schedule=SHORT, machine=MACHINE)
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    for name in ("key", "voxels"):
        del settings["data"][name]
    settings["data"]["participants"] = [participant_hash(f"p{i}") for i in range(1, 9)]
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    training.resume(folder, data)
    kept = load_run(folder).settings["data"]
    assert (kept["key"], kept["participants"]) == ("public", data.participant_hashes("train"))
    assert len(kept["voxels"]) == 8


def test_a_resumed_run_keeps_its_precision(tmp_path, monkeypatch):
    data, folder, used = cohort(tmp_path / "data"), tmp_path / "run", []
    training.train("vae-8", data, folder, config=TINY, schedule=SHORT, machine=MACHINE)
    launch = Machine.fabric
    monkeypatch.setattr(Machine, "fabric", lambda self: used.append(self.precision) or launch(self))
    training.resume(folder, data, machine=Machine(device="cpu"))
    assert used == ["32"]


def test_a_run_whose_settings_cannot_be_read_is_not_resumed(tmp_path):
    data, folder = cohort(tmp_path / "data"), tmp_path / "run"
    folder.mkdir()
    (folder / "resume.pt").write_bytes(b"")
    for content in (b"{", b"\xff", b"[]", b'{"preset": "vae-8"}'):
        (folder / "config.json").write_bytes(content)
        with pytest.raises(InputError, match=r"config\.json: .*; train into a new folder"):
            training.resume(folder, data)


def test_a_half_written_line_does_not_hide_what_stopped_the_training(tmp_path):
    data, folder = cohort(tmp_path / "data"), tmp_path / "run"

    def full_disk(steps, total):
        for step in steps:
            if step == 3:
                with (folder / "metrics.jsonl").open("a", encoding="utf-8") as out:
                    out.write('{"kind": "st')
                raise OSError("disk full")
            yield step

    with pytest.raises(OSError, match="disk full"):
        training.train("vae-8", data, folder, config=TINY, schedule=SHORT, machine=MACHINE, show=full_disk)
    assert "1 of the 2 epochs" in load_run(folder).card


def test_a_run_killed_before_its_first_checkpoint_is_started_anew(tmp_path, monkeypatch):
    data, folder = cohort(tmp_path / "data"), tmp_path / "run"

    def kill(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(training, "make_loop", kill)
        with pytest.raises(KeyboardInterrupt):
            training.train("vae-8", data, folder, config=TINY, schedule=SHORT, machine=MACHINE)
    (folder / "metrics.jsonl").touch()
    (folder / ".resume.pt-x1").write_bytes(b"half")
    assert training.train("vae-8", data, folder, config=TINY, schedule=SHORT, machine=MACHINE)["epoch"] == 2


def test_a_config_that_is_no_run_s_keeps_its_folder(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.json").write_text('{"mine": 1}', encoding="utf-8")
    with pytest.raises(InputError, match="not empty"):
        training.train("vae-8", cohort(tmp_path / "data"), folder, config=TINY, schedule=SHORT, machine=MACHINE)
    assert (folder / "config.json").read_text(encoding="utf-8") == '{"mine": 1}'
