"""A view is a dataset of its own: slices of volumes train, encode and are split like any other images."""

import numpy as np
import pandas as pd
import pytest

from brainlab.cohort.prepared import write_prepared
from brainlab.cohort.views import Slices, Volumes
from brainlab.errors import InputError
from brainlab.images.grid import PLANES, normal_axis

SIDES = (4, 6, 8)


@pytest.fixture
def volumes(tmp_path):
    scans = pd.DataFrame({"participant": ["a", "b", "c"], "class": "ms", "split": ["train", "test", "train"]})
    recipe = {"name": "made", "shape": list(SIDES), "affine": np.diag([1.0, 2, 3, 1]).tolist()}
    values = np.random.default_rng(0).integers(0, 256, (3, *SIDES)) / np.float32(255)
    return write_prepared(tmp_path / "volumes", values, scans, recipe)


@pytest.mark.parametrize("plane", PLANES)
def test_slices_are_those_of_the_volumes_in_order(volumes, plane):
    seen = Slices(plane, 0.25, 0.75).of(volumes)
    axis = normal_axis(plane)
    length = SIDES[axis]
    numbers = list(range(round(0.25 * length), round(0.75 * length)))
    assert seen.shape == tuple(side for place, side in enumerate(SIDES) if place != axis)
    assert seen.scans["slice"].tolist() == numbers * 3
    whole = volumes.batch(volumes.indices())[:, 0]
    expected = [np.take(scan, number, axis=axis) for scan in whole for number in numbers]
    assert np.array_equal(seen.batch(seen.indices())[:, 0], np.stack(expected))
    assert np.array_equal(seen.shown(1), np.rint(expected[1] * 255))
    chosen = np.array([len(seen) - 1, 0])
    assert np.array_equal(seen.batch(chosen)[:, 0], np.stack([expected[-1], expected[0]]))


def test_a_person_s_slices_stay_on_one_side_of_the_split(volumes):
    seen = Slices("axial", 0, 1).of(volumes)
    assert set(seen.scans["participant"].iloc[seen.indices("test")]) == {"b"}
    assert len(seen.indices("train")) == 2 * SIDES[2]


def test_slices_are_known_by_the_dataset_that_they_are_cut_from(volumes):
    seen = Slices().of(volumes)
    assert seen.sha256 == volumes.sha256
    assert seen.voxel_hashes[0] == volumes.voxel_hashes[0]
    assert len(seen.voxel_hashes) == len(seen)
    assert Slices().of(seen) is seen


def test_a_view_that_a_dataset_does_not_have_is_refused(volumes, tmp_path):
    seen = Slices("axial").of(volumes)
    with pytest.raises(InputError, match="needs volumes, got axial slices of 4 x 6"):
        Volumes().of(seen)
    with pytest.raises(InputError, match="needs coronal slices, got axial"):
        Slices("coronal").of(seen)
    assert Volumes().of(volumes) is volumes
