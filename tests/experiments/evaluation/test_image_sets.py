"""Which images the metrics compare: nobody the run was trained on, evenly picked, drawn with the seed."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from brainlab import workspace
from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.cohort.scan_table import COLUMNS
from brainlab.errors import InputError
from brainlab.experiments.evaluation import image_sets, images_on_disk
from brainlab.experiments.evaluation.image_sets import collect, held_out, training_data
from brainlab.images.grid import Grid
from brainlab.methods.conditions import Condition
from brainlab.pseudonyms import PUBLIC, PUBLIC_KEY, keyed_hash
from brainlab.runs.calls.asked_images import NOTHING
from brainlab.runs.passes import passes

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
    grid = Grid.unplaced(SHAPE)

    def __init__(self, dataset, people=()):
        self.simulated = True
        hashes = [keyed_hash(name, PUBLIC_KEY) for name in people]
        known = {"name": dataset.name, "sha256": dataset.sha256, "simulated": True}
        self.settings = {"data": known | {"key": PUBLIC, "participants": hashes}}

    def can(self, ability):
        return ability != "condition"

    def see(self, data):
        return data

    def encode(self, x, condition=None):
        mean = x.reshape(len(x), -1).mean(axis=1, keepdims=True)
        return mean, np.zeros_like(mean)

    def decode(self, z, condition=None):
        return np.ones((len(z), *SHAPE), np.float32) * z[:, :1, None, None]

    def codes_in_parts(self, n, seed, condition=None):
        yield np.random.default_rng(seed).random((n, 1)), NOTHING

    def decode_asked(self, z, asked):
        return self.decode(z)


class ToldRunOf(RunOf):
    """The same, whose codes hold the age that it was told beside, and whose decoder takes that away again."""

    conditions = (Condition(name="age_years", mean=50.0, low=0.0, high=60.0), Condition(name="class", words=("ms",)))

    def can(self, ability):
        return True

    def encode(self, x, condition=None):
        mean, spread = super().encode(x)
        return mean + ages(condition), spread

    def decode(self, z, condition=None):
        return super().decode(z - (0 if condition is None else ages(condition)))


def ages(condition):
    assert all(told["class"] == "ms" for told in condition)
    return np.array([[told["age_years"]] for told in condition])


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
    sets, common = collect(run, dataset, 8, 3, None)
    real, generated, reconstructed = (
        part[np.arange(len(part))] for part in (sets.real, sets.generated, sets.reconstructed)
    )
    grey = np.rint(real[:, 0, 0, 0] * 255)
    assert (grey[0], grey[-1], len(grey)) == (20, 39, 8)
    assert sets.people.tolist() == [f"p{level:.0f}" for level in grey]
    assert np.ptp(np.diff(grey)) <= 1
    assert np.array_equal(generated, run.decode(next(run.codes_in_parts(8, 3))[0]).astype(np.float32))
    assert not np.array_equal(generated, collect(run, dataset, 8, 4, None)[0].generated[np.arange(8)])
    assert reconstructed == pytest.approx(real)  # decoded from the posterior mean
    assert (common["real_scans"], common["generated"], common["shape"]) == (8, 8, list(SHAPE))


def test_scans_are_encoded_and_decoded_under_their_own_conditions(tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setattr(passes, "AT_ONCE", 3)
    dataset = write(tmp_path / "cohort", np.full((40, *SHAPE), 0.5, np.float32))
    dataset.scans["age_years"] = np.arange(40.0) + 25
    sets, common = collect(ToldRunOf(dataset), dataset, 20, 0, None)
    assert sets.codes.mean[:, 0] == pytest.approx(np.arange(20, 40) + 25 + 0.5, abs=0.01)
    assert sets.reconstructed[np.arange(20)] == pytest.approx(sets.real[np.arange(20)], abs=1e-5)
    assert common["conditions_told"] == ["age_years", "class"]
    assert common["conditions_warnings"] == [
        "age_years: of 4 images outside the 0 to 60 of the training images, so the result is a guess"
    ]


def test_the_brain_is_what_is_bright_in_most_scans(tmp_path):
    volumes = np.zeros((20, *SHAPE), np.float32)
    volumes[:, 1:3, 1:3, 1:3] = 0.5
    volumes[12, 0, 0, 0] = 1
    dataset = write(tmp_path / "cohort", volumes)
    assert np.array_equal(collect(RunOf(dataset), dataset, 10, 0, None)[0].brain, volumes[0] > 0)


def test_reconstructions_of_many_scans_are_decoded_in_passes_and_stay_in_order(dataset, monkeypatch):
    monkeypatch.setattr(passes, "AT_ONCE", 3)
    sets, _ = collect(RunOf(dataset), dataset, 20, 0, None)
    rows = np.arange(20)
    assert sets.reconstructed[rows] == pytest.approx(sets.real[rows])
    assert sets.codes.mean[:, 0] == pytest.approx(sets.real[rows].mean(axis=(1, 2, 3)))


def test_dimensions_are_counted_only_where_a_code_has_any(dataset, monkeypatch):
    monkeypatch.setattr(RunOf, "can", lambda self, ability: ability not in ("condition", "walk"))
    sets, _ = collect(RunOf(dataset), dataset, 20, 0, None)
    assert len(sets.reconstructed) == 20
    assert sets.code_length == RunOf.latent_dim, "by which reconstructions that lose nothing are known"
    with pytest.raises(InputError, match="codes have no dimensions to move along"):
        sets.part("codes")


def test_images_that_do_not_fit_on_the_disk_or_into_memory_are_refused_before_any_is_drawn(dataset, monkeypatch):
    run = RunOf(dataset)
    run.codes_in_parts = None
    monkeypatch.setattr(images_on_disk.shutil, "disk_usage", lambda _: SimpleNamespace(free=4 * 64 * (100 + 20) - 1))
    with pytest.raises(InputError, match=r"--n: 100 images .* kB of disk"):
        collect(run, dataset, 100, 0, None)
    monkeypatch.setattr(image_sets, "IMAGES_IN_MEMORY", 2**60)
    with pytest.raises(InputError, match=r"4x4x4: take .* GB of memory"):
        collect(run, dataset, 100, 0, None)


def test_nothing_is_left_on_the_disk(dataset, tmp_path):
    sets, _ = collect(RunOf(dataset), dataset, 8, 0, None)
    assert not list((tmp_path / "workspace" / "cache").iterdir())
    assert sets.generated[np.array([7])].shape == (1, *SHAPE)


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


def test_the_scans_own_labels_come_with_them_row_by_row(tmp_path):
    plain = write(tmp_path / "plain", np.random.default_rng(0).random((24, *SHAPE), np.float32))
    labels = np.random.default_rng(1).integers(0, 3, (24, *SHAPE)).astype(np.uint8)
    recipe = plain.recipe | {"labels": {"2": "core", "1": "mantle"}}
    images = plain.batch(plain.indices())[:, 0]
    data = write_prepared(tmp_path / "labelled", images, plain.scans, recipe, segmentations=labels)
    sets, _ = collect(RunOf(data), data, 8, 0, None)
    assert sets.recipe == data.recipe
    assert sets.real_labels.names == {2: "core", 1: "mantle"}
    assert np.array_equal(sets.real_labels[np.array([3, 0])], labels[sets.real_rows[[3, 0]]])
    assert collect(RunOf(plain), plain, 8, 0, None)[0].real_labels is None
