"""Whom a run was trained on: nobody can be named without the key, and nobody is taken for unseen in silence."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from brainlab import workspace
from brainlab.cohort.prepared import PreparedDataset, participant_hash, participant_split, write_prepared
from brainlab.experiments import training
from brainlab.experiments.evaluation.image_sets import held_out
from brainlab.experiments.training_plan import Machine
from brainlab.generators.vae import VAEConfig
from brainlab.pseudonyms import PUBLIC_KEY, keyed_hash
from brainlab.runs.provenance import hashes_of_training, recognise
from brainlab.runs.run import load_run

PEOPLE = [f"sub-{number:04d}" for number in range(1, 41)]


class KeptRun:
    """What `recognise` asks of a run."""

    name = "mine"

    def __init__(self, data: PreparedDataset, **changes) -> None:
        self.settings = {"data": {"sha256": data.sha256, "simulated": data.simulated, **hashes_of_training(data)}}
        self.settings["data"] |= changes

    @property
    def simulated(self) -> bool:
        return self.settings["data"]["simulated"]


def cohort(folder, *, people=PEOPLE, simulated=False, sources="file", voxels=0):
    """One small scan a person; `sources` and `voxels` make other files and other contents."""
    scans = pd.DataFrame(
        {
            "participant": people,
            "session": "1",
            "class": "ms",
            "split": [participant_split(name) for name in people],
            "sha256": [f"{sources}-{number}" for number in range(len(people))],
        }
    )
    random = np.random.default_rng(voxels)
    recipe = {"name": "tiny", "shape": [8] * 3, "affine": np.eye(4).tolist(), "simulated": simulated}
    return write_prepared(folder, (random.random((8,) * 3, np.float32) for _ in people), scans, recipe)


@pytest.fixture(autouse=True)
def own_workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))


def lose_the_key():
    workspace.pseudonyms_key().unlink()


def train_split(data):
    return (data.scans["split"] == "train").tolist()


def guesses():
    """Names that an attacker would count through."""
    for number in range(10_000):
        yield from (f"sub-{number:04d}", f"sub-{number}", f"sub-{number:02d}", f"sub-{number:03d}", f"{number}")


def test_nobody_can_be_named_from_a_run_folder_without_the_key(tmp_path):
    data, folder = cohort(tmp_path / "real"), tmp_path / "run"
    config = VAEConfig(latent_dim=2, sample_shape=(1, 8, 8, 8), widths=(8,), dense_width=8)
    training.train("vae-8", data, folder, config=config, machine=Machine(device="cpu", precision="32"))
    text = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    kept = json.loads((folder / "config.json").read_text(encoding="utf-8"))["data"]
    known = {*kept["participants"], *kept["files"], *kept["voxels"]}
    for name in guesses():
        plain = participant_hash(name)
        assert not known & {keyed_hash(name, PUBLIC_KEY), keyed_hash(name, kept["key"].encode()), plain, name}
    assert not any(name.encode() in text for name in PEOPLE)
    key = workspace.pseudonyms_key().read_text(encoding="utf-8").strip()
    assert key.encode() not in text
    assert bytes.fromhex(key) not in text
    assert recognise(load_run(folder), data).seen.tolist() == train_split(data)


def test_the_people_of_a_simulation_are_no_secret(tmp_path):
    data = cohort(tmp_path / "simulated", simulated=True)
    kept = hashes_of_training(data)
    assert kept["key"] == "public"
    assert not workspace.pseudonyms_key().exists()
    found = {name for name in guesses() if keyed_hash(name, PUBLIC_KEY) in kept["participants"]}
    assert found == {name for name in PEOPLE if participant_split(name) == "train"}


def test_people_are_known_by_name_with_the_key(tmp_path):
    run = KeptRun(cohort(tmp_path / "a"))
    other = cohort(tmp_path / "b", sources="other", voxels=1)
    found = recognise(run, other)
    assert found.seen.tolist() == train_split(other)
    assert found.unseen.tolist() == (~found.seen).tolist()
    assert found.gap == ""


@pytest.mark.parametrize("other_key", [False, True])
def test_without_the_key_contents_decide_and_the_test_split_alone_is_unseen(tmp_path, other_key):
    own = cohort(tmp_path / "a")
    run = KeptRun(own)
    lose_the_key()
    if other_key:
        hashes_of_training(own)
    strangers = cohort(tmp_path / "b", sources="other", voxels=1)
    found = recognise(run, strangers)
    assert not found.seen.any()
    assert found.unseen.tolist() == [not trained for trained in train_split(strangers)]
    assert "mine: the key of its people's names" in found.gap
    assert held_out(run, strangers).tolist() == strangers.indices("test").tolist()
    for same in (cohort(tmp_path / "c", voxels=1), cohort(tmp_path / "d", sources="other")):
        assert recognise(run, same).seen.tolist() == train_split(own)
    assert recognise(run, own).gap == ""


def test_held_out_are_the_test_split_of_the_run_s_own_data_and_people_new_to_it_elsewhere(tmp_path):
    own = cohort(tmp_path / "a")
    run = KeptRun(own)
    other = cohort(tmp_path / "b", people=[*PEOPLE[:20], *(f"new-{i}" for i in range(20))], sources="other", voxels=1)
    known = {name for name in PEOPLE if participant_split(name) == "train"}
    assert held_out(run, other).tolist() == [
        i for i, name in enumerate(other.scans["participant"]) if name not in known
    ]
    run.settings["data"] |= {"participants": [], "files": [], "voxels": []}
    assert held_out(run, own).tolist() == own.indices("test").tolist()


def test_a_scan_is_known_under_another_name_with_all_visits_of_its_person(tmp_path):
    own = cohort(tmp_path / "a")
    run = KeptRun(own)
    renamed = cohort(tmp_path / "b", people=[f"x{i // 2}" for i in range(len(PEOPLE))], sources="other")
    trained = np.array(train_split(own))
    expected = np.repeat(trained.reshape(-1, 2).any(axis=1), 2)
    assert recognise(run, renamed).seen.tolist() == expected.tolist()


def test_a_scan_without_a_file_hash_is_known_by_its_name_or_voxels_alone(tmp_path):
    run = KeptRun(cohort(tmp_path / "a"))
    other = cohort(tmp_path / "b", people=[f"x{i}" for i in range(40)], voxels=1)
    other.scans.loc[:19, "sha256"] = np.nan
    trained = [participant_split(name) == "train" for name in PEOPLE]
    assert recognise(run, other).seen.tolist() == [False] * 20 + trained[20:]


def test_nobody_simulated_is_a_real_person_of_that_name(tmp_path):
    run = KeptRun(cohort(tmp_path / "a", simulated=True))
    real = cohort(tmp_path / "b", sources="other", voxels=1)
    assert recognise(run, real).unseen.all()
    assert recognise(run, cohort(tmp_path / "c", sources="other")).seen.any()


def test_a_run_of_an_older_version_is_compared_by_its_plain_hashes(tmp_path):
    own = cohort(tmp_path / "a")
    run = KeptRun(own)
    people = [participant_hash(name) for name in PEOPLE if participant_split(name) == "train"]
    run.settings["data"] = {"sha256": own.sha256, "simulated": False, "participants": people}
    other = cohort(tmp_path / "b", sources="other", voxels=1)
    assert recognise(run, other).seen.tolist() == train_split(other)
    run.settings["data"] |= {"participants": [], "files": [participant_hash("file-3")]}
    assert recognise(run, cohort(tmp_path / "c", voxels=1)).seen.tolist() == [i == 3 for i in range(40)]


def test_shipped_runs_know_the_people_of_their_cohort(tmp_path):
    seeds = {
        "train-4000-prepared": 1,
        "train-flair-prepared": 1,
        "dwi-prepared": 501,
        "ixi-prepared": 701,
        "t1-prepared": 801,
        "flair-sequences": 2001,
    }
    for folder in sorted(workspace.MODELS.glob("*/config.json")):
        kept = json.loads(folder.read_text(encoding="utf-8"))["data"]
        trained = set(kept["participants"])
        everyone = [f"sub-S{seeds[kept['name']]}P{number:05d}" for number in range(1, 4001)]
        known = {name for name in everyone if keyed_hash(name, PUBLIC_KEY) in trained}
        assert (len(known), kept["key"]) == (len(trained), "public")
        assert {participant_split(name) for name in known} == {"train"}


def test_the_key_belongs_to_its_workspace(tmp_path, monkeypatch):
    own = cohort(tmp_path / "a")
    run = KeptRun(own)
    shutil.copytree(tmp_path / "workspace", tmp_path / "second")
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "second"))
    other = cohort(tmp_path / "b", sources="other", voxels=1)
    assert recognise(run, other).gap == ""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "third"))
    assert recognise(run, other).gap
