"""The order in which a reader sees the cases: random, practice first, hidden repeats far from their first showing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import rankdata

from brainlab.types import BoolArray, FloatArray

TRIES = 100
MAX_CORRELATION = 0.1
MAX_ERRORS = 1.5
"""Standard errors of a correlation up to which a small study's order passes: 87 of 100 orders do.

Each order that was thrown away tells something of the labels to whoever sees the orders that were kept. Of 16 cases
only 37 of 100 orders stay within 0.1, and eight orders would tell all labels; so they tell next to nothing.
"""


@dataclass(frozen=True)
class Showing:
    """One place in a reader's order. case: index of the stimulus. occurrence: 1, or 2 for a hidden repeat."""

    case: int
    occurrence: int
    phase: Literal["practice", "main", "repeat"]


def draw_order(
    is_real: Sequence[bool],
    practice: Sequence[bool],
    repeats: int,
    seed: Sequence[int],
    own: Sequence[bool] | BoolArray | None = None,
) -> list[Showing]:
    """Draw the order of one reader and round.

    is_real, practice: one entry a stimulus; no pair is real, as one of its images is.
    own: which stimuli this reader reads, practice apart, which all do; None for all.
    repeats: number of main cases shown a second time.
    seed: study, reader, round and salt, so that every order differs and can be drawn again.
    The draw is repeated until labels and positions are rank-uncorrelated (|rho| at most `largest_correlation`, or the
    least of 100 draws), so that neither fatigue nor learning falls on one label more than on the other.
    """
    random = np.random.default_rng(list(seed))
    flags = np.asarray(is_real, dtype=float)
    drills = [Showing(int(case), 1, "practice") for case in random.permutation(np.flatnonzero(practice))]
    theirs = np.ones(len(flags), dtype=bool) if own is None else np.asarray(own, dtype=bool)
    cases = np.flatnonzero(~np.asarray(practice, dtype=bool) & theirs)
    best: list[Showing] = []
    least = np.inf
    for _ in range(TRIES):
        order = _with_repeats([int(case) for case in random.permutation(cases)], repeats, random)
        correlation = abs(_rank_correlation(flags[[showing.case for showing in order]]))
        if correlation < least:
            best, least = order, correlation
        if least <= largest_correlation(len(order)):
            break
    return drills + best


def largest_correlation(showings: int) -> float:
    """Return how far labels and positions may go together: 0.1, or more where chance alone often reaches further."""
    return max(MAX_CORRELATION, MAX_ERRORS / float(np.sqrt(max(showings - 1, 1))))


def _with_repeats(order: list[int], repeats: int, random: np.random.Generator) -> list[Showing]:
    """Insert hidden repeats at random places, a fifth of the study (at most 30 cases) or more after the first."""
    gap = min(30, max(1, len(order) // 5))
    showings = [Showing(case, 1, "main") for case in order]
    chosen = random.permutation(max(len(order) - gap, 0))[:repeats]
    for case in [order[place] for place in chosen]:
        first = next(place for place, showing in enumerate(showings) if showing.case == case)
        showings.insert(int(random.integers(first + gap + 1, len(showings) + 1)), Showing(case, 2, "repeat"))
    return showings


def _rank_correlation(labels: FloatArray) -> float:
    """Spearman's rho of labels with their positions; 0 when all labels are the same."""
    if len(labels) < 2 or labels.std() == 0:
        return 0.0
    return float(np.corrcoef(rankdata(labels), np.arange(len(labels)))[0, 1])
