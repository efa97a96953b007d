"""`brainlab train-tissue`: from prepared datasets with segmentations to a network and its held-out Dice."""

import json

import numpy as np
import pandas as pd
import pytest

from brainlab.cli import main
from brainlab.cohort.prepared import write_prepared
from brainlab.experiments.tissue import training


@pytest.fixture
def labelled(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "WIDTHS", (4,))
    scans = pd.DataFrame({"participant": list("abc"), "class": "healthy", "split": ["train", "train", "test"]})
    recipe = {"name": "made", "shape": [8, 8], "affine": np.eye(4).tolist(), "labels": {"3": "brain"}}
    labels = np.zeros((3, 8, 8), np.uint8)
    labels[:, 2:6, 2:6] = 3
    write_prepared(tmp_path / "set", labels / np.float32(3), scans, recipe, segmentations=labels)
    return tmp_path / "set"


def test_it_prints_dice_and_writes_a_network(labelled, tmp_path, capsys):
    words = ["train-tissue", str(labelled), "--out", str(tmp_path / "net"), "--epochs", "2", "--device", "cpu"]
    assert main([*words, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == {"epochs", "labels", "slices_per_second", "minutes", "dice"}
    assert (printed["epochs"], printed["labels"]) == (2, ["background", "brain"])
    assert set(printed["dice"]["set"]["brain"]) == {"value", "sd", "n"}
    assert {"config.json", "weights.safetensors", "metrics.jsonl", "card.md"} <= {
        path.name for path in (tmp_path / "net").iterdir()
    }
    assert main(words) == 2
    assert "exists and is not empty; continue it with --resume" in capsys.readouterr().err
    assert main([*words, "--resume"]) == 0
    assert "set  brain: Dice" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--epochs", "0"], "--epochs: needs 1 or more, got 0"),
        (["--learning-rate", "0"], "--learning-rate: needs a number above 0, got 0.0"),
        (["--scans", "9"], "needs 9 training scans of"),
        (["--plane", "coronal"], "needs coronal slices, got axial slices"),
        (["--seed", "-1"], "needs 0 to 4294967295, got -1"),
    ],
)
def test_bad_flags_are_one_line(labelled, tmp_path, capsys, words, says):
    try:
        code = main(["train-tissue", str(labelled), "--out", str(tmp_path / "net"), *words])
    except SystemExit as refused:
        code = refused.code
    error = capsys.readouterr().err
    assert code == 2
    assert says in error
    assert error.count("\n") == 1
    assert not (tmp_path / "net").exists()
