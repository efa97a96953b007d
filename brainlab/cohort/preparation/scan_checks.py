"""What is looked at before a scan is prepared: that it is a scan."""

import numpy as np

from brainlab.errors import UnreadableScanError
from brainlab.images.volume import Volume
from brainlab.types import Float32Array, IntArray

LABEL_VALUES = 8
"""An image with no more distinct values than this is a mask or a label image."""


PLATEAUS, MOST_ON_PLATEAUS = 4, 0.6
"""A mask or label image that was resampled has in-between values at its edges; this many values hold this share of what
is not background. Of real scans they hold at most .1, of masks resampled from another scan .75 to .9."""
PLATEAU = 1e-3
"""Width of a plateau, in ranges of the values."""
MOST_EQUAL_NEIGHBOURS = 0.6
"""Of neighbouring voxels that are no background, a parcellation gives this share and more the same number (of a whole
brain in 77 to 400 parcels .68 to .92); of real scans at most .26 are equal."""
AIR_HU, SOFT_HU = (-1100.0, -900.0), (-10.0, 90.0)
LEAST_AIR, LEAST_SOFT = 0.1, 0.35
"""A CT has this share of air, in Hounsfield units, and of the rest this share of soft tissue, in 100 units of 2000."""


def check_scan(volume: Volume) -> None:
    """Refuse an image that is no MR scan: blank, constant, a mask, CT. Raises UnreadableScanError, the reason alone."""
    low, high = float(volume.data.min()), float(volume.data.max())
    if low == high:
        raise UnreadableScanError("blank: every voxel is 0" if high == 0 else f"constant: every voxel is {high:g}")
    sample = np.unique(volume.data[::3, ::3, ::3])
    if len(sample) <= LABEL_VALUES and len(np.unique(volume.data)) <= LABEL_VALUES:
        raise UnreadableScanError(f"{len(sample)} distinct values: a mask or label image, not a scan")
    if _share_on_plateaus(volume.data, low, high) >= MOST_ON_PLATEAUS:
        raise UnreadableScanError("hardly any values but a few: a resampled mask or label image, not a scan")
    if _share_of_equal_neighbours(volume.data) >= MOST_EQUAL_NEIGHBOURS:
        raise UnreadableScanError("neighbours hold one whole number: a parcellation or label image, not a scan")
    if _is_ct(volume.data):
        raise UnreadableScanError("values are Hounsfield units: a CT, not an MR scan")


def _share_on_plateaus(data: Float32Array, low: float, high: float) -> float:
    """Return the share of what is not background that the most common values hold."""
    steps = np.round((data.astype(float) - low) / (PLATEAU * (high - low))).astype(np.int64)
    counts = np.bincount(steps.ravel())
    counts = counts[counts > 0]
    first, last = _hump(counts)
    others = np.concatenate([counts[:first], counts[last + 1 :]])
    return float(np.sort(others)[-PLATEAUS:].sum() / max(others.sum(), 1))


def _hump(counts: IntArray) -> tuple[int, int]:
    """Return the first and the last of the values around the most common one, as far as they become ever fewer.

    Noise of air is background, too: stored in whole numbers of a small range, it lies on three or four of them.
    """
    first = last = int(counts.argmax())
    while first > 0 and counts[first - 1] < counts[first]:
        first -= 1
    while last + 1 < len(counts) and counts[last + 1] < counts[last]:
        last += 1
    return first, last


def _share_of_equal_neighbours(data: Float32Array) -> float:
    """Return the share of neighbours with equal numbers among those that are no background; 0 of broken numbers."""
    if not np.array_equal(data, np.rint(data)):
        return 0.0
    levels, counts = np.unique(data[::3, ::3, ::3], return_counts=True)
    shown = data != levels[counts.argmax()]
    equal = pairs = 0
    for axis in range(3):
        there, values = np.moveaxis(shown, axis, 0), np.moveaxis(data, axis, 0)
        both = there[:-1] & there[1:]
        pairs += int(both.sum())
        equal += int((both & (values[:-1] == values[1:])).sum())
    return equal / max(pairs, 1)


def _is_ct(data: Float32Array) -> bool:
    """Whether values are Hounsfield units: air at -1000, soft tissue just above water at 0."""
    air = (data >= AIR_HU[0]) & (data <= AIR_HU[1])
    rest = data[data > AIR_HU[1]]
    if air.mean() < LEAST_AIR or rest.size == 0 or not (rest < SOFT_HU[0]).any():
        return False
    return float(np.mean((rest >= SOFT_HU[0]) & (rest <= SOFT_HU[1]))) >= LEAST_SOFT
