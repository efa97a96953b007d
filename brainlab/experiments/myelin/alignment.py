"""Bring what was found at follow-up onto the baseline, where a person's two visits do not lie on one another.

Recipe `pet-synthesis` places every visit by itself along its scan's own axes, so that heads of two sessions lie some mm
apart; people simulated on the template's grid keep their place.
"""

from dataclasses import dataclass

import numpy as np

from brainlab.experiments.myelin.visits import Labels, PetVisits, Visit
from brainlab.images.volume import Volume
from brainlab.myelin.overlap import dice
from brainlab.types import BoolArray, FloatArray

IN_PLACE = 0.95
"""Dice of white matter with lesions from which two visits lie on one another: a simulated person who ages by 6 years in
place has .99, the same anatomy moved by one voxel of 2 mm .86."""


@dataclass(frozen=True)
class Alignment:
    """matrix: [4, 4], mm of the baseline to mm of the follow-up; None where they share a place. affine: of their grid.
    overlap: Dice of white matter with lesions, once aligned."""

    matrix: FloatArray | None
    affine: FloatArray
    overlap: float

    def carried(self, mask: BoolArray) -> BoolArray:
        """Return a mask of the follow-up on the baseline's grid, by the nearest voxel.

        Masks are carried and not DVR, which interpolation would smooth: less noise would leave fewer voxels below the
        threshold at follow-up than at baseline.
        """
        return mask if self.matrix is None else _carried(mask, self.affine, self.matrix)


def align(cohort: PetVisits, first: Visit, last: Visit, before: Labels, after: Labels) -> Alignment:
    """Fit the follow-up's DVR to the baseline's, unless their tissues overlap as they are.

    before, after: labels of the two visits. Raises RegistrationError where no fit can be right.
    """
    affine = cohort.dataset.affine
    tissue, later = before.lesion | before.white, after.lesion | after.white
    overlap = dice(tissue, later).value or 0.0
    if overlap >= IN_PLACE:
        return Alignment(None, affine, overlap)
    from brainlab.cohort.registration.coregistration import coregister  # SimpleITK takes a while to load

    fixed, moving = (Volume(cohort.dvr(visit), affine) for visit in (first, last))
    matrix = coregister(fixed, before.brain, moving).matrix
    return Alignment(matrix, affine, dice(tissue, _carried(later, affine, matrix)).value or 0.0)


def _carried(mask: BoolArray, affine: FloatArray, matrix: FloatArray) -> BoolArray:
    from brainlab.cohort.registration.resampling import resample

    x, y, z = mask.shape
    return resample(Volume(mask.astype(np.float32), affine), (x, y, z), affine, matrix, nearest=True).data > 0.5
