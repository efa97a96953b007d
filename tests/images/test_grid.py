"""Letters, sizes and ways back of the one place that says which side is which."""

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.images.grid import AXES, PLANES, Grid, Sides, upright

SHAPE = (4, 5, 6)
AFFINE = np.array([[2.0, 0, 0, -10], [0, 3, 0, -20], [0, 0, 4, -30], [0, 0, 0, 1]])
VOLUME = Grid(SHAPE, AFFINE)
ENDS = {"R": (0, -1), "L": (0, 0), "A": (1, -1), "P": (1, 0), "S": (2, -1), "I": (2, 0)}
"""Axis and end of RAS that each letter stands for."""


def marked(letter: str) -> np.ndarray:
    """Return a volume that is bright at the side of one letter."""
    axis, end = ENDS[letter]
    image = np.zeros(SHAPE, np.float32)
    np.moveaxis(image, axis, 0)[end] = 1
    return image


@pytest.mark.parametrize("plane", PLANES)
def test_each_letter_stands_at_the_side_that_it_names(plane):
    edges = {"left": np.s_[:, 0], "right": np.s_[:, -1], "top": np.s_[0], "bottom": np.s_[-1]}
    for edge, letter in VOLUME.sides(plane)._asdict().items():
        view = VOLUME.view(marked(letter), plane)
        assert view[edges[edge]].all()
        assert view.sum() == view[edges[edge]].sum()


def test_radiological_convention_with_the_nose_to_the_left():
    assert VOLUME.sides("axial") == Sides("R", "L", "A", "P")
    assert VOLUME.sides("coronal") == Sides("R", "L", "S", "I")
    assert VOLUME.sides("sagittal") == Sides("A", "P", "S", "I")


@pytest.mark.parametrize("plane", PLANES)
def test_a_slice_cut_out_looks_as_it_does_in_its_volume(plane):
    image = np.random.default_rng(0).integers(0, 255, (2, *SHAPE), dtype=np.uint8)  # a leading axis of channels
    for index in (None, 0, 3):
        grid = VOLUME.slice_grid(plane, index)
        cut = VOLUME.cut(image, plane, index)
        assert cut.shape == (2, *grid.shape)
        assert np.array_equal(grid.view(cut), VOLUME.view(image, plane, index))
        assert grid.view(cut).dtype == np.uint8
        assert grid.sides() == VOLUME.sides(plane)
        assert grid.pixel_size_mm() == VOLUME.pixel_size_mm(plane)
        assert cut.reshape(2, *grid.volume_shape).size == cut.size
        place = np.array([1.0, 1, 1, 1])
        place[({0, 1, 2} - set(AXES[plane])).pop()] = VOLUME.middle(plane) if index is None else index
        own = np.array([1.0 if axis in grid.axes else 0.0 for axis in range(3)] + [1.0])
        assert np.allclose(grid.affine @ own, AFFINE @ place)


@pytest.mark.parametrize("plane", PLANES)
def test_a_pixel_leads_back_to_its_voxel(plane):
    image = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    view = VOLUME.view(image, plane, 1)
    grid, cut = VOLUME.slice_grid(plane, 1), VOLUME.cut(image, plane, 1)
    for row, column in np.ndindex(view.shape):
        assert image[VOLUME.voxel(row, column, plane, 1)] == view[row, column]
        assert cut[grid.voxel(row, column)] == view[row, column]


def test_turning_twice_gives_the_slice_back():
    section = np.arange(12).reshape(3, 4)
    assert np.array_equal(upright(upright(section)), section)


def test_sizes_in_mm_belong_to_the_image_s_own_sides():
    assert VOLUME.spacing_mm == (2.0, 3.0, 4.0)
    assert [VOLUME.pixel_size_mm(plane) for plane in PLANES] == [(3.0, 2.0), (4.0, 2.0), (4.0, 3.0)]
    assert Grid((4, 6), AFFINE, "coronal").spacing_mm == (2.0, 4.0)
    assert Grid((4, 6), AFFINE, "coronal").volume_shape == (4, 1, 6)
    assert [VOLUME.depth(plane) for plane in PLANES] == [6, 5, 4]
    assert Grid((4, 6), AFFINE, "coronal").depth() == 1


def test_records_without_a_plane_are_volumes_or_axial_slices():
    record = {"affine": AFFINE.tolist()}
    assert Grid.recorded(SHAPE, record).plane is None
    assert Grid.recorded((4, 5), record).plane == "axial"
    assert Grid.recorded((4, 6), record | {"plane": "coronal"}).plane == "coronal"


def test_slices_are_of_pixels_and_volumes_of_voxels():
    flat = Grid((4, 6), AFFINE, "coronal")
    assert (flat.noun, flat.element, str(flat)) == ("slice", "pixel", "coronal slices of 4 x 6 pixels")
    assert (VOLUME.noun, VOLUME.element, str(VOLUME)) == ("scan", "voxel", "volumes of 4 x 5 x 6 voxels")


def test_grids_of_other_planes_or_sides_do_not_fit():
    axial = Grid((4, 4), AFFINE, "axial")
    assert axial.fits(Grid((4, 4), np.eye(4), "axial"))
    assert not axial.fits(Grid((4, 4), AFFINE, "coronal"))
    assert not axial.fits(Grid((4, 5), AFFINE, "axial"))
    assert axial == Grid((4, 4), AFFINE, "axial")
    assert axial != Grid((4, 4), np.eye(4), "axial")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Grid((4, 5), AFFINE), "a volume needs 3 sides, got 2"),
        (lambda: Grid(SHAPE, AFFINE, "axial"), "axial slices need 2 sides, got 3"),
        (lambda: Grid((4, 5), AFFINE, "oblique"), "needs one of axial, coronal, sagittal, got 'oblique'"),
        (lambda: Grid(SHAPE, np.eye(3)), "needs 4 x 4 numbers, got 3 x 3"),
        (lambda: VOLUME.view(np.zeros(SHAPE), "oblique"), "shown as axial or coronal or sagittal, got oblique"),
        (lambda: VOLUME.view(np.zeros(SHAPE)), "can be shown as"),
        (lambda: Grid((4, 5), AFFINE, "axial").view(np.zeros((4, 5)), "coronal"), "shown as axial, got coronal"),
        (lambda: VOLUME.view(np.zeros((5, 5, 6)), "axial"), r"needs volumes of 4 x 5 x 6 voxels, got an array of \[5"),
    ],
)
def test_what_does_not_fit_is_one_line(make, message):
    with pytest.raises(InputError, match=message):
        make()
