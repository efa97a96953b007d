"""Place a brain on the template: its mask in the scan, and the stripped scan on an axis-aligned grid of MNI space."""

from dataclasses import dataclass, field

import numpy as np

from brainlab.cohort.intensity import is_axis_aligned
from brainlab.cohort.resampling import resample
from brainlab.cohort.template import GRID_SHAPE, grid_affine
from brainlab.errors import RegistrationError
from brainlab.types import BoolArray, FloatArray
from brainlab.volume import Volume


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
    """Register and strip a scan. Raises RegistrationError when it cannot be placed with confidence."""
    raise RegistrationError("not on the template: registration is not there yet")
