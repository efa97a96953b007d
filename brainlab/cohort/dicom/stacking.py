"""Stack the images of a volume by where they lie: never by their numbers, their names or their thickness."""

from collections.abc import Sequence

import numpy as np

from brainlab.cohort.dicom.headers.frames import SLICE_DISTANCES, Frame
from brainlab.counted import counted
from brainlab.errors import UnreadableScanError
from brainlab.images.dicom.placement import LEAST_MM, MOST_MM
from brainlab.images.formats.stored import LPS_TO_RAS
from brainlab.types import FloatArray

SAME_PLACE_MM = 0.02
"""Nearer than this to each other along the normal two images are of one slice."""
SAME_DIRECTION = 2e-3
"""By how much direction cosines may differ between images of one orientation: those of some files are rounded."""
MOST_TILT_DEGREES = 0.3
"""Between the normal of the images and the line along which they are stacked. A gantry that is tilted by less moves the
outermost of 200 mm by 1 mm."""
UNEVEN = 0.02
"""Share of the spacing, plus `ROUNDING_MM`, by which single gaps may differ from it."""
ROUNDING_MM = 0.011
"""Positions are often written with two decimals."""
LEAST_SLICES = 3
"""Of two images nothing tells whether others are missing between or beside them. One alone is a slice of its own."""


def normal_of(frame: Frame) -> FloatArray:
    """Return the unit vector [3] across an image, in LPS."""
    across = np.cross(frame.orientation[:3], frame.orientation[3:])
    return np.asarray(across / np.linalg.norm(across))


def heights_of(frames: Sequence[Frame]) -> FloatArray:
    """Return where images lie along the normal of the first, in mm."""
    return np.array([frame.position for frame in frames]) @ normal_of(frames[0])


def check_orientation(frames: Sequence[Frame]) -> None:
    """Raise UnreadableScanError where images are turned against each other, as those of a localiser are."""
    directions = np.array([frame.orientation for frame in frames])
    if np.abs(directions - directions[0]).max() > SAME_DIRECTION:
        kinds = len({tuple(row) for row in np.round(directions, 2).tolist()})
        raise UnreadableScanError(
            f"images of {max(2, kinds)} orientations, as of a localiser; a volume needs parallel slices"
        )


def repeats(frames: Sequence[Frame]) -> bool:
    """Whether two images lie at one place."""
    return len(frames) > 1 and float(np.diff(np.sort(heights_of(frames))).min()) < SAME_PLACE_MM


def stack(frames: Sequence[Frame]) -> tuple[list[Frame], FloatArray]:
    """Return the images of one volume from one end to the other, and its affine.

    The affine [4, 4] takes (column, row, slice) to mm in RAS (DICOM PS3.3, C.7.6.2.1.1, and the signs of x and y).
    Raises UnreadableScanError, with the reason alone, where the images are too few, overlap, lie on a slant, or have
    gaps between them.
    """
    check_orientation(frames)
    heights = heights_of(frames)
    order = np.argsort(heights, kind="stable")
    ordered, heights = [frames[place] for place in order], heights[order]
    if repeats(ordered):
        raise UnreadableScanError("several images at one place; a volume needs one image a slice")
    first, last = (np.array(frame.position) for frame in (ordered[0], ordered[-1]))
    step = (last - first) / (len(ordered) - 1) if len(ordered) > 1 else normal_of(ordered[0]) * _thickness(ordered[0])
    _check_tilt(step, normal_of(ordered[0]))
    if len(ordered) == 2:
        raise UnreadableScanError(f"2 slices, which do not tell whether others are missing; needs {LEAST_SLICES}")
    _check_gaps(heights)
    strays = np.array([frame.position for frame in ordered]) - first - np.outer(np.arange(len(ordered)), step)
    if np.linalg.norm(strays, axis=1).max() > UNEVEN * np.linalg.norm(step) * 5 + ROUNDING_MM:
        raise UnreadableScanError("slices that do not lie on one line; the table or the patient was moved between them")
    down_mm, across_mm = ordered[0].pixel_mm
    across, down = (np.array(part) / np.linalg.norm(part) for part in np.split(np.array(ordered[0].orientation), 2))
    affine = np.eye(4)
    affine[:3] = np.column_stack([across * across_mm, down * down_mm, step, first])
    return ordered, LPS_TO_RAS @ affine


def _check_tilt(step: FloatArray, normal: FloatArray) -> None:
    cosine = abs(float(step @ normal)) / float(np.linalg.norm(step))
    degrees = float(np.degrees(np.arccos(min(cosine, 1.0))))
    if degrees > MOST_TILT_DEGREES:
        raise UnreadableScanError(
            f"slices stacked on a slant of {degrees:.1f} degrees (gantry tilt); a volume needs them at right angles"
        )


def _check_gaps(heights: FloatArray) -> None:
    """Refuse gaps of unlike size; where the odd ones are about multiples of the usual one, slices are missing."""
    gaps = np.diff(heights)
    if not len(gaps):
        return
    usual = float(np.median(gaps))
    tolerance = UNEVEN * usual + ROUNDING_MM
    odd = gaps[np.abs(gaps - usual) > tolerance]
    if not len(odd):
        return
    counts = np.round(odd / usual)
    if (counts >= 2).all() and (np.abs(odd - counts * usual) <= counts * tolerance).all():
        missing = int((counts - 1).sum())
        raise UnreadableScanError(
            f"{counted(missing, 'slice')} missing between the others ({usual:.2f} mm apart); copy the series again"
        )
    raise UnreadableScanError(
        f"slices {gaps.min():.2f} to {gaps.max():.2f} mm apart; a volume needs even gaps, and none missing"
    )


def _thickness(frame: Frame) -> float:
    """Return how thick a slice is that has no neighbour to be measured from; 1 mm where its header does not say."""
    for name in SLICE_DISTANCES:
        if isinstance(value := frame.settings.get(name), float) and LEAST_MM <= value <= MOST_MM:
            return value
    return 1.0
