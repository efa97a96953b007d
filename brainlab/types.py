"""Aliases used in signatures; shapes are stated again in each docstring."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]
"""Any floating-point array."""

Float32Array = npt.NDArray[np.float32]
"""A float32 array, the working type of every image."""

UInt8Array = npt.NDArray[np.uint8]
"""A byte image: 0 is background, 255 the brightest voxel."""

IntArray = npt.NDArray[np.integer[Any]]
"""Labels or indices."""

BoolArray = npt.NDArray[np.bool_]
"""A mask."""

StringArray = npt.NDArray[np.str_]
"""Names, such as the source of each case."""

Judge = Callable[[Float32Array], tuple[FloatArray, Float32Array]]
"""From images [n, *shape] to a value each [n], and the gradient of what is minimised to the images [n, *shape]."""

Watch = Callable[[Iterable[Any], str, int], Iterable[Any]]
"""Wraps an iterable to show progress: (items, description, total). Where it ends early, so does the work."""
