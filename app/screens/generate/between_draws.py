"""The way between two draws of a run, in its codes or in its styles."""

import streamlit as st

from app.components import layout
from app.components.draw_choice import choose_styles, choose_two_draws, drawn
from app.data import resources
from app.screens.explorer.explorer_tabs import show_walk
from app.screens.explorer.traversals import between_codes, choose_stops, choose_way


@st.fragment
def between_draws(runs: list[str]) -> None:
    """Show a film-strip from one draw to another."""
    able = [name for name in runs if resources.run(name).can("walk")]
    draws = choose_two_draws("between", able, "First seed", "Last seed")
    with layout.wrapping("between-way", 2):
        left, middle, last = st.columns(3)  # a run without styles leaves the last one empty
    with last:
        styles = choose_styles(draws.run, "between-space")
    with left:
        way = choose_way("between-way")
    stops = choose_stops(middle, "between-stops")
    ends = drawn(draws.run, draws.seeds, draws.truncation, styles=styles)
    show_walk("between", draws.run, between_codes(list(ends), way, stops), with_difference=False, styles=styles)
