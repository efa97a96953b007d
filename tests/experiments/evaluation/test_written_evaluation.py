"""An evaluation is written whole, by one process at a time, beside the run or apart."""

import errno
from pathlib import Path

import pytest

from brainlab.errors import InputError
from brainlab.experiments.evaluation.run_metrics import evaluate_run
from brainlab.files.folder_lock import place_in_use
from brainlab.runs.evaluation_values import read_values
from tests.experiments.analysis.test_analysis import cohort, run

__all__ = ["cohort", "run"]  # fixtures


def test_a_second_evaluation_of_a_run_is_refused(run, cohort):
    with (
        place_in_use(run.folder / "evaluation.json", "brainlab evaluate"),
        pytest.raises(InputError, match=r"evaluation\.json: is in use by brainlab evaluate, process .*; wait for it$"),
    ):
        evaluate_run(run, cohort, n=8)


def test_an_evaluation_that_the_disk_cannot_hold_leaves_the_one_before(run, cohort, monkeypatch):
    evaluate_run(run, cohort, n=8)
    before = {path.name: path.read_bytes() for path in run.folder.iterdir() if path.is_file()}

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("brainlab.runs.evaluation_values.write_whole", full)
    with pytest.raises(OSError, match="No space left") as caught:
        evaluate_run(run, cohort, n=8, seed=1)
    assert caught.value.filename == str(run.folder / "evaluation.json")
    assert {path.name: path.read_bytes() for path in run.folder.iterdir() if path.is_file()} == before


def test_an_evaluation_lies_apart_where_the_run_cannot_be_written_to(run, cohort, tmp_path, monkeypatch):
    apart = tmp_path / "apart" / "evaluation.json"
    run.evaluation_files = [Path("/proc/no-such-run/evaluation.json"), apart]  # where nobody can write, root neither
    evaluate_run(run, cohort, n=8)
    assert run.evaluation_file == apart
    assert len(read_values(run).rows) > 0
    run.evaluation_files = run.evaluation_files[:1]
    with pytest.raises(InputError, match="cannot be written to; change the permissions"):
        evaluate_run(run, cohort, n=8)
