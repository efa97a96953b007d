"""Style mixing: coarse levels in the style of one draw, fine ones in that of another (Karras et al. 2019, figure 3)."""

from functools import partial

import streamlit as st

from app.components import layout
from app.components.draw_choice import choose_two_draws
from app.components.volume_viewer import Panel, volume_viewer
from app.data import resources
from app.data.exports import sheet
from app.data.volumes import ImageSource, StyleMix

ROWS, COLUMNS = 3, 4
SEEDS_APART = 100
CROSSING_SHARE = 0.4
"""Where the crossing is at first: the published figure's middle rows, where the shape is kept and the look changes."""


@st.fragment
def style_mixing(runs: list[str]) -> None:
    """Show a grid whose rows give the coarse levels and whose columns the fine ones."""
    able = [name for name in runs if resources.run(name).can("styles")]
    draws = choose_two_draws("mixing", able, "Seed of A (rows)", "Seed of B (columns)", SEEDS_APART)
    run, (a, b), truncation = draws.run, draws.seeds, draws.truncation
    levels = resources.run(run).levels
    crossing = st.select_slider(
        "Styles of A up to, of B from",
        range(len(levels) + 1),
        round(CROSSING_SHARE * len(levels)),
        format_func=lambda level: _place(levels, level),
        key=f"mixing-crossing-{run}",
        help="Levels go from coarse to fine, by the size of their maps. At the left end all is B, at the right end A.",
    )
    below = len(levels)

    def mixed(row: int, column: int, at: int) -> StyleMix:
        return StyleMix(run, a + row, b + column, at, truncation)

    shown: list[Panel] = [Panel(mixed(row, 0, below), title=f"A{row + 1}") for row in range(ROWS)]
    columns = [Panel(mixed(0, column, 0), title=f"B{column + 1}") for column in range(COLUMNS)]
    mean = Panel(StyleMix(run, a, b, below, 0.0), title="mean style")
    grid = [mean, *columns]
    for row, source in enumerate(shown):
        cells = [Panel(mixed(row, k, int(crossing)), title=f"A{row + 1} with B{k + 1}") for k in range(COLUMNS)]
        grid += [source, *cells]
    volume_viewer(grid, key="mixing", columns=COLUMNS + 1, layout="column", toolbar=False, readout=False)
    st.caption(f"Rows: {_place(levels, int(crossing))}. Seeds of rows and columns count up from those above.")
    sources: list[ImageSource] = [panel.source for panel in grid]
    layout.downloads("mixing", {f"{run}-mixing.png": partial(sheet, sources, COLUMNS + 1)})


def _place(levels: tuple[str, ...], crossing: int) -> str:
    """Say which levels are whose, by the sizes of their maps; both layers of a size have its name."""
    if crossing == 0:
        return "all B"
    if crossing == len(levels):
        return "all A"
    return f"A to {_named(levels, crossing - 1)}, B from {_named(levels, crossing)}"


def _named(levels: tuple[str, ...], level: int) -> str:
    number = levels[: level + 1].count(levels[level])
    return levels[level] if levels.count(levels[level]) == 1 else f"{levels[level]} ({number})"
