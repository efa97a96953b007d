"""`brainlab cross-validate`: one record of all folds, gone on with, and tables from it."""

import json

import pytest

from brainlab.experiments.translator_checks import noise_of_sequences
from brainlab.translation.linear import LinearConfig
from tests.cli.test_train import call

CONFIG = LinearConfig(inputs=("T1w", "T2w"), target="FLAIR")
SEQUENCES = ["--inputs", "T1w", "T2w", "--target", "FLAIR"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return noise_of_sequences(CONFIG, tmp_path_factory.mktemp("crossed") / "prepared", 4).folder


def test_folds_are_done_and_said_and_tables_are_rebuilt_from_the_record(prepared, tmp_path, capsys):
    words = ["cross-validate", "flair-linear", "--data", prepared, "--out", tmp_path / "crossed" / "linear", *SEQUENCES]
    words += ["--patch", 8, 8, 8, "--kernel", 1, "--folds", 2]
    code, out, err = call(capsys, *words, "--only", 2, "--json")
    assert code == 0, err
    assert json.loads(out)["folds"] == [2]
    code, out, err = call(capsys, *words)
    assert code == 0, err
    assert "Linear voxel model, folds 1, 2 of 2: 5 simulated held-out scans" in out
    record = json.loads((tmp_path / "crossed" / "linear" / "cross-validation.json").read_text(encoding="utf-8"))
    assert record["config"]["inputs"] == ["T1w", "T2w"]
    assert str(tmp_path) not in json.dumps(record), "where the data lie is nobody's business"
    code, out, err = call(capsys, "tables", "wei-2.4", "--records", tmp_path / "crossed", "--json")
    assert code == 0, err
    assert json.loads(out)["tables"]["wei-2.4"]["published"]


def test_a_baseline_takes_its_own_flags(prepared, tmp_path, capsys):
    words = ["cross-validate", "random-forest", "--data", prepared, "--out", tmp_path / "forest", *SEQUENCES]
    code, out, err = call(capsys, *words, "--folds", 2, "--only", 1, "--samples", 100, "--json")
    assert code == 0, err
    assert json.loads(out)["measures"]["mse"]["mean"] > 0
    assert call(capsys, *words, "--kernel", 3)[0] == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["flair-linear", "--only", "3", "--folds", "2"], "--only: needs folds from 1 to 2, got 3"),
        (["flair-linear", "--folds", "9"], "needs a participant for each of 9 folds, got 5"),
        (["flair-linear", "--folds", "1"], "--folds: needs 2 or more, got 1"),
        (["vae-8"], "vae-8: needs a preset that translates"),
        (["no-such"], "no-such"),
        (["flair-linear", "--inputs", "T1w", "DIR"], "needs T1w, DIR, FLAIR, got T1w, T2w, FLAIR"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(words, expected, prepared, tmp_path, capsys):
    code, _, err = call(capsys, "cross-validate", *words, "--data", prepared, "--out", tmp_path / "out")
    assert (code, err.count("\n")) == (2, 1), err
    assert expected in err
    assert not (tmp_path / "out").exists()
