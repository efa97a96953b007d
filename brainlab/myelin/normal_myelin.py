"""Normal myelin by distance from fluid, learnt from healthy controls (Wei's thesis, section 4.2.5).

PET blurs: next to fluid, which holds no tracer, and next to the cortex, which holds less, white matter looks as if it
had lost myelin. A lesion voxel is therefore compared with controls at the same distance from fluid.
"""

from collections.abc import Iterable

import numpy as np

from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.types import BoolArray, FloatArray, IntArray


class NormalMyelin:
    """Mean and standard deviation of controls' DVR in bins of distance; below mean - 1 sd is demyelinated.

    The voxels to learn from are those that a control's segmentation calls white matter. Lesions lie in white matter;
    grey matter and brainstem bind less tracer, and would lower the mean and widen the spread of the bins they are in.
    White matter next to grey or fluid stays in, for lesions lie there as well and are blurred alike. A control's own
    lesions (of age) are left out by their label. All voxels count alike, whoever they are of, so that the spread
    holds the differences between people too.

    bin_mm: width of a bin.  wide_from_mm: the last bin holds all from here on, where few voxels are left.
    fewest_voxels: a bin with fewer is merged with the next one, the last ones with the one before.
    deviations: standard deviations below the mean from which a voxel counts as demyelinated.

    Learnt: edges_mm_ [B + 1], from 0 to infinity, a bin holds its lower edge; mean_, sd_ and voxels_ [B]; people_.

    >>> near, far = np.full(200, 1.0), np.full(200, 9.0)
    >>> normal = NormalMyelin().fit([(np.tile([1.0, 1.2], 100), near), (np.tile([1.3, 1.5], 100), far)])
    >>> normal.threshold(np.array([0.5, 30.0])).round(2).tolist()
    [1.0, 1.3]
    """

    edges_mm_: FloatArray
    mean_: FloatArray
    sd_: FloatArray
    voxels_: IntArray
    people_: int

    def __init__(
        self, *, bin_mm: float = 2.0, wide_from_mm: float = 16.0, fewest_voxels: int = 100, deviations: float = 1.0
    ) -> None:
        self.bin_mm = bin_mm
        self.wide_from_mm = wide_from_mm
        self.fewest_voxels = fewest_voxels
        self.deviations = deviations

    def fit(self, controls: Iterable[tuple[FloatArray, FloatArray]]) -> "NormalMyelin":
        """Learn from one pair a control: DVR [n] of its white matter voxels, and their distances from fluid in mm [n].

        Controls are read one at a time. Raises InputError for settings that make no bins, values that are not finite,
        and fewer voxels than one bin needs.
        """
        if not 0 < self.bin_mm <= self.wide_from_mm or self.fewest_voxels < 2:
            raise InputError(
                "bins of distance need 0 < bin_mm <= wide_from_mm and fewest_voxels of 2 or more, got "
                f"{self.bin_mm:g}, {self.wide_from_mm:g} and {self.fewest_voxels}"
            )
        starts = self.bin_mm * np.arange(int(self.wide_from_mm / self.bin_mm + 1e-9) + 1)
        counts, sums, squares = np.zeros((3, len(starts)))
        self.people_ = 0
        for dvr, distance_mm in controls:
            values = np.asarray(dvr, np.float64)
            if not np.isfinite(values).all():
                raise InputError(f"control {self.people_ + 1}: needs finite DVR in white matter; leave the person out")
            place = np.searchsorted(starts, distance_mm, side="right") - 1
            for total, weights in ((counts, None), (sums, values), (squares, values**2)):
                total += np.bincount(place, weights, minlength=len(starts))
            self.people_ += 1
        if counts.sum() < self.fewest_voxels:
            raise InputError(
                f"normal myelin needs {counted(self.fewest_voxels, 'white matter voxel')} of controls or more, got "
                f"{int(counts.sum()):,} of {counted(self.people_, 'control')}; add controls"
            )
        first = _first_bins(counts, self.fewest_voxels)
        n, total, square = (np.add.reduceat(each, first) for each in (counts, sums, squares))
        self.edges_mm_ = np.append(starts[first], np.inf)
        self.voxels_ = n.astype(int)
        self.mean_ = total / n
        self.sd_ = np.sqrt(np.maximum(square - n * self.mean_**2, 0) / (n - 1))
        return self

    def threshold(self, distance_mm: FloatArray) -> FloatArray:
        """Return the DVR below which a voxel at each distance is demyelinated, of the same shape."""
        limits = self.mean_ - self.deviations * self.sd_
        return limits[np.searchsorted(self.edges_mm_[1:-1], distance_mm, side="right")]

    def demyelinated(self, dvr: FloatArray, distance_mm: FloatArray, where: BoolArray) -> BoolArray:
        """Return which voxels of a mask, such as the lesions, have lost their myelin; all [X, Y, Z] on one grid.

        What was lesion at an earlier visit and is fluid by now lies at distance 0 and is judged by the first bin.
        """
        found = np.zeros(where.shape, bool)
        found[where] = dvr[where] < self.threshold(distance_mm[where])
        return found


def _first_bins(counts: FloatArray, fewest: int) -> IntArray:
    """Return the first of the bins that make up each merged one, so that each holds at least so many voxels."""
    first, held = [0], 0.0
    for place, count in enumerate(counts):
        if held >= fewest:
            first.append(place)
            held = 0.0
        held += count
    if held < fewest:
        first.pop()
    return np.array(first)
