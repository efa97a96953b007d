"""How an image is weighted by diffusion: from the standard's tags, else from those of its maker.

A direction is returned in the patient's coordinates (LPS), whatever the maker counts in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from brainlab.cohort.dicom.headers.import_tags import (
    GE,
    GE_B_VALUE,
    GE_DIRECTION,
    GE_GRADIENT,
    PHILIPS,
    PHILIPS_B_VALUE,
    PHILIPS_DIRECTION,
    SIEMENS,
    SIEMENS_B_VALUE,
    SIEMENS_DIRECTION,
)
from brainlab.images.dicom.tags import item, number, numbers, text, value
from brainlab.types import FloatArray

Csa = Mapping[str, tuple[float, ...]]
"""Numbers of the CSA header of Siemens images by their name."""
Direction = tuple[float, float, float]


@dataclass(frozen=True)
class Weighting:
    """How an image is weighted by diffusion.

    b_value: s/mm², None where it is not told. direction: of the gradient, LPS, None where there is none, or it is not
    told. reason: why it is not known though it is told, else empty.
    """

    b_value: float | None
    direction: Direction | None = None
    reason: str = ""


GE_FLAGS = 100_000
"""GE adds flags in the millions to b-values."""
UNKNOWN_AXES = (
    "diffusion images of GE that are coronal, not of a head first on its back, or do not say how their phase was "
    "encoded, so that the direction of their gradients is not known"
)
GE_STEP = 5
"""GE's b-values that follow from the length of the gradient are rounded to such steps, as dcm2niix does."""
NO_GRADIENT, FULL_GRADIENT = 0.03, 0.97
"""Lengths of GE's gradients below which there is none, and above which the b-value is the nominal one."""


def read_weighting(header: Dataset, group: Callable[[str], Dataset], csa: Csa) -> Weighting:
    """Return how an image is weighted.

    group: its functional group of a name, or the file where it has none. csa: of Siemens, empty where it was not read.
    """
    standard = group("MRDiffusionSequence")
    b_value = number(standard, "DiffusionBValue")
    direction = numbers(standard, "DiffusionGradientOrientation") or numbers(
        item(standard, "DiffusionGradientDirectionSequence"), "DiffusionGradientOrientation"
    )
    if b_value is None and _creator(header, SIEMENS).startswith("SIEMENS MR"):
        b_value, direction = number(header, SIEMENS_B_VALUE), numbers(header, SIEMENS_DIRECTION)
    if b_value is None:
        b_value, direction = next(iter(csa.get("B_value", ())), None), csa.get("DiffusionGradientDirection", direction)
    if b_value is None and _creator(header, PHILIPS).startswith("PHILIPS IMAGING"):
        b_value = number(header, PHILIPS_B_VALUE)
        direction = tuple(part for tag in PHILIPS_DIRECTION for part in numbers(header, tag)[:1])
    if b_value is None and _creator(header, GE).startswith("GEMS_PARM"):
        return _of_ge(header)
    length = float(np.linalg.norm(direction)) if len(direction) == 3 else 0.0
    if not b_value or not 0.5 < length < 1.5:
        return Weighting(b_value)
    x, y, z = (part / length for part in direction)
    return Weighting(b_value, (x, y, z))


def _of_ge(header: Dataset) -> Weighting:
    """Read GE's gradient, which is told along the rows, the columns and the slices of the image.

    Its length scales the nominal b-value; its axes are turned by the direction of phase encoding. They are known, from
    dcm2niix, of heads that lie first and on their back, and of images that are not coronal.
    """
    nominal = number(header, GE_B_VALUE)
    if nominal is None:
        return Weighting(None)
    b_value, told = nominal % GE_FLAGS, _creator(header, GE_GRADIENT).startswith("GEMS_ACQU")
    gradient = np.array([next(iter(numbers(header, tag)), 0.0) if told else 0.0 for tag in GE_DIRECTION])
    length = float(np.linalg.norm(gradient))
    if not b_value or not NO_GRADIENT < length < 1.5:
        return Weighting(b_value)
    if length < FULL_GRADIENT:
        b_value = float(round(b_value * length**2 / GE_STEP) * GE_STEP)
    axes = _axes_of_ge(header)
    if axes is None:
        return Weighting(b_value, reason=UNKNOWN_AXES)
    x, y, z = (axes @ gradient / length).tolist()
    return Weighting(b_value, (x, y, z))


def _axes_of_ge(header: Dataset) -> FloatArray | None:
    """Return the directions [3, 3], as columns in LPS, of the three parts of GE's gradient, None where not known."""
    orientation, lies = numbers(header, "ImageOrientationPatient"), text(header, "PatientPosition").upper()
    phase = text(header, "InPlanePhaseEncodingDirection").upper()
    if len(orientation) != 6 or lies != "HFS" or phase not in ("COL", "ROW"):
        return None
    across, down = np.array(orientation).reshape(2, 3)
    normal = np.cross(across, down)
    if np.abs(normal).argmax() == 1:
        return None
    return np.column_stack((-across, -down, normal) if phase == "COL" else (down, -across, normal))


def _creator(header: Dataset, tag: tuple[int, int]) -> str:
    found = value(header, tag)
    return (found.decode("latin-1") if isinstance(found, bytes) else str(found or "")).upper()
