"""Keep a viewer's place on the page until its script is there, so that nothing below it jumps.

The proportions of the planes are known here, the width only in the browser: hence a style of the element's own, which
reaches it together with the element, in the units of a container query.
"""

import math
import re
from collections.abc import Sequence

import numpy as np
import streamlit as st

from brainlab.types import FloatArray

TOOLS_PX, TITLE_PX, FOOT_PX = 66, 30, 32
"""Heights of what stands about the planes: title with tools and read-out; title alone; foot below several viewers."""
GAP_PX, NARROWEST_PX, WIDE_PX, HIGHEST_PX = 10, 130, 480, 720
"""As in viewer.css and viewer.js: gap, narrowest panel, width from which planes lie in a row, greatest height."""


def keep_place(
    key: str,
    shape: Sequence[int],
    affine: FloatArray,
    *,
    layout: str = "auto",
    bars: int = TOOLS_PX,
    below: int = 0,
    count: int = 1,
    columns: int = 1,
) -> None:
    """Give the element of `key` the height that `count` viewers of such a volume [X, Y, Z] will have.

    bars, below: CSS pixels of what stands about the planes of each viewer, and below all of them.
    """
    proportions = plane_proportions(shape, affine)
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
    st.html(f"<style>{' '.join(rules)}</style>")


def plane_proportions(shape: Sequence[int], affine: FloatArray) -> dict[str, float]:
    """Height by width of the three planes of a volume, for each layout; cells are as wide and high as the largest."""
    x, y, z = np.asarray(shape) * np.linalg.norm(affine[:3, :3], axis=0)
    return {
        "row": max(y, z) / (2 * x + y),
        "grid": (max(y, z) + z) / (max(x, y) + x),
        "column": (y + 2 * z) / max(x, y),
    }
