"""Coordinates of volumes that are coded slice by slice: what a Gaussian over the slices says can be moved.

Volokitin et al. 2020, section 2.1: dimension l of a slice's code runs through the T slices of a volume as
y_l = A_l z + mu_l, z ~ N(0, 1). The columns of A_l [T, T] are the eigenvectors of the covariance of training volumes,
each times the root of its eigenvalue: profiles across the slices. A coordinate is the z of one dimension and profile,
so its unit is the standard deviation (SD) of training volumes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from brainlab.errors import InputError
from brainlab.types import Float32Array, FloatArray, IntArray

LEAST_VARIANCE = 1e-6
"""Of a profile, as a part of that of its dimension's strongest; what is weaker is rounding, and says nothing."""
KEPT = 64
"""Dimensions whose readouts stay in memory: of 256 slices 0.5 MB each."""


class Coordinate(NamedTuple):
    """One number of a volume's code. dimension: of the slices' codes, from 0. profile: from 1, the strongest first."""

    dimension: int
    profile: int

    @property
    def words(self) -> str:
        """Its name for people."""
        return f"dimension {self.dimension}, profile {self.profile}"


@dataclass(frozen=True, eq=False)
class SliceCoordinates:
    """The coordinates of codes [T, L]: T slices, L dimensions.

    mean: [T, L], of training volumes. root: [L, T, T], A above, its columns in any order.
    plane: of the slices; slice 0 is at the low end of its normal, RAS.

    >>> known = SliceCoordinates(np.zeros((2, 1), "f4"), np.array([[[1, 3], [1, -3]]], "f4"), "coronal")
    >>> known.strongest(1)
    [Coordinate(dimension=0, profile=1)]
    >>> code = known.moved(known.mean, {Coordinate(0, 1): 2.0})
    >>> code.tolist(), round(known.position(code, Coordinate(0, 1)), 6)
    ([[6.0], [-6.0]], 2.0)
    """

    mean: Float32Array
    root: Float32Array
    plane: str

    @cached_property
    def variances(self) -> FloatArray:
        """Variance of the codes along each profile, strongest first: [L, T]; 0 where it is nothing but rounding."""
        raw = np.take_along_axis(self._raw_variances, self._order, axis=1)
        return np.where(raw > LEAST_VARIANCE * raw[:, :1], raw, 0.0)

    @cached_property
    def profiles(self) -> IntArray:
        """How many profiles of each dimension vary: [L]."""
        return np.count_nonzero(self.variances, axis=1)

    def strongest(self, n: int) -> list[Coordinate]:
        """Return the n coordinates of most variance, the strongest first; fewer where fewer vary."""
        order = np.argsort(-self.variances, axis=None, kind="stable")[:n]
        found = zip(*np.unravel_index(order, self.variances.shape), strict=True)
        return [Coordinate(int(k), int(rank) + 1) for k, rank in found if self.variances[k, rank] > 0]

    def share(self, coordinates: Iterable[Coordinate]) -> float:
        """Return which part of the variance of training codes some coordinates hold, from 0 to 1."""
        total = float(self.variances.sum())
        return sum(float(self.variances[k, rank - 1]) for k, rank in set(coordinates)) / total if total else 0.0

    def profile(self, coordinate: Coordinate) -> FloatArray:
        """Return what one SD of a coordinate adds to its dimension at each slice: [T].

        Raises InputError where there is no such coordinate, or it does not vary.
        """
        return self._columns(self._checked(coordinate).dimension)[:, coordinate.profile - 1]

    def position(self, code: FloatArray, coordinate: Coordinate) -> float:
        """Return a coordinate of a code [T, L], in SD; the code's departure from the mean is projected on the profile.

        Of a draw it is the number that was drawn. Raises InputError as `profile` does.
        """
        dimension, rank = self._checked(coordinate)
        centred = np.asarray(code[:, dimension], dtype=np.float64) - self.mean[:, dimension]
        return float(_readouts(self, dimension)[rank - 1] @ centred)

    def moved(self, code: FloatArray, wanted: Mapping[Coordinate, float]) -> Float32Array:
        """Return a code [T, L] with some coordinates at the values wanted, in SD, and all else as it is.

        A coordinate that is wanted where it lies changes nothing, bit for bit. Raises InputError as `profile` does.
        """
        made = np.array(code, dtype=np.float64)
        for coordinate, value in wanted.items():
            made[:, coordinate.dimension] += (value - self.position(code, coordinate)) * self.profile(coordinate)
        return made.astype(np.float32)

    def spread(self, dimension: int) -> FloatArray:
        """Return the SD of one dimension at each slice, over training volumes: [T]."""
        return np.linalg.norm(self.root[dimension].astype(np.float64), axis=1)

    @cached_property
    def _raw_variances(self) -> FloatArray:
        return np.einsum("lts,lts->ls", self.root, self.root, dtype=np.float64)

    @cached_property
    def _order(self) -> IntArray:
        return np.argsort(-self._raw_variances, axis=1, kind="stable")

    def _columns(self, dimension: int) -> FloatArray:
        """Return the profiles of a dimension that vary, strongest first: [T, k]."""
        order = self._order[dimension, : self.profiles[dimension]]
        return self.root[dimension][:, order].astype(np.float64)

    def _checked(self, coordinate: Coordinate) -> Coordinate:
        dimension, rank = coordinate
        if not 0 <= dimension < len(self.root):
            raise InputError(
                f"dimension {dimension} does not exist; this run's dimensions are 0 to {len(self.root) - 1}"
            )
        if not 1 <= rank <= self.profiles[dimension]:
            raise InputError(
                f"dimension {dimension} has {self.profiles[dimension]} profiles that vary, got number {rank}"
            )
        return coordinate


@lru_cache(maxsize=KEPT)
def _readouts(known: SliceCoordinates, dimension: int) -> FloatArray:
    """Return what gives a dimension's coordinates from its departure from the mean: [k, T].

    Profiles kept in 16 bits are not quite orthogonal; the pseudo-inverse gives their coordinates back even so.
    """
    return np.linalg.pinv(known._columns(dimension))
