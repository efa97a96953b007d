"""Patches cover the head, overlap as asked, and say which scan and which voxels they are of."""

import numpy as np
import pandas as pd
import pytest

from brainlab.cohort.patches import PATCH, Patches
from brainlab.cohort.prepared import write_prepared
from brainlab.errors import InputError
from brainlab.images.grid import Grid

SHAPE = (20, 24, 20)


def scans(count):
    return pd.DataFrame(
        {"participant": list("abc")[:count], "class": "ms", "split": ["train", "train", "test"][:count]}
    )


@pytest.fixture
def volumes(tmp_path):
    recipe = {
        "name": "made",
        "shape": list(SHAPE),
        "affine": np.diag([8.0, 8, 8, 1]).tolist(),
        "channels": ["T1w", "FLAIR"],
        "intensity": "z-score",
        "labels": {"1": "left-white"},
    }
    images = np.random.default_rng(0).standard_normal((3, 2, *SHAPE)).astype(np.float32)
    labels = np.random.default_rng(1).integers(0, 2, (3, *SHAPE)).astype(np.uint8)
    return write_prepared(tmp_path / "volumes", images, scans(3), recipe, "float16", segmentations=labels)


def test_a_row_is_one_patch_of_one_scan_with_its_labels(volumes):
    view = Patches((8, 8, 10), 0.5)
    seen, corners = view.of(volumes), view.corners(volumes.grid)
    assert len(seen) == 3 * len(corners)
    assert (seen.shape, seen.noun) == ((8, 8, 10), "scans")
    row = 2 * len(corners) + 3
    x, y, z = corners[3]
    image = np.asarray(volumes.volumes[2][:, x : x + 8, y : y + 8, z : z + 10], np.float32)
    assert np.array_equal(view.batch(seen, np.array([row])).image[0], image)
    assert np.array_equal(seen.segmentations[row], volumes.segmentations[2][x : x + 8, y : y + 8, z : z + 10])
    assert seen.scans.loc[row, ["participant", PATCH]].tolist() == ["c", 3]
    assert seen.indices("test").tolist() == list(range(2 * len(corners), 3 * len(corners)))


def test_neighbours_share_what_was_asked_for_and_both_ends_are_reached():
    view, grid = Patches((8, 8, 10), 0.5), Grid(SHAPE, np.diag([1.0, 1, 1, 1]))
    corners = view.corners(grid)
    for axis, (length, side) in enumerate(zip(SHAPE, view.sides, strict=True)):
        starts = np.unique(corners[:, axis])
        assert (starts[0], starts[-1]) == (0, length - side)
        assert np.diff(starts).max() <= side / 2


def test_patches_of_air_are_left_out():
    wide = Grid((100, 100, 100), np.diag([3.0, 3, 3, 1]))
    corners = Patches((20, 20, 20), 0.0).corners(wide)
    assert 0 < len(corners) < 125
    middles = (corners + 9.5 - 49.5) * 3
    assert np.linalg.norm(middles, axis=1).max() < 130


def test_a_longer_patch_than_the_scan_is_the_scan(volumes):
    seen = Patches((64, 64, 64)).of(volumes)
    assert (len(seen), seen.shape) == (3, SHAPE)
    assert np.array_equal(seen.batch(np.arange(3)), volumes.batch(np.arange(3)))


def test_slices_have_no_patches(tmp_path):
    recipe = {"name": "made", "shape": [8, 8], "affine": np.eye(4).tolist()}
    slices = write_prepared(tmp_path / "slices", np.zeros((2, 8, 8), np.float32), scans(2), recipe)
    with pytest.raises(InputError, match="needs volumes, got axial slices of 8 x 8 pixels"):
        Patches().of(slices)
