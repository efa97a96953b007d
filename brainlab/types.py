"""Array aliases used in signatures; shapes are stated again in each docstring."""

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
