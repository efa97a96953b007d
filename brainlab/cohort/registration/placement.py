"""Place a brain on the template: its mask in the scan, and the stripped scan on an axis-aligned grid of MNI space."""

import dataclasses
import math
from dataclasses import dataclass, field

import nibabel as nib
import numpy as np

from brainlab.cohort.registration.air import above_air
from brainlab.cohort.registration.head import find_head
from brainlab.cohort.registration.register import register
from brainlab.cohort.registration.resampling import is_axis_aligned, resample
from brainlab.cohort.registration.skullstrip import brain_mask, is_only_brain, stripped_mask
from brainlab.cohort.registration.template_grids import distance_to_brain
from brainlab.cohort.template import GRID_SHAPE, grid_affine, mni_tissue
from brainlab.errors import RegistrationError
from brainlab.images.volume import Volume
from brainlab.types import BoolArray, FloatArray

LEAST_BRAIN_ML, MOST_BRAIN_ML = 700, 2300
"""A child's brain, and the template's with its outer fluid and a little more."""
LEAST_SEEN = 0.85
"""Share of the template's brain that must lie inside the image."""


@dataclass(frozen=True)
class Placement:
    """Where the brain is.

    native_mask: [X, Y, Z] of the scan. aligned: the scan in template space with 0 outside the brain, axes along space.
    template_to_native: [4, 4], mm of the template to mm of the scan. scores: what the registration was judged by.
    """

    native_mask: BoolArray
    aligned: Volume
    template_to_native: FloatArray
    notes: tuple[str, ...] = ()
    scores: dict[str, float] = field(default_factory=dict)

    def on_template(self) -> Volume:
        """Return the stripped scan on the template's 1 mm grid, [182, 218, 182]."""
        return resample(self.aligned, GRID_SHAPE, grid_affine())

    def template_mask(self, native: Volume) -> Volume:
        """Return the brain mask on the template's 1 mm grid, 0 or 1."""
        mask = Volume(self.native_mask.astype(np.float32), native.affine)
        placed = resample(mask, GRID_SHAPE, grid_affine(), self.template_to_native)
        return Volume((placed.data > 0.5).astype(np.float32), placed.affine)


def placed_already(native: Volume) -> Placement:
    """Take a stripped scan in template space as it is; only a tilted grid is resampled to 1 mm."""
    aligned = native if is_axis_aligned(native.affine) else resample(native, GRID_SHAPE, grid_affine())
    return Placement(native.data != 0, aligned, np.eye(4))


def place_on_template(native: Volume) -> Placement:
    """Register and strip a scan, whatever the scale of its values.

    Raises RegistrationError when it cannot be placed with confidence, IntensityError when it is a negative.
    """
    native, air_notes = above_air(native)
    head = find_head(native)
    fit = register(head)
    shape = native.data.shape
    own = Volume(native.data, np.linalg.inv(head.frame) @ native.affine)
    if head.stripped and not is_only_brain(own.data, distance_to_brain(own, fit.matrix)):
        head = dataclasses.replace(head, stripped=False)
        fit = register(head)
    if head.stripped:
        native_mask = stripped_mask(own.data, distance_to_brain(own, fit.matrix))
    else:
        distance_mm = distance_to_brain(head.tall, fit.matrix)
        soft = Volume(brain_mask(head.tall.data, distance_mm, fit.brightness, fit.rim_mm), head.tall.affine)
        native_mask = resample(soft, (shape[0], shape[1], shape[2]), own.affine).data > 0.5
    volume_ml = float(native_mask.sum()) * abs(float(np.linalg.det(native.affine[:3, :3]))) / 1000
    if not LEAST_BRAIN_ML <= volume_ml <= MOST_BRAIN_ML:
        raise RegistrationError(f"brain mask of {volume_ml:.0f} ml; brains have {LEAST_BRAIN_ML} to {MOST_BRAIN_ML} ml")
    seen = _share_in_view(native, head.frame @ fit.matrix)
    if seen < LEAST_SEEN:
        inside = math.floor(1000 * seen) / 10  # rounded down, so that it never reads as the bound itself
        raise RegistrationError(f"needs at least {LEAST_SEEN:.0%} of the brain inside the image, got {inside:.1f}%")
    notes = air_notes if seen > 0.98 else (*air_notes, f"{1 - seen:.0%} of the brain lies outside the image")
    matrix = head.frame @ fit.matrix
    scores = {
        "scale": fit.scale,
        "similarity": fit.similarity,
        "gain": fit.evidence.gain,
        "fall": fit.evidence.fall,
        "brain_ml": volume_ml,
        "in_view": seen,
    }
    return Placement(native_mask, _aligned(native, native_mask, matrix), matrix, notes, scores)


def _aligned(native: Volume, mask: BoolArray, matrix: FloatArray) -> Volume:
    """Return the stripped scan on the template's 1 mm grid."""
    stripped = Volume(np.where(mask, native.data, np.float32(0)), native.affine)
    return resample(stripped, GRID_SHAPE, grid_affine(), matrix)


def _share_in_view(native: Volume, matrix: FloatArray) -> float:
    """Return the share of the template's brain that lies inside the image."""
    points = np.argwhere(mni_tissue().brain[::4, ::4, ::4]) * 4
    voxels = nib.affines.apply_affine(np.linalg.inv(native.affine) @ matrix @ grid_affine(), points)
    return float(((voxels > -0.5) & (voxels < np.array(native.data.shape) - 0.5)).all(axis=1).mean())
