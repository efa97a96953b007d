"""Runs whose codes are no vectors encode and reconstruct, and are refused at once where codes make a table."""

import json

import numpy as np
import pytest

from brainlab.cli import main
from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.runs.encodings import encode_dataset, encode_rows
from brainlab.runs.run import load_run

SMALL = ("--sample-shape", "1", "40", "48", "--levels", "1", "--widths", "8", "8", "--time-width", "8", "--steps", "2")
TRAIN = ("--epochs", "1", "--batch-size", "64", "--precision", "32", "--device", "cpu")


@pytest.fixture(scope="module")
def flow(tiny_workspace, tmp_path_factory):
    """Return the folder of a flow on slices of the tiny cohort, and that cohort's."""
    folder, data = tmp_path_factory.mktemp("flow") / "flow", tiny_workspace / "cohorts" / "simulated"
    assert main(["train", "flow-slices-128", "--data", str(data), "--out", str(folder), *SMALL, *TRAIN]) == 0
    return folder, data


def test_codes_of_a_number_for_each_voxel_make_no_table(flow, monkeypatch):
    run, data = load_run(flow[0]), PreparedDataset.open(flow[1])
    monkeypatch.setattr(type(run), "encode", lambda *_: pytest.fail("refused before any image is encoded"))
    for call in (lambda: encode_dataset(run, data), lambda: encode_rows(run, data, np.arange(2))):
        with pytest.raises(InputError, match="flow: needs codes that are vectors, got 4 x 20 x 24"):
            call()


def test_lda_says_so_in_one_line(flow, capsys):
    assert main(["lda", str(flow[0]), "--data", str(flow[1])]) == 2
    assert "needs codes that are vectors" in capsys.readouterr().err


def test_such_a_run_reconstructs(flow, tmp_path, capsys):
    capsys.readouterr()
    assert main(["reconstruct", str(flow[0]), str(flow[1]), str(tmp_path / "made"), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["files"]) > 8
