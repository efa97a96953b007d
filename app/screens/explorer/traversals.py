"""Traversals of latent space: the widgets that choose one, and the codes along it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
import streamlit as st

from app.components import layout, scan_choice
from app.data.codes import from_steps, to_steps
from app.screens.explorer.walk_space import WalkSpace
from brainlab.latent.interpolation import interpolate
from brainlab.latent.published import NAMED_DIMENSIONS
from brainlab.types import FloatArray

STOPS = 5
STOP_CHOICES = (3, 5, 7, 9)
ROW = [1.7, 1.1, 1.25, 0.6]
BY_NUMBER, SCANS, MEANS = "dimension by number", "from one scan to another", "from one class mean to another"
PAPER_VALUES: dict[int, Any] = {dimension: what["values"] for dimension, what in NAMED_DIMENSIONS.items()}


@dataclass(frozen=True)
class Walk:
    """Codes along a way. origin and codes in 1/64 steps; titles: what is written above each."""

    origin: bytes
    codes: tuple[bytes, ...]
    titles: tuple[str, ...]


def choose(run: str, cohort: str | None, space: WalkSpace, held: Callable[[], bytes]) -> Walk:
    """Show the widgets of a walk and return it.

    held: asked for the sliders' code, if the walk starts there.
    The paper's dimensions 175 and 76 come with the values of its figures 12 and 13.
    """
    axes = {axis.name.replace("_", " "): axis for axis in space.axes}
    between = [SCANS] if cohort is not None and space.scans is not None else []
    ways = [*between, *([MEANS] if len(space.means) > 1 else [])]
    with layout.wrapping("walk", 2):
        left, middle, right, far = st.columns(ROW)
    choice = left.selectbox("Along", [BY_NUMBER, *space.published, *space.found, *axes, *ways], key=f"walk-along-{run}")
    if choice in ways:
        return _between(run, cohort or "", space, choice == SCANS, (middle, right, far))
    origin = right.segmented_control("From", ["zeros", "the sliders"], default="zeros", key="walk-from", required=True)
    start = held() if origin == "the sliders" else to_steps(np.zeros(space.length))
    if choice in axes:
        direction = axes[choice]
    else:
        index = {**space.published, **space.found}.get(choice)
        if index is None:
            last = space.length - 1
            index = int(middle.number_input("Dimension", 0, last, space.order[0], key=f"walk-dimension-{run}-{last}"))
        direction = space.dimension(index)
    if choice in space.published:
        values = [float(value) for value in PAPER_VALUES[space.published[choice]]]
    else:
        values = direction.steps(choose_stops(far, "walk-stops")).tolist()
    codes = direction.walk(from_steps(start, space.length), values)
    return _walk(start, codes, [f"{value:+.2f}" for value in values])


def between_codes(ends: Sequence[FloatArray], way: str, stops: int) -> Walk:
    """Return the walk from the first of two codes [d] to the second, straight or along the great circle."""
    codes = interpolate(ends[0], ends[1], stops, cast(Literal["linear", "spherical"], way))
    return _walk(to_steps(ends[0]), codes, [f"{share:.0%}" for share in np.linspace(0, 1, stops)])


def choose_way(key: str) -> str:
    """Show the choice between the straight way and the great circle."""
    chosen = st.segmented_control(
        "Way",
        ["linear", "spherical"],
        default="linear",
        required=True,
        key=key,
        help="Spherical: along the great circle, so that codes keep the norm of samples from the prior.",
    )
    return chosen or "linear"


def choose_stops(place: Any, key: str) -> int:
    """Show in a column how many images lie along a way, with both its ends."""
    return int(place.selectbox("Stops", STOP_CHOICES, STOP_CHOICES.index(STOPS), key=key))


def _between(run: str, cohort: str, space: WalkSpace, scans: bool, columns: Sequence[Any]) -> Walk:
    """Choose two scans or two classes, and the way between their codes."""
    left, right, far = columns
    if scans and space.scans is not None:
        with left:
            first = scan_choice.pick_scan(cohort, "walk-first", "First")
        with right:
            second = scan_choice.pick_scan(cohort, "walk-second", "Last", skip=1)
        ends = [space.scans[row] for row in (first, second)]
    else:
        names = list(space.means)
        ends = [
            space.means[left.selectbox("First", names, key=f"walk-class-first-{run}")],
            space.means[right.selectbox("Last", names, index=1, key=f"walk-class-last-{run}")],
        ]
    stops = choose_stops(far, "walk-stops")
    return between_codes(ends, choose_way("walk-way"), stops)


def _walk(origin: bytes, codes: FloatArray, titles: Sequence[str]) -> Walk:
    return Walk(origin, tuple(to_steps(code) for code in codes), tuple(titles))
