"""Slices as tiles of a sheet: head up, radiological convention, with the letters of the sides."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from brainlab.figures.sheet import FAINT, Sheet
from brainlab.pictures import middle_views
from brainlab.types import Float32Array

PLANES = ("axial", "coronal", "sagittal")
SIDES = {"axial": ("R", "L"), "coronal": ("R", "L"), "sagittal": ("P", "A")}
"""What the left and the right edge of a plane show: the patient's right and left, or back and front."""
TILE_IN = 1.2
GAP_IN = 0.02
LABEL_IN = 0.9
HEADING_IN = 0.36


class Tile(NamedTuple):
    """The middle slice of a volume [X, Y, Z]: grey over [0, 1], or a difference, blue to red over [-limit, limit]."""

    image: Float32Array
    plane: str
    limit: float | None = None


def plane_view(image: Float32Array, plane: str) -> Float32Array:
    """Return the middle slice of a volume [X, Y, Z] as it is shown, in the middle of a square of zeros."""
    view = middle_views(image)[PLANES.index(plane)]
    spare = [max(view.shape) - side for side in view.shape]
    return np.pad(view, [(room // 2, room - room // 2) for room in spare])


def sides_said(planes: Sequence[str]) -> str:
    """Explain the letters that some planes carry."""
    said = ["R, L: the patient's right and left"] if {"axial", "coronal"} & set(planes) else []
    return "; ".join([*said, *(["P, A: back and front"] if "sagittal" in planes else [])]) + "."


def show(axes: Axes, tile: Tile) -> None:
    """Show one tile, with the letters of its sides."""
    view = plane_view(tile.image, tile.plane)
    if tile.limit is None:
        axes.imshow(view, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    else:
        axes.imshow(view, cmap="RdBu_r", vmin=-tile.limit, vmax=tile.limit, interpolation="nearest")
    axes.set_axis_off()
    for letter, x, side in zip(SIDES[tile.plane], (0.03, 0.97), ("left", "right"), strict=True):
        colour = "#b8c0c8" if tile.limit is None else FAINT
        axes.text(x, 0.97, letter, ha=side, va="top", fontsize=6, color=colour, transform=axes.transAxes)


def grid_height_in(rows: int, tile_in: float = TILE_IN) -> float:
    """Return the height of a grid with its headings."""
    return HEADING_IN + rows * (tile_in + GAP_IN) - GAP_IN


def grid(
    sheet: Sheet,
    rows: Sequence[Sequence[Tile]],
    headings: Sequence[str],
    labels: Sequence[str],
    *,
    top: float = 0.0,
    tile_in: float = TILE_IN,
) -> None:
    """Show rows of tiles under one heading a column, beside one label a row; a second line of either is fainter."""
    for column, heading in enumerate(headings):
        sheet.two_lines(LABEL_IN + column * (tile_in + GAP_IN) + tile_in / 2, top + HEADING_IN / 2, heading, "center")
    for number, (label, tiles) in enumerate(zip(labels, rows, strict=True)):
        above = top + HEADING_IN + number * (tile_in + GAP_IN)
        sheet.two_lines(0, above + tile_in / 2, label)
        for column, tile in enumerate(tiles):
            show(sheet.axes(LABEL_IN + column * (tile_in + GAP_IN), above, tile_in, tile_in), tile)
