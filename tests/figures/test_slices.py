"""Which side of a tile is which side of the patient, and how tiles are laid out."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from brainlab.figures.sheet import BODY_IN, Sheet
from brainlab.figures.slices import (
    GAP_IN,
    LABEL_IN,
    LABEL_KEY_IN,
    TILE_IN,
    Tile,
    explained_letters,
    label_key,
    scale_bar,
    show,
    show_tiles,
    tile_pixels,
)
from brainlab.images.grid import PLANES, Grid

SHAPE = (10, 12, 8)
GRID = Grid.unplaced(SHAPE)
TOWARDS = {"R": 0, "A": 1}
"""The axis of [X, Y, Z] (RAS) that goes towards a side."""


@pytest.mark.parametrize("plane", PLANES)
def test_the_letters_name_the_side_that_they_stand_at(plane):
    left, right, _, _ = GRID.sides(plane)
    positive = next(letter for letter in (left, right) if letter in TOWARDS)
    volume = np.zeros(SHAPE, np.float32)
    half = [slice(None)] * 3
    half[TOWARDS[positive]] = slice(SHAPE[TOWARDS[positive]] // 2, None)
    volume[tuple(half)] = 1
    view = tile_pixels(Tile(volume, GRID, plane))
    middle = view.shape[1] // 2
    bright_left = view[:, :middle].sum() > view[:, middle:].sum()
    assert bright_left == (positive == left)


@pytest.mark.parametrize("plane", PLANES)
def test_the_head_is_up_and_the_tile_square(plane):
    volume = np.zeros(SHAPE, np.float32)
    volume[:, SHAPE[1] // 2 :, :] = plane == "axial"
    volume[:, :, SHAPE[2] // 2 :] += plane != "axial"
    view = tile_pixels(Tile(volume, GRID, plane))
    assert view.shape == (12, 12)
    assert view[:6].sum() > view[6:].sum()


def test_grey_is_the_same_for_every_tile_and_differences_are_white_at_zero():
    sheet = Sheet(1, "T", "S", "C")
    axes = [sheet.axes(0, 0, 1, 1) for _ in range(2)]
    show(axes[0], Tile(np.full(SHAPE, 0.4, np.float32), GRID, "axial"))
    show(axes[1], Tile(np.zeros(SHAPE, np.float32), GRID, "axial", limit=0.2))
    assert axes[0].images[0].get_clim() == (0, 1)
    assert axes[1].images[0].get_clim() == (-0.2, 0.2)
    assert axes[1].images[0].to_rgba(np.zeros((1, 1)))[0, 0, :3] == pytest.approx(1, abs=0.04)


def test_a_grid_of_five_fits_the_sheet_and_keeps_its_order():
    volumes = [np.full(SHAPE, value, np.float32) for value in (0.1, 0.2, 0.3, 0.4, 0.5)]
    sheet = Sheet(3, "T", "S", "C")
    show_tiles(sheet, [[Tile(volume, GRID, "axial") for volume in volumes]], list("abcde"), ["row\nfainter"])
    shown = [axes.images[0].get_array().max() for axes in sheet.figure.axes]
    assert shown == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    assert LABEL_IN + 5 * (TILE_IN + GAP_IN) - GAP_IN <= BODY_IN
    words = {text.get_text() for text in sheet.figure.texts}
    assert {"a", "b", "c", "d", "e", "row", "fainter"} <= words


def test_the_key_names_each_label_beside_the_colour_it_has_in_the_tiles():
    sheet = Sheet(2, "T", "S", "C")
    tile, key = sheet.axes(0, 0, 1, 1), sheet.axes(0, 1, 4, LABEL_KEY_IN)
    show(tile, Tile(np.zeros(SHAPE, np.float32), GRID, "axial", kinds=5))
    label_key(key, ["cortex", "white", "ventricles", "lesion"])
    legend = key.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["cortex", "white", "ventricles", "lesion"]
    named = [mark.get_facecolor() for mark in legend.get_patches()]
    assert np.allclose(named, tile.images[0].to_rgba(np.arange(1, 5)))


def test_only_letters_that_are_shown_are_explained():
    assert explained_letters(["axial"]) == "R, L: the patient's right and left."
    assert explained_letters(["sagittal"]) == "A, P: front and back."
    assert "; " in explained_letters(PLANES)


def test_labels_lie_over_the_image_in_their_colours_and_masks_are_outlined():
    image = np.full((6, 6), 0.5, np.float32)
    labels, mask = np.zeros((2, 6, 6), np.uint8)
    labels[0, 5], labels[5, 0] = 1, 2  # the patient's left in front, and right behind
    mask[2:4, 2:4] = 1
    axes = Figure().subplots()
    show(
        axes, Tile(image, Grid.unplaced((6, 6)), "axial", painted=labels, colours=("#ff0000", "#0000ff"), outline=mask)
    )
    below, over = axes.images
    assert below.get_array().tolist() == np.full((6, 6), 0.5).tolist()
    seen = over.cmap(over.norm(over.get_array()))
    rows, columns = np.nonzero(seen[..., 3])
    assert sorted(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 5), (5, 0)]
    assert seen[0, 5, :3].tolist() == [1, 0, 0]
    assert seen[5, 0, :3].tolist() == [0, 0, 1]
    (outline,) = axes.collections
    corners = np.concatenate([path.vertices for path in outline.get_paths()])
    assert (corners.min(), corners.max()) == (1.5, 3.5)


def test_a_map_is_in_other_colours_than_an_image_and_its_bar_in_the_same():
    axes, bar, of_differences = Figure().subplots(1, 3)
    show(axes, Tile(np.eye(6, dtype=np.float32), Grid.unplaced((6, 6)), "axial", heat=True))
    scale_bar(bar, ("0", "1"), "unit", heat=True)
    scale_bar(of_differences, ("−1", "1"), "unit", steps=15)
    assert axes.images[0].cmap.name == bar.images[0].cmap.name != "gray"
    assert of_differences.images[0].get_array().shape == (1, 15)
    assert [text.get_text() for text in of_differences.texts] == ["−1", "1   unit"]
