"""A run is measured alike by one process, several, and a cluster, and nothing is left of the images."""

import copy
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from brainlab.cohort.prepared import PreparedDataset
from brainlab.evaluation.registry import metrics
from brainlab.experiments.evaluation.images_on_disk import keep_on_disk, shared_folder
from brainlab.experiments.evaluation.run_metrics import evaluate_run
from brainlab.runs.run import load_run
from brainlab.workers.workers import Workers


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    return tmp_path / "workspace"


def test_every_metric_is_the_same_whoever_measures(tiny_workspace, tmp_path, workspace, two_workers):
    run = load_run(shutil.copytree(tiny_workspace / "runs" / "tiny-vae", tmp_path / "run"))
    data = PreparedDataset.open(tiny_workspace / "cohorts" / "simulated")
    found = [evaluate_run(run, data, 8, workers=who) for who in (Workers(), two_workers)]
    assert list(found[0]) == list(found[1]) == list(metrics())
    for name in found[0]:
        assert json.dumps(found[1][name]) == json.dumps(found[0][name]), name
    assert found[0]["mse"]["value"] > 0
    assert list((workspace / "cache").glob("evaluation-*")) == []


def test_what_a_killed_evaluation_left_is_removed_and_a_running_one_s_is_not(workspace):
    left = workspace / "cache" / "evaluation-killed"
    left.mkdir(parents=True)
    with shared_folder() as one:
        assert not left.exists()
        with shared_folder():
            assert one.exists()
    assert not one.exists()


def test_images_of_one_process_alone_are_not_handed_over(workspace, tmp_path):
    images = np.arange(8, dtype=np.float32).reshape(2, 2, 2)
    with pytest.raises(TypeError, match="cannot be handed to another"):
        copy.copy(keep_on_disk([images], images.shape))
    kept = keep_on_disk([images], images.shape, tmp_path)
    again, arguments = kept.__reduce__()
    assert np.array_equal(again(*arguments)[np.arange(2)], images)
