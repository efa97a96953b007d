"""A recipe's grid lies where its space says, holds the brain, and loses nothing between thin slices."""

import dataclasses

import nibabel as nib
import numpy as np
import pytest

from brainlab.cohort.preparation.gridding import cut_note, grid_to_scan, sample
from brainlab.cohort.recipes import find_recipe
from brainlab.cohort.registration.placement import Placement
from brainlab.cohort.sampling import SampledGrid, Space
from brainlab.images.volume import Volume

TURN = nib.affines.from_matvec(nib.eulerangles.euler2mat(0.2, 0.1, -0.15), [30, -20, 60])


@pytest.fixture
def tilted(brain_volume):
    """A small stripped head, turned and moved, and where it lies."""
    small = np.diag([0.9, 0.85, 0.95, 1])
    scan = Volume(brain_volume.data, TURN @ small @ brain_volume.affine)
    return scan, Placement(scan.data > 0, brain_volume, TURN @ small)


def grid(space, **changes):
    plain = SampledGrid(space=space, whole=(48, 56, 48), voxel_mm=(4, 4, 4), centre_mm=(0, -18, 8), stripped=True)
    return dataclasses.replace(plain, **changes)


def test_an_upright_grid_turns_the_head_and_keeps_its_size(tilted, brain_volume):
    scan, placement = tilted
    matrix = grid_to_scan(grid(Space.UPRIGHT), scan, placement)
    np.testing.assert_allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-9)
    assert np.abs(matrix[:3, :3] - TURN[:3, :3]).max() < 0.03
    image = sample(scan, grid(Space.UPRIGHT), matrix).data
    low, high = (np.argwhere(image > 50).min(axis=0), np.argwhere(image > 50).max(axis=0))
    np.testing.assert_allclose((low + high) / 2, (np.array(image.shape) - 1) / 2, atol=1)
    size = (np.ptp(np.argwhere(brain_volume.data > 0), axis=0) + 1) * (0.9, 0.85, 0.95)
    np.testing.assert_allclose(high - low + 1, size, atol=2)


def test_an_own_grid_lies_along_the_scan_on_the_point_that_it_names(tilted):
    scan, placement = tilted
    own = grid(Space.OWN)
    matrix = grid_to_scan(own, scan, placement)
    np.testing.assert_allclose(matrix[:3, :3], TURN[:3, :3], atol=0.02)
    middle, named = (nib.affines.apply_affine(m, own.middle_mm) for m in (matrix, placement.template_to_native))
    assert np.abs(middle - named).max() < 4


def test_a_grid_of_the_scans_own_size_takes_its_voxels_as_they_are(brain_volume):
    moved = brain_volume.affine.copy()
    moved[:3, 3] += (1.3, -0.7, 2.1)
    scan = Volume(brain_volume.data, moved)
    image = sample(
        scan, grid(Space.OWN), grid_to_scan(grid(Space.OWN), scan, Placement(scan.data > 0, scan, np.eye(4)))
    )
    assert set(np.unique(image.data[image.data > 0])) <= set(np.unique(scan.data))


def test_thin_slices_are_averaged_and_not_left_out():
    data = np.zeros((40, 40, 40), np.float32)
    data[:, :, 20] = 1
    coarse = grid(Space.TEMPLATE, whole=(10, 10, 10), voxel_mm=(4, 4, 4), centre_mm=(19.5, 19.5, 19.5))
    image = sample(Volume(data, np.eye(4)), coarse, np.eye(4))
    np.testing.assert_allclose(image.data[:, :, 5], 0.25, atol=1e-6)
    assert image.data.sum() == pytest.approx(0.25 * 100)


def test_a_brain_that_is_larger_than_its_grid_is_noted(tilted):
    scan, placement = tilted
    for whole, notes in (((48, 56, 48), 0), ((48, 30, 48), 1)):
        found = cut_note(
            grid(Space.UPRIGHT, whole=whole),
            scan,
            placement,
            grid_to_scan(grid(Space.UPRIGHT, whole=whole), scan, placement),
        )
        assert len(found) == notes
    assert "of the brain lie outside the grid" in found[0]
    recipe = find_recipe("dwi-slices-128")
    assert cut_note(recipe.grid, scan, placement, np.eye(4)) == ()
