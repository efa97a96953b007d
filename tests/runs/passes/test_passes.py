"""What a run makes of images is the same whoever passes them through its network."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.experiments.analysis.discrimination import lda_analysis
from brainlab.runs.encodings import encode_dataset
from brainlab.runs.passes.passes import Passes
from brainlab.runs.passes.places import DatasetPlace, RunPlace
from brainlab.runs.run import Run, load_run
from brainlab.workers.workers import Workers


@pytest.fixture
def data(tiny_workspace: Path) -> PreparedDataset:
    return PreparedDataset.open(tiny_workspace / "cohorts" / "simulated")


@pytest.fixture
def run(tiny_workspace: Path, tmp_path: Path) -> Run:
    """A run that keeps no codes yet."""
    source, without_codes = tiny_workspace / "runs" / "tiny-vae", shutil.ignore_patterns("encodings")
    return load_run(shutil.copytree(source, tmp_path / "run", ignore=without_codes))


def test_a_cluster_makes_the_same_of_images(run, data, two_workers):
    here, there = Passes(run), Passes(run, two_workers)
    rows = np.arange(len(data))
    assert len(rows) > 32, "more than one part"
    for one, other in zip(here.reconstructed(data, rows), there.reconstructed(data, rows), strict=True):
        np.testing.assert_array_equal(one[0][0], other[0][0])
        np.testing.assert_array_equal(one[1], other[1])
    drawn = [np.concatenate(list(passes.drawn(40, 3))) for passes in (here, there)]
    np.testing.assert_array_equal(*drawn)
    np.testing.assert_array_equal(drawn[0], run.sample(40, 3)[1])


def test_codes_of_a_cluster_are_those_of_one_process_and_are_kept(run, data, two_workers, monkeypatch, tmp_path):
    codes = encode_dataset(run, data, workers=two_workers)
    (kept,) = (run.folder / "encodings").iterdir()
    kept.unlink()
    np.testing.assert_array_equal(codes.mean, encode_dataset(run, data).mean)
    found = [json.dumps(lda_analysis(run, data, workers=who).to_json()) for who in (Workers(), Workers(jobs=2))]
    assert found[0] == found[1]


def test_slices_are_cut_by_who_encodes_them(slice_workspace, tiny_workspace, tmp_path):
    """A run of slices sees a dataset of volumes as slices; other processes must see it so, too."""
    volumes = PreparedDataset.open(slice_workspace / "volumes")
    run = load_run(slice_workspace / "runs" / "slice-vae")
    run = dataclasses.replace(run, folder=shutil.copytree(run.folder, tmp_path / "run"))
    seen = run.see(volumes)
    place = Passes(run, Workers(jobs=2)).place(seen)
    assert place.load().shape == seen.shape
    assert len(place.load()) == len(seen) > len(volumes)
    assert Passes(run).place(seen) is None


def test_other_weights_or_another_dataset_in_the_same_place_are_refused(run, data, tmp_path):
    with pytest.raises(InputError, match="finds other weights there; it needs the same files"):
        dataclasses.replace(RunPlace.of(run), sha256="0" * 64).load()
    with pytest.raises(InputError, match="finds another dataset there; it needs the same files"):
        dataclasses.replace(DatasetPlace.of(data), description="0" * 64).load()
    changed = dataclasses.replace(data, scans=data.scans.assign(age_years=1.0))
    with pytest.raises(InputError, match="is not what was opened from there"):
        DatasetPlace.of(changed)
