"""Distance of every voxel from cerebrospinal fluid, on which the normal myelin signal depends."""

from collections.abc import Collection, Sequence

import numpy as np
from scipy import ndimage

from brainlab.errors import InputError
from brainlab.types import Float32Array, IntArray


def distance_from_fluid_mm(
    labels: IntArray, fluid: Collection[int], voxel_size_mm: float | Sequence[float]
) -> Float32Array:
    """Return the distance in mm from the centre of each voxel to that of the nearest fluid voxel [X, Y, Z], 0 in fluid.

    labels: [X, Y, Z].  fluid: numbers of the labels that are fluid.  voxel_size_mm: edge length of a voxel, one for
    each axis where they differ.  Raises InputError where no voxel is fluid.

    >>> distance_from_fluid_mm(np.array([[5, 3, 3, 3]]), (5, 10), (1, 2)).tolist()
    [[0.0, 2.0, 4.0, 6.0]]
    """
    is_fluid = np.isin(labels, list(fluid))
    if not is_fluid.any():
        numbers = ", ".join(str(number) for number in fluid) or "none"
        raise InputError(f"distance from fluid needs voxels of fluid (labels {numbers}), got none; label the fluid too")
    distance = ndimage.distance_transform_edt(~is_fluid, sampling=voxel_size_mm)
    return np.asarray(distance, np.float32)
