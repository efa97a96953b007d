"""Ways between two codes."""

from typing import Literal

import numpy as np

from brainlab.errors import InputError
from brainlab.types import Float32Array, FloatArray


def interpolate(
    start: FloatArray, end: FloatArray, steps: int, kind: Literal["linear", "spherical"] = "linear"
) -> Float32Array:
    """Return codes from `start` to `end` [d], both included: [steps, d].

    linear: straight; in many dimensions its middle is shorter than draws from the prior are, so decoders may show an
    averaged image there. spherical: along the great circle, the length changing evenly (White 2016, arXiv:1609.04468);
    it falls back to the straight way where the codes point the same way, opposite ways, or one is zero.
    Raises InputError for fewer than two steps, or codes of different length.
    """
    a, b = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    if steps < 2 or a.ndim != 1 or a.shape != b.shape:
        raise InputError(
            f"interpolation needs two codes of one length and at least 2 steps; got {a.shape}, {b.shape}, {steps}"
        )
    t = np.linspace(0, 1, steps)[:, None]
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    cosine = float(a @ b / (lengths[0] * lengths[1])) if min(lengths) > 0 else 1.0
    if kind == "linear" or abs(cosine) > 1 - 1e-9:
        return ((1 - t) * a + t * b).astype(np.float32)
    angle = np.arccos(cosine)
    direction = (np.sin((1 - t) * angle) * a / lengths[0] + np.sin(t * angle) * b / lengths[1]) / np.sin(angle)
    return (direction * ((1 - t) * lengths[0] + t * lengths[1])).astype(np.float32)
