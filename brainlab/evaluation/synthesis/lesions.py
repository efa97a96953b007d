"""White-matter lesions in a synthesised FLAIR image: their contrast, their segmentation, and its overlap."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from brainlab.errors import InputError
from brainlab.evaluation.synthesis.pairs import checked_mask, checked_volume
from brainlab.types import BoolArray, FloatArray

SURROUNDING_VOXELS = 5.0
"""Distance from the lesions up to which normal-appearing white matter surrounds them (Wei, section 2.3.2)."""

THRESHOLD_SDS = 3.0
"""Robust standard deviations above the median of white matter, beyond which a voxel is taken for lesion."""

SMALLEST_LESION = 5
"""Voxels of the smallest lesion that is kept: 12 mm^3 at the thesis' 0.9 x 0.9 x 3 mm."""

SD_OF_MAD = 1.4826
"""Standard deviation of a normal distribution whose median absolute deviation is 1."""


@dataclass(frozen=True)
class LesionContrast:
    """Contrast of one person's lesions, which the thesis averages over people (Wei, eq. 2.4, table 2.3).

    nawm: mean intensity of lesions / that of normal-appearing white matter (ratio 1). surrounding: the same with the
    normal-appearing white matter around the lesions (ratio 2). None where one of the two regions is empty.
    """

    nawm: float | None
    surrounding: float | None


def lesion_contrast(
    volume: FloatArray, lesions: BoolArray, nawm: BoolArray, within_voxels: float = SURROUNDING_VOXELS
) -> LesionContrast:
    """Return both ratios of mean intensities in one volume, true or synthesised.

    volume: intensities with a true zero, [X, Y, Z]. A ratio of means has no meaning for z-scores, whose zero is the
    mean: undo the normalisation first. lesions, nawm: [X, Y, Z]; voxels of both count as lesion. within_voxels: radius
    of the ball by which lesions are dilated, in voxels whatever their size; the thesis does not say which shape it
    took. Raises InputError where white matter has a mean of 0 or below.
    """
    values = checked_volume(volume, "the volume")
    inside = checked_mask(lesions, values.shape, "the lesion mask")
    white = checked_mask(nawm, values.shape, "the mask of white matter") & ~inside
    if not np.isfinite(values[inside | white]).all():
        raise InputError("lesion contrast needs finite intensities, got NaN or infinity; mask these voxels")
    if not inside.any():
        return LesionContrast(None, None)
    near = white & (ndimage.distance_transform_edt(~inside) <= within_voxels)
    mean = float(values[inside].mean())
    return LesionContrast(_over(mean, values, white), _over(mean, values, near))


def _over(mean: float, values: FloatArray, region: BoolArray) -> float | None:
    """Return a mean divided by that of a region; None for an empty region."""
    if not region.any():
        return None
    reference = float(values[region].mean())
    if reference <= 0:
        raise InputError(
            f"lesion contrast needs intensities with a true zero, got a mean of white matter of {reference:.3g}; "
            "undo the normalisation to z-scores first"
        )
    return mean / reference


def segment_lesions(
    flair: FloatArray, white_matter: BoolArray, sds: float = THRESHOLD_SDS, smallest: int = SMALLEST_LESION
) -> BoolArray:
    """Return voxels of white matter above median + sds * 1.4826 * MAD, in components of at least `smallest` voxels.

    flair: [X, Y, Z], intensities or z-scores. white_matter: [X, Y, Z], normal-appearing and lesions together; median
    and MAD (median absolute deviation) withstand lesions in up to half of it. Voxels that share a corner belong to one
    component.

    The thesis segments with lesionBrain (Coupe et al. 2018), which is not available here. This simpler rule is meant
    to be applied to a true and to a synthesised FLAIR image alike, so that only their difference counts: as each image
    sets its own threshold, a common factor or offset changes nothing, and a blurred image with little variance of
    white matter has a lower threshold. Dice coefficients are not comparable with those published (.73).

    Raises InputError without white matter, or where more than half of it has one value.
    """
    values = checked_volume(flair, "FLAIR")
    white = checked_mask(white_matter, values.shape, "the mask of white matter")
    found = values[white]
    if not found.size or not np.isfinite(found).all():
        raise InputError("lesions need white matter with finite values, got none or NaN; check its mask")
    median = float(np.median(found))
    deviation = float(np.median(np.abs(found - median)))
    if deviation == 0:
        raise InputError(
            f"lesions need white matter that varies, got {median:.3g} in half of it or more; check image and mask"
        )
    bright = white & (values > median + sds * SD_OF_MAD * deviation)
    components, _ = ndimage.label(bright, ndimage.generate_binary_structure(3, 3))
    large = np.bincount(components.ravel()) >= smallest
    large[0] = False
    kept: BoolArray = large[components]
    return kept


def lesion_dice(synthesis: BoolArray, truth: BoolArray) -> float | None:
    """Return 2 |A and B| / (|A| + |B|) of two segmentations [X, Y, Z]; None where both are empty."""
    true_lesions = np.asarray(truth).astype(bool)
    lesions = checked_mask(synthesis, true_lesions.shape, "a segmentation")
    total = int(lesions.sum()) + int(true_lesions.sum())
    return 2 * int((lesions & true_lesions).sum()) / total if total else None
