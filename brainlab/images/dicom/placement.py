"""Which directions and sizes of a DICOM header can be those of an image."""

from collections.abc import Sequence

import numpy as np

LEAST_MM, MOST_MM = 1e-2, 1e2
"""How small and how large a pixel, or the thickness of a slice, may be."""
SAME_ANGLE = 1e-2


def is_right_angled(orientation: Sequence[float]) -> bool:
    """Whether the six numbers of ImageOrientationPatient are the directions of rows and columns at right angles."""
    if len(orientation) != 6:
        return False
    across, down = np.array(orientation[:3]), np.array(orientation[3:])
    with np.errstate(over="ignore"):
        products = np.abs([across @ across - 1, down @ down - 1, across @ down])
    return bool((products <= SAME_ANGLE).all())


def is_pixel_size(spacing: Sequence[float]) -> bool:
    """Whether the numbers of PixelSpacing are the sides of a pixel of an image of a head, in mm."""
    return len(spacing) == 2 and LEAST_MM <= min(spacing) <= max(spacing) <= MOST_MM
