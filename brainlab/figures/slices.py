"""Slices as tiles of a sheet, with the letters of the patient's sides."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_hex
from matplotlib.patches import Patch

from brainlab.figures.sheet import FAINT, Sheet
from brainlab.images.grid import Grid
from brainlab.images.pictures import square_views
from brainlab.types import Float32Array, UInt8Array

TILE_IN = 1.2
GAP_IN = 0.02
LABEL_IN = 0.9
HEADING_IN = 0.36
LABEL_ROWS = 3
"""Rows of names of labels; a dozen then fit between the margins."""
LABEL_KEY_IN = 0.55
GREY_SCALE = "All tiles share one grey scale, from 0 (black) to 1 (white)."
"""What a caption says of tiles without a `limit`."""
HEAT, DIFFERENCE = "inferno", "RdBu_r"
OUTLINE, LETTER = "#00e5ff", "#b8c0c8"


class Tile(NamedTuple):
    """The middle slice of an image: grey over [0, 1].

    limit: of a difference, blue to red over [-limit, limit]. kinds: of labels from 0, the background, a colour each.
    heat: dark to bright over [0, 1], of a map. painted: labels from 0 over the image, which 0 leaves as it is, in
    `colours`, one a label from 1. outline: where not zero, what it holds is outlined.
    """

    image: Float32Array
    grid: Grid
    plane: str
    limit: float | None = None
    kinds: int | None = None
    heat: bool = False
    painted: UInt8Array | None = None
    colours: tuple[str, ...] = ()
    outline: UInt8Array | None = None


def tile_pixels(tile: Tile) -> npt.NDArray[np.generic]:
    """Return the pixels of a tile, in the middle of a square of zeros that is the same for every plane."""
    return _pixels(tile, tile.image)


def _pixels(tile: Tile, image: Float32Array | UInt8Array) -> npt.NDArray[np.generic]:
    return square_views(image, tile.grid)[tile.grid.planes.index(tile.plane)]


def explained_letters(planes: Sequence[str]) -> str:
    """Explain the letters that some planes carry."""
    said = ["R, L: the patient's right and left"] if {"axial", "coronal"} & set(planes) else []
    return "; ".join([*said, *(["A, P: front and back"] if "sagittal" in planes else [])]) + "."


def label_colours(kinds: int) -> ListedColormap:
    """Return black for the background and a colour for each other label; from the thirteenth on they come again."""
    return ListedColormap(["black", *_colours(kinds - 1)])


def _colours(n: int) -> list[str]:
    paint = colormaps["Set3"]
    return [to_hex(paint(number % paint.N)) for number in range(n)]


def show(axes: Axes, tile: Tile) -> None:
    """Show one tile, with the letters of its sides."""
    view, sides = tile_pixels(tile), tile.grid.sides(tile.plane)
    if tile.kinds is not None:
        axes.imshow(view, cmap=label_colours(tile.kinds), vmin=-0.5, vmax=tile.kinds - 0.5, interpolation="nearest")
    elif tile.heat:
        axes.imshow(view, cmap=HEAT, vmin=0, vmax=1, interpolation="nearest")
    elif tile.limit is None:
        axes.imshow(view, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    else:
        axes.imshow(view, cmap=DIFFERENCE, vmin=-tile.limit, vmax=tile.limit, interpolation="nearest")
    if tile.painted is not None:
        labels, last = np.ma.masked_equal(_pixels(tile, tile.painted), 0), len(tile.colours) + 0.5
        axes.imshow(labels, cmap=ListedColormap(tile.colours), vmin=0.5, vmax=last, interpolation="nearest")
    if tile.outline is not None and tile.outline.any():
        axes.contour(_pixels(tile, tile.outline).astype(float), [0.5], colors=OUTLINE, linewidths=0.6)
    axes.set_axis_off()
    for letter, x, side in ((sides.left, 0.03, "left"), (sides.right, 0.97, "right")):
        colour = LETTER if tile.limit is None else FAINT
        axes.text(x, 0.97, letter, ha=side, va="top", fontsize=6, color=colour, transform=axes.transAxes)


def label_key(axes: Axes, names: Sequence[str], rows: int = LABEL_ROWS, colours: Sequence[str] = ()) -> None:
    """Name the colours of labels, the background left out, in rows under the tiles that show them; `names` from 1.

    colours: those of `Tile.painted`; by default those of `Tile.kinds`.
    """
    axes.set_axis_off()
    paint = colours or _colours(len(names))
    marks = [
        Patch(facecolor=colour, edgecolor=FAINT, linewidth=0.4, label=name)
        for colour, name in zip(paint, names, strict=True)
    ]
    axes.legend(
        handles=marks,
        loc="center left",
        ncols=-(-len(names) // rows),
        borderpad=0,
        handlelength=0.9,
        handleheight=0.9,
        columnspacing=1.2,
        bbox_to_anchor=(0, 0.5),
    )


def scale_bar(axes: Axes, ends: tuple[str, str], words: str, *, heat: bool = False, steps: int = 256) -> None:
    """Show the colours of differences, or of a map, as a bar between what its two ends say; `words` stand behind.

    steps: so many colours.
    """
    axes.set_axis_off()
    colours = HEAT if heat else DIFFERENCE
    axes.imshow(
        np.linspace(0, 1, steps)[None], cmap=colours, aspect="auto", extent=(0, 1, 0, 1), interpolation="nearest"
    )
    axes.set(xlim=(0, 1), ylim=(0, 1))
    for end, x, side in ((ends[0], -0.03, "right"), (f"{ends[1]}   {words}", 1.03, "left")):
        axes.text(x, 0.5, end, ha=side, va="center", fontsize=7, clip_on=False)


def tiles_height_in(rows: int, tile_in: float = TILE_IN) -> float:
    """Return the height of rows of tiles with their headings."""
    return HEADING_IN + rows * (tile_in + GAP_IN) - GAP_IN


def show_tiles(
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
