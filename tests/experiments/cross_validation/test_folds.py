"""A cross-validation holds every scan out once, keeps what it found, and goes on where it was interrupted."""

import dataclasses
import json

import numpy as np
import pytest

from brainlab.cohort.folds import Fold
from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.experiments.cross_validation import folds
from brainlab.experiments.cross_validation.baselines import BaselineConfig
from brainlab.experiments.cross_validation.folds import cross_validate
from brainlab.experiments.cross_validation.record import FILE, find_records, read_record
from brainlab.experiments.translator_checks import noise_of_sequences
from brainlab.runs.run import load_run
from brainlab.translation.linear import LinearConfig

CONFIG = LinearConfig(inputs=("T1w", "T2w"), target="FLAIR", kernel=1, patch=(8, 8, 8))


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> PreparedDataset:
    """A dataset in which the target is the mean of two inputs."""
    return noise_of_sequences(CONFIG, tmp_path_factory.mktemp("folds") / "prepared", 4)


@pytest.fixture(scope="module")
def done(data, tmp_path_factory):
    """A cross-validation of the linear model, and its folder."""
    folder = tmp_path_factory.mktemp("folds") / "linear"
    return cross_validate("flair-linear", data, folder, folds=2, config=CONFIG), folder


def test_each_scan_is_measured_once_by_a_run_that_was_not_trained_on_it(data, done):
    record, folder = done
    assert [scan["row"] for scan in record.scans()] == list(range(len(data)))
    people = data.scans["participant"].astype(str)
    for one in record.measured:
        split = Fold(one.number, 2).held_out(data).scans["split"]
        assert [scan["row"] for scan in one.scans] == np.flatnonzero(split == "test").tolist()
        held_out = {people[scan["row"]] for scan in one.scans}
        assert held_out.isdisjoint(
            {people[scan["row"]] for other in record.measured if other != one for scan in other.scans}
        )
        assert load_run(folder / f"fold-{one.number}").settings["training"]["fold"] == f"{one.number}/2"
    assert record.values("mse").max() < 1e-4 < record.values("mse_of_mean").min()


def test_the_record_is_read_back_and_needs_no_runs(done):
    record, folder = done
    assert read_record(folder / FILE) == record
    assert find_records([folder.parent]) == find_records([folder]) == [record]
    assert record.parameters == 3
    assert record.data["simulated"] is True


def test_folds_that_are_done_are_not_done_again_and_others_follow(data, done, tmp_path, monkeypatch):
    whole, _ = done
    first = cross_validate("flair-linear", data, tmp_path / "part", folds=2, only=[2], config=CONFIG)
    assert [one.number for one in first.measured] == [2]
    trained = []
    real = folds.train
    monkeypatch.setattr(
        folds, "train", lambda *args, **kwargs: trained.append(kwargs["fold"].number) or real(*args, **kwargs)
    )
    both = cross_validate("flair-linear", data, tmp_path / "part", folds=2, config=CONFIG)
    assert trained == [1]
    assert np.allclose(both.values("mse"), whole.values("mse"))


def test_a_training_that_was_interrupted_is_gone_on_with(data, done, tmp_path, monkeypatch):
    whole, _ = done

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(folds, "_measured", killed)
    with pytest.raises(KeyboardInterrupt):
        cross_validate("flair-linear", data, tmp_path / "part", folds=2, config=CONFIG)
    monkeypatch.undo()
    again = cross_validate("flair-linear", data, tmp_path / "part", folds=2, config=CONFIG)
    assert np.allclose(again.values("mse"), whole.values("mse"))


def test_other_settings_or_what_is_no_translator_are_refused(data, done, tmp_path):
    _, folder = done
    with pytest.raises(InputError, match="holds a cross-validation of flair-linear with other settings or data"):
        cross_validate("flair-linear", data, folder, folds=2, config=dataclasses.replace(CONFIG, kernel=3))
    with pytest.raises(InputError, match="vae-8: needs a preset that translates"):
        cross_validate("vae-8", data, tmp_path / "vae")
    wrong = BaselineConfig(inputs=("T1w", "DIR"))
    with pytest.raises(InputError, match="needs T1w, DIR, FLAIR, got T1w, T2w, FLAIR"):
        cross_validate("random-forest", data, tmp_path / "forest", folds=2, config=wrong)
    assert list(tmp_path.iterdir()) == []


def test_a_baseline_is_fitted_to_the_other_folds(data, tmp_path, monkeypatch):
    known = []
    real = folds.fitted
    monkeypatch.setattr(folds, "fitted", lambda *args: known.append(set(args[3].tolist())) or real(*args))
    config = BaselineConfig(inputs=("T1w", "T2w"), target="FLAIR", samples=100)
    record = cross_validate("random-forest", data, tmp_path, folds=2, config=config)
    for rows, one in zip(known, record.measured, strict=True):
        assert rows == set(range(len(data))) - {scan["row"] for scan in one.scans}


@pytest.mark.parametrize("name", ["random-forest", "modality-propagation"])
def test_baselines_are_measured_alike_and_keep_no_run(name, data, tmp_path):
    config = BaselineConfig(inputs=("T1w", "T2w"), target="FLAIR", samples=200)
    record = cross_validate(name, data, tmp_path, folds=2, config=config)
    assert [scan["row"] for scan in record.scans()] == list(range(len(data)))
    assert record.values("mse").mean() < 0.8 * record.values("mse_of_mean").mean()
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".")) == [FILE]


def test_a_damaged_record_is_one_line(done, tmp_path):
    content = json.loads((done[1] / FILE).read_text(encoding="utf-8"))
    for damaged in (
        "",
        "[]",
        json.dumps(content | {"measured": [{"number": 1}]}),
        json.dumps({"format": 1, "name": "x"}),
    ):
        (tmp_path / FILE).write_text(damaged, encoding="utf-8")
        with pytest.raises(InputError, match=r"cross-validation\.json: needs the record of a cross-validation"):
            read_record(tmp_path / FILE)
    (tmp_path / FILE).write_text(json.dumps(content | {"format": 99}), encoding="utf-8")
    with pytest.raises(InputError, match="another version"):
        read_record(tmp_path / FILE)
