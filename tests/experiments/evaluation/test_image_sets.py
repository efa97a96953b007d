"""Which images the metrics compare: nobody the run was trained on, evenly picked, drawn with the seed."""

import numpy as np
import pandas as pd
import pytest

from brainlab import workspace
from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.cohort.scan_table import COLUMNS
from brainlab.errors import InputError
from brainlab.experiments.evaluation.image_sets import collect, held_out, training_data
from brainlab.pseudonyms import PUBLIC, PUBLIC_KEY, keyed_hash

SHAPE = (4, 4, 4)


def write(folder, volumes) -> PreparedDataset:
    """One scan a person; the second half is the test split."""
    n = len(volumes)
    rows = [
        dict.fromkeys(COLUMNS, np.nan)
        | {"participant": f"p{i}", "session": "0", "class": "ms", "split": "train" if i < n // 2 else "test"}
        for i in range(n)
    ]
    recipe = {"name": "test", "shape": list(SHAPE), "affine": np.eye(4).tolist(), "simulated": True}
    return write_prepared(folder, volumes, pd.DataFrame(rows), recipe)


class RunOf:
    """A run trained on a dataset; its code is the mean grey value, and half of it is noise to be left out."""

    name, shape, sha256, latent_dim = "run", SHAPE, "a" * 64, 1

    def __init__(self, dataset, people=()):
        self.simulated = True
        hashes = [keyed_hash(name, PUBLIC_KEY) for name in people]
        self.settings = {
            "data": {"name": dataset.name, "sha256": dataset.sha256, "key": PUBLIC, "participants": hashes}
        }

    def can(self, ability):
        return True

    def see(self, data):
        return data

    def encode(self, x):
        mean = x.reshape(len(x), -1).mean(axis=1, keepdims=True)
        return mean, np.zeros_like(mean)

    def decode(self, z):
        return np.ones((len(z), *SHAPE), np.float32) * z[:, :1, None, None]

    def sample(self, n, seed):
        z = np.random.default_rng(seed).random((n, 1))
        return z, self.decode(z)


@pytest.fixture
def dataset(tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    grey = np.arange(40, dtype=np.float32) / 255
    return write(tmp_path / "cohort", grey[:, None, None, None] * np.ones((40, *SHAPE), np.float32))


def test_nobody_the_run_has_seen_is_held_out_in_any_dataset(dataset, tmp_path):
    other = write(tmp_path / "other", dataset.volumes[:20] + np.uint8(100))
    assert held_out(RunOf(dataset, ["p25"]), dataset).tolist() == [i for i in range(20, 40) if i != 25]
    assert held_out(RunOf(dataset, ["p0", "p13"]), other).tolist() == [i for i in range(20) if i not in (0, 13)]


def test_of_the_runs_own_data_only_the_test_split_is_held_out_even_where_no_list_of_people_was_kept(dataset):
    assert held_out(RunOf(dataset), dataset).tolist() == list(range(20, 40))


def test_what_is_compared_is_held_out_evenly_spaced_and_drawn_with_the_seed(dataset):
    run = RunOf(dataset)
    material = collect(run, dataset, 8, 3, None)
    grey = np.rint(material.real[:, 0, 0, 0] * 255)
    assert (grey[0], grey[-1], len(grey)) == (20, 39, 8)
    assert np.ptp(np.diff(grey)) <= 1
    assert np.array_equal(material.generated, run.sample(8, 3)[1])
    assert not np.array_equal(material.generated, collect(run, dataset, 8, 4, None).generated)
    assert material.reconstructed == pytest.approx(material.real)  # decoded from the posterior mean


def test_the_brain_is_what_is_bright_in_most_scans(tmp_path):
    volumes = np.zeros((20, *SHAPE), np.float32)
    volumes[:, 1:3, 1:3, 1:3] = 0.5
    volumes[12, 0, 0, 0] = 1
    dataset = write(tmp_path / "cohort", volumes)
    assert np.array_equal(collect(RunOf(dataset), dataset, 10, 0, None).brain, volumes[0] > 0)


def test_fewer_scans_than_the_metrics_are_defined_for_are_refused(dataset):
    seen = [f"p{i}" for i in range(27, 40)]
    with pytest.raises(InputError, match="needs at least 8 scans"):
        collect(RunOf(dataset, seen), dataset, 8, 0, None)


def test_a_dataset_of_the_same_name_does_not_pass_for_the_training_data(dataset, tmp_path, monkeypatch):
    same_name = write(tmp_path / "elsewhere" / dataset.name, dataset.volumes + np.uint8(1))
    third = write(tmp_path / "third", dataset.volumes[:20])
    monkeypatch.setattr(workspace, "cohort_folders", lambda: [same_name.folder])
    assert training_data(RunOf(dataset), third) is None
    monkeypatch.setattr(workspace, "cohort_folders", lambda: [same_name.folder, dataset.folder])
    assert training_data(RunOf(dataset), third).folder == dataset.folder
