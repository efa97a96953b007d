"""What codes can be moved along: learnt from a cohort, from the prior alone, or from the styles of a run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from app.data import resources
from app.screens.explorer.latent_view import ranges, space
from brainlab.latent.directions import PRIOR_RANGE, Direction, prior_dimension
from brainlab.latent.published import NAMED_DIMENSIONS
from brainlab.types import Float32Array, FloatArray

NARROWEST = 0.5
"""Least reach of a slider of a style's dimension either way, in the spread of styles."""


@dataclass(frozen=True)
class WalkSpace:
    """Dimensions, directions and ends of a walk.

    low, high: [d], the range of each dimension's slider. order: dimensions as they are offered. dimension: one of them
    as a direction. axes: other directions. published: the paper's dimensions, by what they are called here, to their
    number; found: the run's own counterparts. scans, means: codes of a cohort's scans [N, d] and of its classes.
    """

    low: FloatArray
    high: FloatArray
    order: list[int]
    dimension: Callable[[int], Direction]
    axes: list[Direction] = field(default_factory=list)
    published: Mapping[str, int] = field(default_factory=dict)
    found: Mapping[str, int] = field(default_factory=dict)
    scans: Float32Array | None = None
    means: Mapping[str, Float32Array] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """How many numbers a code has."""
        return len(self.low)


def walk_space(run: str, cohort: str | None, *, styles: bool) -> WalkSpace:
    """Return what is known of a run's codes by a cohort, by the prior without one, or of its styles."""
    if styles:
        return _of_styles(run, resources.run(run).sha256)
    return _of_prior(resources.run(run).latent_dim) if cohort is None else _of_cohort(run, cohort)


def _of_cohort(run: str, cohort: str) -> WalkSpace:
    known = space(run, cohort)
    low, high = ranges(known)
    # The paper's are numbers of its own IntroVAE on volumes; those of slices are another method's.
    numbers = {} if resources.run(run).grid.plane else NAMED_DIMENSIONS
    named: dict[int, dict[str, Any]] = {k: what for k, what in numbers.items() if k < len(low)}
    return WalkSpace(
        low=low,
        high=high,
        order=[int(k) for k in known.table["dimension"]],
        dimension=known.dimension,
        axes=known.axes,
        published={f"dimension {k} ({what['name']} in the paper)": k for k, what in named.items()},
        found={f"dimension {what['dimension']} ({name} here)": what["dimension"] for name, what in known.named.items()},
        scans=known.encoding.mean,
        means=known.means,
    )


def _of_prior(length: int) -> WalkSpace:
    reach = np.full(length, PRIOR_RANGE)
    return WalkSpace(
        low=-reach, high=reach, order=list(range(length)), dimension=lambda index: prior_dimension(length, index)
    )


@lru_cache(maxsize=8)
def _of_styles(run: str, sha256: str) -> WalkSpace:
    """Kept for as long as the weights are the same: the axes of 512 dimensions take a second."""
    known = resources.style_space(run)
    low, high = np.percentile(known.codes, [1, 99], axis=0)
    return WalkSpace(
        low=np.minimum(low, -NARROWEST),
        high=np.maximum(high, NARROWEST),
        order=[int(k) for k in np.argsort(-known.codes.var(axis=0), kind="stable")],
        dimension=known.dimension,
        axes=known.axes(),
    )
