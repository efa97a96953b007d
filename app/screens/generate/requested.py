"""What the images of a gallery are to show: a widget for each condition that a run has learnt, and how strongly."""

from collections.abc import Sequence

import streamlit as st

from app.components import layout
from app.data import resources
from app.data.volumes import Told
from brainlab.methods.conditions import Condition, condition_warnings

ANY = "any"


def choose_condition(run: str) -> tuple[Told | None, float]:
    """Show the widgets of a run that draws on request; return what is chosen, and the guidance.

    None where nothing is, so that images are drawn as they come.
    """
    known = resources.run(run).conditions
    with layout.wrapping(f"requested-{run}", 2):
        *columns, last = st.columns(len(known) + 1, vertical_alignment="bottom")
    told: list[tuple[str, str | float]] = []
    for column, condition in zip(columns, known, strict=True):
        with column:
            value = _widget(condition, f"requested-{run}-{condition.name}")
        if value is not None:
            told.append((condition.name, value))
    guidance = last.slider(
        "Guidance",
        1.0,
        4.0,
        1.0,
        0.25,
        key=f"requested-{run}-guidance",
        disabled=not told,
        help="1 follows what is chosen as it was learnt, more exaggerates it.",
    )
    for warning in condition_warnings(known, dict(told)):
        st.caption(f":material/warning: {warning}")
    return (tuple(told), guidance) if told else (None, 1.0)


def _widget(condition: Condition, key: str) -> str | float | None:
    """Show a list of words, or a slider that a toggle puts out of use; return the choice, None for any."""
    label = condition.title
    if condition.words:
        words: Sequence[str | None] = [None, *condition.words]
        return st.selectbox(label, words, format_func=lambda word: ANY if word is None else word, key=key)
    free = st.toggle(f"{label}: {ANY}", True, key=f"{key}-any")
    step = 1.0 if condition.high - condition.low > 2 else (condition.high - condition.low) / 20
    middle = condition.low + step * round((condition.mean - condition.low) / step)
    value = st.slider(label, condition.low, condition.high, middle, step, key=key, disabled=free)
    return None if free else float(value)
