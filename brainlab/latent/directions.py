"""Directions to walk along in latent space: a dimension, a discriminant axis, a principal axis, a covariate.

Every direction has a unit of its own. A code's position on it is a number in that unit, and walking to a position
changes the code along the direction's vector and nothing else, so that its position becomes exactly that number.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.covariance import ledoit_wolf

from brainlab.errors import InputError
from brainlab.latent.classification.discriminant import LatentDiscriminant
from brainlab.types import Float32Array, FloatArray

PRIOR_RANGE = 3.0
"""Standard deviations of the prior that a dimension is walked either way where no codes of scans are known."""


@dataclass(frozen=True)
class Direction:
    """One line through latent space.

    vector: [d], what one unit adds to a code. readout: [d], with `readout @ vector == 1`, and `offset`: a code's
    position is `code @ readout + offset`. low, high: 1st and 99th percentile of the positions of the codes it was
    learnt from, the range a slider offers.
    """

    name: str
    unit: str
    vector: FloatArray
    readout: FloatArray
    offset: float
    low: float
    high: float

    def position(self, codes: FloatArray) -> FloatArray:
        """Return where codes [..., d] lie on the direction: [...]."""
        return np.asarray(codes, dtype=np.float64) @ self.readout + self.offset

    def walk(self, start: FloatArray, values: Sequence[float] | FloatArray) -> Float32Array:
        """Return `start` [d] moved to each of the positions: [len(values), d]."""
        steps = np.asarray(values, dtype=np.float64) - self.position(start)
        return (np.asarray(start, dtype=np.float64) + steps[:, None] * self.vector).astype(np.float32)

    def steps(self, n: int) -> FloatArray:
        """Return n evenly spaced positions over the range."""
        return np.linspace(self.low, self.high, n)


def dimension(codes: FloatArray, index: int) -> Direction:
    """Return one latent dimension; its unit is the prior's standard deviation. codes: [N, d].

    From a start of zeros the others stay 0, as in the FLAIR IntroVAE paper's figures 12 and 13.
    """
    axis = _unit(codes.shape[1], index)
    return _ranged(f"dimension {index}", "prior sd", axis, axis, 0.0, codes)


def prior_dimension(width: int, index: int) -> Direction:
    """Return one of `width` latent dimensions where no codes of scans are known: PRIOR_RANGE either way."""
    axis = _unit(width, index)
    return Direction(f"dimension {index}", "prior sd", axis, axis, 0.0, -PRIOR_RANGE, PRIOR_RANGE)


def discriminant_axes(discriminant: LatentDiscriminant, codes: FloatArray) -> list[Direction]:
    """Return the axes of a fitted LDA; one unit is one standard deviation within classes.

    The vector is the axis's pattern and not its weights: it moves a code as scans that differ in their score do differ.
    """
    return [
        _ranged(
            f"discriminant axis {k + 1}",
            "within-class sd",
            discriminant.patterns_[:, k],
            discriminant.readouts_[:, k],
            -float(discriminant.mean_ @ discriminant.readouts_[:, k]),
            codes,
        )
        for k in range(discriminant.readouts_.shape[1])
    ]


def principal_axes(codes: FloatArray, n: int = 8) -> list[Direction]:
    """Return the first n principal axes of codes [N, d]; one unit is one standard deviation of the codes along it.

    The sign is chosen so that the largest entry is positive.
    """
    X = np.asarray(codes, dtype=np.float64)
    centre = X.mean(axis=0)
    _, singular, axes = np.linalg.svd(X - centre, full_matrices=False)
    directions = []
    for k in range(min(n, int((singular > singular[0] * 1e-6).sum()))):
        axis = axes[k] * np.sign(axes[k][np.abs(axes[k]).argmax()])
        sd = singular[k] / np.sqrt(len(X))
        directions.append(_ranged(f"principal axis {k + 1}", "sd", axis * sd, axis / sd, -float(centre @ axis / sd), X))
    return directions


def covariate(codes: FloatArray, values: FloatArray, name: str, unit: str) -> Direction:
    """Return how codes change with a covariate such as age, by least squares of every dimension on it.

    codes: [N, d]; values: [N] in `unit`, NaN where unknown. A unit along the direction is one unit of the covariate; a
    code's position is its covariate by generalised least squares: dimensions in which codes of one value differ much
    count little, by their covariance with Ledoit-Wolf shrinkage.
    Raises InputError when the covariate is known for fewer than three images or does not vary.
    """
    known = np.isfinite(values)
    if known.sum() < 3 or values[known].std() == 0:
        raise InputError(f"{name}: a direction needs at least three images with different values; got {known.sum()}")
    X, y = np.asarray(codes, dtype=np.float64)[known], values[known]
    centre = X.mean(axis=0)
    slope = (y - y.mean()) @ (X - centre) / ((y - y.mean()) ** 2).sum()
    if not (slope @ slope) > 0:
        raise InputError(f"{name}: the codes do not vary with it, so there is no direction to walk along")
    left = (X - centre) - np.outer(y - y.mean(), slope)
    covariance = ledoit_wolf(left, assume_centered=True)[0]
    covariance += np.eye(len(slope)) * (1e-9 * np.trace(covariance) / len(slope) or 1.0)  # where nothing is left
    readout = np.linalg.solve(covariance, slope)
    readout /= readout @ slope
    low, high = np.percentile(y, [1, 99])
    return Direction(name, unit, slope, readout, float(y.mean() - centre @ readout), float(low), float(high))


def between(start: FloatArray, end: FloatArray, name: str) -> Direction:
    """Return the straight way from one code to another, such as two class means; position 0 is the first, 1 the second.

    start, end: [d]. Raises InputError when they are the same.
    """
    vector = np.asarray(end, dtype=np.float64) - np.asarray(start, dtype=np.float64)
    length = float(vector @ vector)
    if length == 0:
        raise InputError(f"{name}: start and end are the same code")
    readout = vector / length
    return Direction(name, "of the way", vector, readout, -float(np.asarray(start) @ readout), 0.0, 1.0)


def _unit(width: int, index: int) -> FloatArray:
    """Return the unit vector of a dimension [width]; InputError where it does not exist."""
    if not 0 <= index < width:
        raise InputError(f"dimension {index} does not exist; this run's dimensions are 0 to {width - 1}")
    axis = np.zeros(width)
    axis[index] = 1.0
    return axis


def _ranged(
    name: str, unit: str, vector: FloatArray, readout: FloatArray, offset: float, codes: FloatArray
) -> Direction:
    """Build a direction whose range is the 1st to the 99th percentile of the codes' positions."""
    low, high = np.percentile(np.asarray(codes, dtype=np.float64) @ readout + offset, [1, 99])
    return Direction(name, unit, vector, readout, offset, float(low), float(high))
