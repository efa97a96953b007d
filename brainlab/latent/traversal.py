"""Walk along a direction and look at what the decoder makes of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brainlab.errors import InputError
from brainlab.latent.directions import Direction
from brainlab.latent.encoding import Decode
from brainlab.types import Float32Array, FloatArray


@dataclass(frozen=True)
class Traversal:
    """Images along a walk.

    values: [n] positions; codes: [n, d]; volumes: [n, *shape] in [0, 1]; start: [*shape], the image of the code that
    the walk started from.
    """

    direction: Direction
    values: FloatArray
    codes: Float32Array
    volumes: Float32Array
    start: Float32Array

    @property
    def differences(self) -> Float32Array:
        """Each image less the image at the start: [n, *shape] in [-1, 1]."""
        return self.volumes - self.start


def traverse(
    decode: Decode, direction: Direction, values: Sequence[float] | FloatArray, start: FloatArray | None = None
) -> Traversal:
    """Decode the codes at the given positions of a direction.

    start: [d], a scan's own code or a class mean; zeros by default, as in the FLAIR IntroVAE paper's figures 12 and 13.
    Raises InputError when there is no value or one is not finite, or when `start` has another number of dimensions.
    """
    positions = np.asarray(values, dtype=np.float64)
    if positions.ndim != 1 or not len(positions) or not np.isfinite(positions).all():
        raise InputError(f"a traversal needs a list of finite values; got {list(values)}")
    origin = np.zeros(len(direction.vector)) if start is None else np.asarray(start, dtype=np.float64)
    if origin.shape != direction.vector.shape:
        raise InputError(f"the start needs {len(direction.vector)} dimensions; got {origin.shape}")
    codes = direction.walk(origin, positions)
    images = decode(np.concatenate([origin[None].astype(np.float32), codes]))
    return Traversal(direction, positions, codes, images[1:], images[0])
