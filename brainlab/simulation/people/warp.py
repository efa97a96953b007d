"""The smooth warp that makes a head its own: the flow of a stationary velocity (Arsigny et al., MICCAI 2006).

The flow is integrated by scaling and squaring, so it never folds. How much people differ, from each other and from
their own mirror image, was set by real scans: see `brainlab.cohort.checks.realism`.
"""

import numpy as np
from scipy import ndimage

from brainlab.simulation.fields import COARSE_SHAPE, COARSE_STEP_MM, mirror_alike
from brainlab.simulation.people.atlas import atlas
from brainlab.types import Float32Array

WARPS_MM = ((26.0, 1.2), (12.0, 0.72), (6.5, 0.5))
"""Width and strength of the parts of the random velocity."""
SYMMETRY = 0.56
"""Share of its variance that is alike on both sides."""
REACH_MM = 14.0
"""How far from a ventricle's wall its growth still moves tissue (falls to 1/e)."""
WALL_SPEED = 1.8
"""Makes up for what the coarse grid smooths away, so that walls move by about .8 of the growth that is asked for."""


def displacement(rng: np.random.Generator, ventricle_growth_mm: float) -> Float32Array:
    """Flow a random velocity and the ventricles' growth for unit time; [3, coarse] in mm, from person to template."""
    velocity = np.zeros((3, *COARSE_SHAPE), np.float32)
    for width_mm, amplitude_mm in WARPS_MM:
        for axis in range(3):
            velocity[axis] += np.float32(amplitude_mm) * mirror_alike(
                rng, width_mm / COARSE_STEP_MM, SYMMETRY, across_midline=axis == 0
            )
    wall = atlas().ventricle_wall_mm[::COARSE_STEP_MM, ::COARSE_STEP_MM, ::COARSE_STEP_MM]
    wall = np.pad(wall, [(0, size - have) for size, have in zip(COARSE_SHAPE, wall.shape, strict=True)], mode="edge")
    outward = np.stack(np.gradient(ndimage.gaussian_filter(wall, 0.5), COARSE_STEP_MM)).astype(np.float32)
    reach = np.exp(-np.maximum(wall, 0) / np.float32(REACH_MM)).astype(np.float32)
    velocity -= np.float32(WALL_SPEED * ventricle_growth_mm) * reach * outward
    return integrate(np.asarray(velocity / COARSE_STEP_MM, np.float32)) * COARSE_STEP_MM


def integrate(velocity: Float32Array, steps: int = 4) -> Float32Array:
    """Scaling and squaring: compose the small displacement with itself `steps` times; voxels in, voxels out."""
    identity = np.stack(np.meshgrid(*map(np.arange, velocity.shape[1:]), indexing="ij")).astype(np.float32)
    flow = velocity / np.float32(2**steps)
    for _ in range(steps):
        at = identity + flow
        flow = flow + np.stack([ndimage.map_coordinates(part, at, order=1, mode="nearest") for part in flow])
    return flow
