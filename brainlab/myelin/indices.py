"""Indices of myelin change of one person between two visits (Wei's thesis, section 4.2.5), all as shares of 1.

Denominators: the baseline lesion load for the two visits and their difference, the voxels at risk for what changes in
between. The text of section 4.2.5 reads so; the small coefficients of its table 4.3 suit percentages.
"""

from dataclasses import dataclass

import numpy as np

from brainlab.errors import InputError
from brainlab.types import BoolArray, FloatArray


@dataclass(frozen=True)
class Index:
    """A figure over voxels of one person: its value, how many voxels it is of, and the reason where it is None."""

    value: float | None
    voxels: int
    reason: str | None = None


@dataclass(frozen=True)
class MyelinMaps:
    """Masks within the baseline lesions of one person, [X, Y, Z] each."""

    lesion: BoolArray
    t0: BoolArray
    """Demyelinated at baseline."""
    t1: BoolArray
    """Demyelinated at follow-up."""

    @classmethod
    def within(cls, lesion: BoolArray, t0: BoolArray, t1: BoolArray) -> "MyelinMaps":
        """Keep of two demyelinated masks what lies in the baseline lesions. Raises InputError where grids differ."""
        if not lesion.shape == t0.shape == t1.shape:
            raise InputError(
                f"myelin indices need masks on one grid, got {lesion.shape}, {t0.shape} and {t1.shape}; bring the "
                "visits onto one another"
            )
        return cls(lesion, t0 & lesion, t1 & lesion)

    @property
    def demyelinating(self) -> BoolArray:
        """Normal at baseline, demyelinated at follow-up."""
        return self.t1 & ~self.t0

    @property
    def remyelinating(self) -> BoolArray:
        """Demyelinated at baseline, normal at follow-up."""
        return self.t0 & ~self.t1

    def indices(self) -> dict[str, Index]:
        """Return each of `INDICES`."""
        load, bare = int(self.lesion.sum()), int(self.t0.sum())
        no_lesion = "undefined: no lesion voxel at baseline"
        normal_reason = no_lesion if load == 0 else "undefined: no lesion voxel is normal at baseline"
        bare_reason = no_lesion if load == 0 else "undefined: no lesion voxel is demyelinated at baseline"
        return {
            "demyelinated_t0": _share(bare, load, no_lesion),
            "demyelinated_t1": _share(int(self.t1.sum()), load, no_lesion),
            "global_change": _share(int(self.t1.sum()) - bare, load, no_lesion),
            "dynamic_demyelination": _share(int(self.demyelinating.sum()), load - bare, normal_reason),
            "dynamic_remyelination": _share(int(self.remyelinating.sum()), bare, bare_reason),
        }


INDICES = {
    "demyelinated_t0": "share of the baseline lesion load demyelinated at baseline",
    "demyelinated_t1": "share of the baseline lesion load demyelinated at follow-up",
    "global_change": "demyelinated at follow-up less demyelinated at baseline, of the baseline lesion load",
    "dynamic_demyelination": "share of the lesion voxels normal at baseline that are demyelinated at follow-up",
    "dynamic_remyelination": "share of the lesion voxels demyelinated at baseline that are normal at follow-up",
}
"""What each index is."""


def mean_index(values: FloatArray, reason: str) -> Index:
    """Return the mean of some voxels' values; undefined for the given reason where there are none."""
    if values.size == 0:
        return Index(None, 0, reason)
    return Index(float(values.mean(dtype=np.float64)), values.size)


def _share(part: int, whole: int, reason: str) -> Index:
    return Index(part / whole, whole) if whole else Index(None, 0, reason)
