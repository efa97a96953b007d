"""Keep a viewer's place on the page until its script is there, so that nothing below it jumps.

The proportions of the planes are known here, the width only in the browser: hence a style of the element's own, which
reaches it together with the element, in the units of a container query.
"""

import math
import re
from itertools import zip_longest

import streamlit as st

from brainlab.images.grid import AXES, Grid

TOOLS_PX, TITLE_PX, FOOT_PX = 66, 30, 32
"""Heights of what stands about the planes: title with tools and read-out; title alone; foot below several viewers."""
GAP_PX, NARROWEST_PX, WIDE_PX, HIGHEST_PX = 10, 130, 480, 720
"""As in viewer.css and viewer.js: gap, narrowest panel, width from which planes lie in a row, greatest height."""
ASIDE_PX, VIEWER_SHARE, STATUS_LINE_PX = 800, 5 / 12, 24
"""As in viewer.css: page width from which sliders stand beside one plane, the viewer's part of it, a second line."""


def keep_place(
    key: str,
    grid: Grid,
    *,
    layout: str = "auto",
    bars: int = TOOLS_PX,
    below: int = 0,
    count: int = 1,
    columns: int = 1,
    aside: bool = False,
) -> None:
    """Give the element of `key` the height that `count` viewers of images of a grid will have.

    bars, below: CSS pixels of what stands about the planes of each viewer, and below all of them.
    aside: whether what stands below stands beside the viewer on a page wide enough, as sliders do beside one plane.
    """
    proportions = plane_proportions(grid)
    element = ".st-key-" + re.sub(r"[^\w-]", "-", key, flags=re.ASCII)
    rules = [
        f"{element} {{ display: grid; container-type: inline-size; }}",
        f"{element} > *, {element}::before {{ grid-area: 1 / 1; min-width: 0; }}",
        f'{element}::before {{ content: ""; }}',
    ]
    # From narrow to wide, so that the last rule that holds is the right one.
    for beside in range(1, columns + 1):
        rows = math.ceil(count / beside)
        gaps = GAP_PX * (beside - 1)
        for panel_px, narrow_or_wide in ((NARROWEST_PX, "grid"), (WIDE_PX, "row")):
            chosen = narrow_or_wide if layout == "auto" else layout
            planes = f"min({HIGHEST_PX}px, (100cqw - {gaps}px) / {beside} * {proportions[chosen]:.4f})"
            height = f"calc({rows} * ({planes} + {bars + GAP_PX}px) + {below - GAP_PX}px)"
            least = 0 if beside == 1 and panel_px == NARROWEST_PX else beside * panel_px + gaps
            rules.append(f"@container (min-width: {least}px) {{ {element}::before {{ height: {height}; }} }}")
    if aside:
        planes = f"min({HIGHEST_PX}px, (100cqw - {GAP_PX}px) * {VIEWER_SHARE:.4f} * {proportions['column']:.4f})"
        height = f"max({planes} + {bars + STATUS_LINE_PX}px, {below - GAP_PX}px)"
        rules.append(f"@container (min-width: {ASIDE_PX}px) {{ {element}::before {{ height: {height}; }} }}")
    st.html(f"<style>{' '.join(rules)}</style>")


def plane_proportions(grid: Grid) -> dict[str, float]:
    """Return height by width of a grid's planes for each layout; cells are as wide and high as the largest."""
    sizes = []
    for plane in grid.planes:
        across, up = AXES[plane]
        high_mm, wide_mm = grid.pixel_size_mm(plane)
        sizes.append((grid.volume_shape[up] * high_mm, grid.volume_shape[across] * wide_mm))
    rows = {"row": [sizes], "grid": [sizes[:2], sizes[2:]], "column": [[size] for size in sizes]}
    return {layout: _proportion([row for row in cells if row]) for layout, cells in rows.items()}


def _proportion(rows: list[list[tuple[float, float]]]) -> float:
    """Return height by width of cells [rows][columns] of (height, width)."""
    columns = zip_longest(*rows, fillvalue=(0.0, 0.0))
    return sum(max(high for high, _ in row) for row in rows) / sum(max(wide for _, wide in cells) for cells in columns)
