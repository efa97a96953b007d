"""Judge a fit of the template: whether its tissues explain the head, and whether every other pose explains it worse.

Mutual information does not tell right from wrong in all contrasts: right fits of T1 with thick slices had .25 to .28,
wrong ones of T2 up to .35. What a wrong fit never has is grey matter, white matter and fluid where the template has
them.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from brainlab.cohort.registration.tissue_fit import CENTRE_MM, TissueFit, loss
from brainlab.images.volume import Volume
from brainlab.types import FloatArray

LEAST_GAIN = 0.055
"""By how much more the intensities inside the brain are unexplained without tissues. Right fits of all contrasts had
.06 (an average of diffusion images) and .09 (FLAIR) to 1.9, mirrored and turned heads and balls at most .04."""
LEAST_EVIDENCE = 0.004
"""Gain times fall, which is by how much more is unexplained in the best of the neighbouring poses. Right fits had .005
(the average of diffusion images), .015 (FLAIR) or more, wrong ones at most .0025; the fall alone is .05 where the
scalp is bright and near, as in the T2 of a head cut off at the vertex."""
SURE_EVIDENCE = 0.03
"""A fit that has less is in doubt, and is compared with fits of mirrored templates."""
MOST_STRETCH = 1.3
"""How many times as far one axis may be stretched as another: right fits had up to 1.18, wrong ones 1.07 to 1.9."""
TURN_DEG, SHIFT_MM = 12.0, 8.0
"""How far from the fit its neighbours lie, either way about and along each axis."""


@dataclass(frozen=True)
class Evidence:
    """What speaks for a fit: `gain` by tissues, `fall` towards its neighbours, `stretch` between its axes."""

    gain: float
    fall: float
    stretch: float

    @property
    def doubtful(self) -> bool:
        return self.gain * self.fall < SURE_EVIDENCE

    def fault(self) -> str | None:
        """Return why this fit cannot be right, or None."""
        if self.gain < LEAST_GAIN:
            return f"its tissues do not explain the head (gain {self.gain:.3f}, {LEAST_GAIN} needed)"
        if self.gain * self.fall < LEAST_EVIDENCE:
            return f"turned or shifted it fits about as well (fall {self.fall:.3f})"
        if self.stretch > MOST_STRETCH:
            return f"it would be stretched {self.stretch:.2f} times as far along one axis as along another"
        return None


def weigh(image: Volume, fit: TissueFit) -> Evidence:
    """Return what speaks for a fit. image: blurred, as it was fitted to."""
    here = loss(image, fit.matrix, fit.model)
    beside = min(loss(image, fit.matrix @ move, fit.model) for move in neighbours())
    axes = np.linalg.svd(fit.matrix[:3, :3], compute_uv=False)
    return Evidence(fit.gain, beside / here - 1 if here > 0 else 0.0, float(axes[0] / axes[-1]))


def neighbours() -> list[FloatArray]:
    """Return small turns about the template's centre and small shifts, [4, 4] each."""
    moves = []
    for axis, sign in itertools.product(range(3), (-1, 1)):
        shift = np.eye(4)
        shift[axis, 3] = sign * SHIFT_MM
        moves += [turn(axis, sign * TURN_DEG), shift]
    return moves


def turn(axis: int, degrees: float) -> FloatArray:
    """Return the [4, 4] turn about one axis through the template's centre."""
    angle = np.deg2rad(degrees)
    first, second = (k for k in range(3) if k != axis)
    matrix = np.eye(4)
    matrix[first, first] = matrix[second, second] = np.cos(angle)
    matrix[first, second], matrix[second, first] = -np.sin(angle), np.sin(angle)
    matrix[:3, 3] = CENTRE_MM - matrix[:3, :3] @ CENTRE_MM
    return matrix
