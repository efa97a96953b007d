"""The widgets that say what a scan shows and what it should show instead, with undo and reset as the sliders have."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.components import layout, undo
from app.data.volumes import Told
from brainlab.methods.conditions import Condition

Values = dict[str, str | float | None]
"""Of each condition its value; None is not told."""

NOT_TOLD = "not told"
FEWEST_STEPS = 20
"""Positions that a slider of a narrow range has at least; of others, whole numbers."""
STRONGEST = 4.0
"""Guidance."""


@dataclass(frozen=True)
class Edit:
    """What a scan shows, what it should show, and how strongly the change is made."""

    own: Told
    wanted: Told
    guidance: float

    @property
    def changes(self) -> Values:
        """What is wanted otherwise."""
        own, wanted = dict(self.own), dict(self.wanted)
        return {name: wanted.get(name) for name in {**own, **wanted} if own.get(name) != wanted.get(name)}


def choose(known: Sequence[Condition], key: str, own: Values, wanted: Values, guidance: float = 1.0) -> Edit:
    """Show the widgets and return what is chosen.

    key: of the run and its scan; another one starts anew. own, wanted, guidance: what is there at first.
    """
    with layout.wrapping("edit", 1):
        left, right = st.columns([1, 1.25])
    with left.container(border=True, height="stretch", key="edit-own"):
        with st.container(horizontal=True, vertical_alignment="center", key="edit-head-own"):
            st.markdown("**The scan shows**")
        shown = _own(known, f"{key}-own", own)
    with right.container(border=True, height="stretch"):
        bar = st.container(horizontal=True, vertical_alignment="center", key="edit-head-wanted")
        keys = {one.name: f"{key}-wanted-{one.name}-{shown[one.name]}" for one in known}
        columns = st.columns(len(known) + 1)
        chosen: Values = {}
        for column, one in zip(columns, known, strict=False):
            first = wanted.get(one.name) if shown[one.name] == own.get(one.name) else shown[one.name]
            with column:
                chosen[one.name] = _wanted(one, keys[one.name], shown[one.name], first)
        strength = float(
            columns[-1].slider(
                "Guidance",
                1.0,
                STRONGEST,
                guidance,
                0.25,
                key=f"{key}-guidance",
                disabled=chosen == shown,
                help="1 makes the change as it was learnt, more exaggerates it and nothing else.",
            )
        )
    now, start = ({keys[name]: value for name, value in values.items()} for values in (chosen, shown))
    with bar:
        now, start = now | {f"{key}-guidance": strength}, start | {f"{key}-guidance": 1.0}
        undo.show("It should show", "edit", f"{key}-{shown}", now, start)
    return Edit(_told(shown), _told(chosen), 1.0 if chosen == shown else strength)


def _own(known: Sequence[Condition], key: str, own: Values) -> Values:
    shown: Values = {}
    for column, one in zip(st.columns(len(known)), known, strict=True):
        first = own.get(one.name)
        with column:
            if one.words:
                shown[one.name] = _word(one, f"{key}-{one.name}", [None, *one.words], first)
            else:
                # A field whose own default is a number could not be emptied.
                st.session_state.setdefault(f"{key}-{one.name}", None if first is None else float(first))
                number = st.number_input(
                    one.title, value=None, step=1.0, format="%g", placeholder=NOT_TOLD, key=f"{key}-{one.name}"
                )
                shown[one.name] = None if number is None else float(number)
    return shown


def _wanted(one: Condition, key: str, own: str | float | None, first: str | float | None) -> str | float | None:
    """Ask what one condition should be; what is not told of the scan need not be told here."""
    untold: list[str | float | None] = [None] if None in (own, first) else []
    if one.words:
        return _word(one, key, [*untold, *one.words], first)
    offered = [*untold, *stops(one, own, first)]
    return st.select_slider(
        one.title, offered, first, format_func=lambda v: NOT_TOLD if v is None else f"{v:g}", key=key
    )


def _word(one: Condition, key: str, offered: Sequence[Any], first: Any) -> str | None:
    chosen: str | None = st.selectbox(
        one.title, offered, offered.index(first), format_func=lambda word: NOT_TOLD if word is None else word, key=key
    )
    return chosen


def stops(one: Condition, *others: float | str | None) -> list[float]:
    """Return the numbers of a slider over the range of the training scans, whole ones where they do, and others."""
    low, high = math.ceil(one.low), math.floor(one.high)
    if high - low >= FEWEST_STEPS:
        found = {float(whole) for whole in range(low, high + 1)}
    else:
        found = {one.low + (one.high - one.low) * k / FEWEST_STEPS for k in range(FEWEST_STEPS + 1)}
    return sorted(found | {float(other) for other in others if other is not None})


def _told(values: Values) -> Told:
    return tuple((name, value) for name, value in values.items() if value is not None)
