"""Slices of a file for a run of slices: of a head the same ones as of a cohort, and of a slice itself."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError, UnreadableScanError
from brainlab.experiments.analysis import slices_of_scan
from brainlab.experiments.analysis.slices_of_scan import slices_of
from brainlab.images.volume import Volume
from brainlab.runs.run import load_run


@pytest.fixture
def run(slice_workspace):
    return load_run(slice_workspace / "runs" / "slice-vae")


@pytest.fixture
def volumes(slice_workspace):
    return PreparedDataset.open(slice_workspace / "volumes")


def head(folder, volumes, row=3):
    path = folder / "head.nii.gz"
    Volume(volumes.batch(np.array([row]))[0, 0], volumes.affine).save(path)
    return path


def of_recipe(run, **recorded):
    """The same run, as if its data had been prepared by another recipe."""
    return dataclasses.replace(run, settings=run.settings | {"recipe": run.settings["recipe"] | recorded})


def test_a_head_gives_the_slices_that_the_run_cuts_of_a_cohort(run, volumes, tmp_path):
    made = slices_of(run, head(tmp_path, volumes))
    seen = run.see(volumes)
    rows = np.flatnonzero(seen.scans["participant"] == volumes.scans["participant"].iloc[3])
    assert list(made.numbers) == list(seen.scans["slice"].iloc[rows])
    assert np.allclose(made.data, seen.batch(rows)[:, 0], atol=1e-6)


def test_one_slice_is_taken_as_it_is_and_has_no_number(run, volumes, tmp_path):
    image = volumes.grid.cut(volumes.batch(np.array([3]))[0, 0], "axial")
    path = tmp_path / "slice.nii.gz"
    Volume(image[:, :, None], run.affine).save(path)
    made = slices_of(run, path)
    assert made.numbers == ()
    assert np.allclose(made.data, image[None], atol=1e-6)


def test_slices_that_a_recipe_makes_itself_are_numbered_as_in_a_cohort_of_it(run, volumes, tmp_path, monkeypatch):
    def prepare_one(path, recipe):
        return SimpleNamespace(data=np.zeros((26, *recipe.shape), np.float32), notes=("noted",))

    monkeypatch.setattr(slices_of_scan, "prepare_one", prepare_one)
    monkeypatch.setattr(type(run), "shape", (128, 128))
    made = slices_of(of_recipe(run, name="dwi-slices-128"), head(tmp_path, volumes))
    assert (made.numbers, made.notes) == (tuple(range(8, 34)), ("noted",))


@pytest.mark.parametrize("recipe", ["made elsewhere", "slices-128", "flair-synthesis", "t1-cube-64"])
def test_a_head_is_refused_where_no_recipe_makes_the_run_s_slices_of_one(run, volumes, tmp_path, recipe):
    with pytest.raises(UnreadableScanError, match="needs one axial slice, got 40x48x40 voxels; save one") as refused:
        slices_of(of_recipe(run, name=recipe), head(tmp_path, volumes))
    assert "\n" not in str(refused.value)


def test_a_run_of_volumes_is_refused(tiny_workspace, volumes, tmp_path):
    with pytest.raises(InputError, match="needs a run of slices"):
        slices_of(load_run(tiny_workspace / "runs" / "tiny-vae"), head(tmp_path, volumes))
