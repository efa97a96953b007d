"""A brain mask without learned weights: the template's, laid on the head, then corrected by the scan's intensities."""

import numpy as np
from scipy import ndimage

from brainlab.cohort.registration.tissue_fit import RIM_MM, WIDE_RIM_MM
from brainlab.types import BoolArray, Float32Array, FloatArray

MARGIN_MM = 4.0
"""How far outside the template's brain a voxel may lie and still be brain."""
SURE_MM = 6.0
"""How deep inside it a voxel is brain whatever its intensity."""
CORE_MM = 10.0
"""How deep inside it the voxels lie whose median the intensities are measured by."""
DARKEST, BRIGHTEST = 0.45, 1.5
"""Brain, in medians of the core. The upper bound holds only outside the template's brain: lesions are bright."""
ALIKE, ALIKE_MARGIN_MM = 0.8, -1.0
"""With fluid this bright, in units of grey matter, and bone that blur brightens, intensities do not show where brain
ends (PD): it ends this far outside the template's brain. Simulated PD went from a Dice of .935 to .967."""
BRIGHT, FLUID = 1.15, 0.75
"""Where fluid is so many times as bright as brain (T2, ADC), what is nearer to fluid than the second, from brain to
fluid, is fluid. Half the way would cut off the cortex between narrow furrows: real T2 then fell from a Dice of .95 to
.90."""
T2_DEPTH_MM, T2_MARGIN_MM = 1.0, 2.5
"""So deep in the template's brain fluid is cut off in T2, and so far outside it brain ends. Given masks of real T2 hold
the fluid of furrows, simulated truth does not; of 40 settings these have the best of the least real Dice (.942) at .957
for simulated T2."""
MAP_DEPTH_MM = 2.0
"""The depth in maps that are ratios of images (ADC, RD), whose brain may reach `MARGIN_MM`: those of T2 cost .01."""
SPREAD_MARGIN_MM = 1.0
"""The margin where large voxels spread bright fluid over the bone: simulated b 0 went from .946 to .961."""
DARK_GREY = 0.8
"""With grey matter darker than this, in medians of the core (FA), the lower bound is in units of grey matter."""
OPENING, CLOSING = 2, 3
"""Radii in voxels of 2 mm: what is cut from the scalp and the eyes, and what is closed over the furrows."""
EMPTY, FAINT, SURFACE = 0.1, 0.02, 2
"""In a stripped scan all above the second, in medians of the core, is brain; within so many voxels of its surface all
above the first: voxels that only touch the brain are not."""
OUTSIDE_MM = 8.0
"""How far outside the template's brain nothing of a stripped scan lies, but for what a mask left over."""
MOST_OUTSIDE = 0.05
"""Share of what is not empty that may lie there: stripped scans had .001, heads with air set to 0 had .09 to .46."""


def brain_mask(
    intensity: FloatArray, distance_mm: FloatArray, brightness: FloatArray | None = None, rim_mm: float = 0.0
) -> Float32Array:
    """Return a soft brain mask [X, Y, Z] in [0, 1], whose surface is at 0.5.

    intensity: head at 2 mm. distance_mm: of each voxel to the laid-on template's brain, negative inside.
    brightness: of white matter, grey matter and fluid, where known. rim_mm: how far bright fluid reaches out.
    """
    core = _core(intensity, distance_mm)
    white, grey, fluid = (core, core, 0.0) if brightness is None else (float(part) for part in brightness)
    darkest = DARKEST * (grey if 0 < grey < DARK_GREY * core else core)
    margin_mm, brain = MARGIN_MM, max(white, grey)
    keep = (intensity > darkest) & ((intensity < BRIGHTEST * core) | (distance_mm <= 0))
    if fluid > BRIGHT * brain:
        depth_mm, margin_mm = T2_DEPTH_MM, SPREAD_MARGIN_MM if rim_mm > RIM_MM else T2_MARGIN_MM
        if rim_mm >= WIDE_RIM_MM:
            depth_mm, margin_mm = MAP_DEPTH_MM, MARGIN_MM
        keep &= (intensity < brain + FLUID * (fluid - brain)) | (distance_mm <= -depth_mm)
    elif fluid > ALIKE * grey:
        margin_mm = ALIKE_MARGIN_MM
    keep &= distance_mm <= margin_mm
    keep = ndimage.binary_opening(keep, _ball(OPENING)) | (distance_mm <= -SURE_MM)
    keep = _largest(keep)
    edge = CLOSING + 1
    closed = ndimage.binary_closing(np.pad(keep, edge), _ball(CLOSING))[(slice(edge, -edge),) * 3]
    filled = ndimage.binary_fill_holes(closed)
    return ndimage.gaussian_filter(filled.astype(np.float32), 1.0)


def stripped_mask(intensity: FloatArray, distance_mm: FloatArray) -> BoolArray:
    """Return the brain mask [X, Y, Z] of a scan that was stripped before: all that is not empty, holes filled.

    At its surface alone dark voxels are left out: interpolation makes them. Deeper ones are fluid.
    """
    core = _core(intensity, distance_mm)
    keep = ndimage.binary_fill_holes(_largest(intensity > FAINT * core))
    surface = keep & ~ndimage.binary_erosion(keep, iterations=SURFACE, border_value=1)
    return keep & ~(surface & (intensity <= EMPTY * core))


def is_only_brain(intensity: FloatArray, distance_mm: FloatArray) -> bool:
    """Whether hardly anything of a scan lies outside the laid-on template's brain: no scalp, no neck."""
    filled = intensity > EMPTY * _core(intensity, distance_mm)
    return float(np.mean(distance_mm[filled] > OUTSIDE_MM)) <= MOST_OUTSIDE


def _core(intensity: FloatArray, distance_mm: FloatArray) -> float:
    return float(np.median(intensity[distance_mm < -CORE_MM]))


def _ball(radius: int) -> BoolArray:
    return (((np.indices((2 * radius + 1,) * 3) - radius) ** 2).sum(0) <= radius**2 + 0.5).astype(bool)


def _largest(mask: BoolArray) -> BoolArray:
    labels, count = ndimage.label(mask)
    return mask if count < 2 else labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
