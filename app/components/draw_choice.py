"""The widgets that choose what is drawn from a run: seed, truncation, two draws, and the space between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from app.components import layout
from app.data import resources
from brainlab.types import FloatArray

LARGEST_TRUNCATION = 1.5
NEAR_THE_MEAN = 0.8
"""Truncation of draws that a way leads through: rarer codes, as the prior has them, distract from the way itself."""

Z, W = "Z", "W"
"""Spaces: of the run's own codes, and of its styles (Karras et al. 2019)."""


@dataclass(frozen=True, kw_only=True)
class TwoDraws:
    """Two draws of a run, or the first of two rows of draws. seeds: of either. truncation: of both."""

    run: str
    seeds: tuple[int, int]
    truncation: float


def choose_two_draws(key: str, runs: Sequence[str], first: str, second: str, apart: int = 1) -> TwoDraws:
    """Show a row of widgets for two draws of one of some runs.

    first, second: what their seeds are called. apart: how far these lie apart at first.
    """
    with layout.wrapping(key, 2):
        left, *middle, right = st.columns([1.2, 1, 1, 1.2])
    run = left.selectbox("Run", runs, key=f"{key}-run")
    a, b = (
        choose_seed(column, f"{key}-seed-{number}", label, number * apart)
        for number, (column, label) in enumerate(zip(middle, (first, second), strict=True))
    )
    return TwoDraws(run=run, seeds=(a, b), truncation=choose_truncation(right, f"{key}-truncation"))


def choose_seed(place: Any, key: str, label: str = "Seed", first: int = 0, **options: Any) -> int:
    """Show the field of a seed in a column."""
    return int(place.number_input(label, 0, layout.LARGEST_SEED, first, key=key, **options))


def choose_truncation(place: Any, key: str, first: float = NEAR_THE_MEAN, **options: Any) -> float:
    """Show the slider of a truncation in a column: 0 draws the mean, 1 from the prior itself."""
    return float(place.slider("Truncation", 0.0, LARGEST_TRUNCATION, first, 0.05, key=key, **options))


def choose_styles(run: str, key: str, first: str = W) -> bool:
    """Ask whether a run is to be looked at by its styles (W), where it has any, and not by its codes (Z)."""
    if not resources.run(run).can("styles"):
        return False
    chosen = st.segmented_control(
        "Space",
        [Z, W],
        default=first,
        required=True,
        key=key,
        help="Z: the codes that are drawn. W: the styles that they are mapped to, where directions are less entangled "
        "and the image changes more evenly.",
    )
    return chosen == W


def drawn(run: str, seeds: Sequence[int], truncation: float, *, styles: bool) -> FloatArray:
    """Return the codes [n, d] of draws of a run, or those of their styles."""
    codes = np.stack([resources.drawn_code(run, seed, truncation) for seed in seeds])
    return resources.style_space(run).code(resources.run(run).style(codes)) if styles else codes
