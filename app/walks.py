"""Walks through latent space: the widgets that choose one, and the codes along it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from app import resources
from app.codes import from_steps, to_steps
from brainlab.experiments.analysis import LatentSpace
from brainlab.latent.directions import Direction
from brainlab.latent.published import NAMED_DIMENSIONS

STOPS = 5
PAPER_VALUES: dict[int, Any] = {dimension: what["values"] for dimension, what in NAMED_DIMENSIONS.items()}


def choose(run: str, space: LatentSpace, held: Callable[[], bytes]) -> tuple[Direction, list[float], bytes]:
    """Show the widgets of a walk; returns its direction, its positions and the code that it starts from.

    held: asked for the sliders' code, if the walk starts there.
    The paper's dimensions 175 and 76 come with the values of its figures 12 and 13.
    """
    latent_dim = space.encoding.latent_dim
    named = {
        f"dimension {k} ({what['name']} in the paper)": k for k, what in NAMED_DIMENSIONS.items() if k < latent_dim
    }
    found = {f"dimension {what['dimension']} ({name} here)": what["dimension"] for name, what in space.named.items()}
    axes = {axis.name.replace("_", " "): axis for axis in space.axes}
    by_number = "dimension by number"
    left, middle, right = st.columns([2, 1, 1])
    choice = left.selectbox("Along", [by_number, *named, *found, *axes], key=f"walk-along-{run}")
    if choice in axes:
        direction = axes[choice]
    else:
        first = int(space.table["dimension"].iloc[0])
        index = {**named, **found}.get(choice)
        if index is None:
            index = int(middle.number_input("Dimension", 0, latent_dim - 1, first, key=f"walk-dimension-{run}"))
        direction = space.dimension(index)
    origin = right.segmented_control("From", ["zeros", "the sliders"], default="zeros", key="walk-from", required=True)
    shown = PAPER_VALUES[named[choice]] if choice in named else direction.steps(STOPS)
    return (
        direction,
        [float(value) for value in shown],
        held() if origin == "the sliders" else to_steps(np.zeros(latent_dim)),
    )


def walk(run: str, direction: Direction, start: bytes, values: list[float]) -> list[bytes]:
    """Return the codes, in steps of 1/64, at the positions of a walk along a direction from `start`."""
    origin = from_steps(start, resources.run(run).latent_dim)
    return [to_steps(code) for code in direction.walk(origin, values)]
