"""The way between two draws of a run, in its codes or in its styles."""

import numpy as np
import streamlit as st

from app.components import layout
from app.data import resources
from app.screens.explorer.explorer_tabs import show_walk
from app.screens.explorer.starting_codes import W, Z
from app.screens.explorer.traversals import STOP_CHOICES, STOPS, between_codes, choose_way


@st.fragment
def between_draws(runs: list[str]) -> None:
    """Show a film-strip from one draw to another."""
    able = [name for name in runs if resources.run(name).can("walk")]
    with layout.wrapping("between", 2):
        first, second, third, fourth = st.columns([1.2, 1, 1, 1.2])
    run = first.selectbox("Run", able, key="between-run")
    seeds = [
        int(second.number_input("First seed", 0, layout.LARGEST_SEED, 0, key="between-first")),
        int(third.number_input("Last seed", 0, layout.LARGEST_SEED, 1, key="between-last")),
    ]
    truncation = fourth.slider("Truncation", 0.0, 1.5, 0.8, 0.05, key="between-truncation")
    found = resources.run(run)
    with layout.wrapping("between-way", 2):
        left, middle, last = st.columns(3)  # a run without styles leaves the last one empty
    styles = False
    if found.can("styles"):
        with last:
            chosen = st.segmented_control(
                "Space",
                [Z, W],
                default=W,
                required=True,
                key="between-space",
                help="Z: between the codes that are drawn. W: between their styles; the image changes more evenly.",
            )
        styles = chosen == W
    with left:
        way = choose_way("between-way")
    stops = int(middle.selectbox("Stops", STOP_CHOICES, STOP_CHOICES.index(STOPS), key="between-stops"))
    codes = np.stack([resources.drawn_code(run, seed, truncation) for seed in seeds])
    ends = resources.style_space(run).code(found.style(codes)) if styles else codes
    show_walk("between", run, between_codes(list(ends), way, stops), with_difference=False, styles=styles)
