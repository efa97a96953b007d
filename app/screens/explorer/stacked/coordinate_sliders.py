"""Sliders of a volume's coordinates over slices: the strongest ones, and one whose dimension and profile are chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from app.components import layout, undo
from app.data import resources
from app.data.stacks import Moves
from brainlab.latent.slice_coordinates import Coordinate, SliceCoordinates
from brainlab.types import FloatArray

COUNTS = (8, 12, 16, 24)
"""Sliders that are offered."""
A_ROW = 4
REACH, STEP = 3.0, 0.25
"""Standard deviations."""


@dataclass(frozen=True)
class Chosen:
    """own: the start's value of each coordinate that has a slider. moves: those that are moved."""

    own: Mapping[Coordinate, float]
    moves: Moves


def choose(run: str, code: FloatArray, offered: Sequence[Coordinate], key: str, linked: Moves) -> Chosen:
    """Show the sliders, in standard deviations, and return where they stand.

    code: [T, L] of the start. key: of the run and its start; another one starts anew. linked: moved at first.
    """
    known, asked = resources.slice_coordinates(run), dict(linked)
    own: dict[Coordinate, float] = {}
    values: dict[Coordinate, float] = {}
    with st.container(border=True):
        bar = st.container(horizontal=True, vertical_alignment="center", key="edit-head-stack")
        with layout.wrapping("stack", 2):
            for start in range(0, len(offered), A_ROW):
                for column, at in zip(st.columns(A_ROW), offered[start : start + A_ROW], strict=False):
                    with column:
                        own[at], values[at] = _slider(known, code, at, key, asked.get(at))
        with layout.wrapping("stack-other", 2):
            left, middle, right = st.columns([1, 1, 2], vertical_alignment="bottom")
        fields, other = _other(known, key, left, middle, len(offered))
        with right:
            if other is None:
                st.caption("This dimension does not vary among training volumes.")
            elif other in own:
                st.caption(f"{other.words.capitalize()} has a slider above.")
            else:
                own[other], values[other] = _slider(known, code, other, key, None)
    now: dict[str, Any] = {_name(key, at): value for at, value in values.items()} | fields
    with bar:
        undo.show(
            "Standard deviations among training volumes", "stack", f"{key}-{len(offered)}", now,
            {_name(key, at): value for at, value in own.items()},
        )  # fmt: skip
    return Chosen(own, tuple((at, value) for at, value in values.items() if value != own[at]))


def stops(*others: float) -> list[float]:
    """Return the values of a slider: whole steps either way, and others wherever they lie."""
    steps = round(REACH / STEP)
    return sorted({k * STEP for k in range(-steps, steps + 1)} | set(others))


def along(n: int) -> list[float]:
    """Return n values from one end of a slider to the other."""
    return [float(value) for value in np.linspace(-REACH, REACH, n)]


def _slider(
    known: SliceCoordinates, code: FloatArray, at: Coordinate, key: str, first: float | None
) -> tuple[float, float]:
    """Show one slider; return the start's own value and the chosen one. first: where it stands at first."""
    own = known.position(code, at) + 0.0  # no -0
    first = own if first is None else first
    value: float = st.select_slider(
        at.words.capitalize(),
        stops(own, first),
        first,
        format_func=lambda value: f"{value:+.2f}",
        key=_name(key, at),
        help=f"{known.share([at]):.1%} of the variance. The start is at {own:+.2f}.",
    )
    return own, value


def _other(
    known: SliceCoordinates, key: str, left: Any, middle: Any, offered: int
) -> tuple[dict[str, int], Coordinate | None]:
    """Ask for a coordinate by number: return the fields' values by their keys, and the coordinate if it varies."""
    last = len(known.profiles) - 1
    first = known.strongest(offered + 1)[-1]
    named = f"{key}-dimension"
    dimension = int(left.number_input(f"Dimension (0 to {last})", 0, last, first.dimension, key=named))
    profiles = int(known.profiles[dimension])
    if not profiles:
        return {named: dimension}, None
    ranked = f"{key}-profile-of-{profiles}"
    usual = first.profile if dimension == first.dimension else 1
    profile = int(middle.number_input(f"Profile (1 to {profiles})", 1, profiles, usual, key=ranked))
    return {named: dimension, ranked: profile}, Coordinate(dimension, profile)


def _name(key: str, at: Coordinate) -> str:
    return f"{key}-{at.dimension}-{at.profile}"
