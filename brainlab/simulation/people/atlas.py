"""Maps of the template that every simulated person is warped from, computed once a process.

nilearn's wheel holds shares of grey and white matter; where each structure lies is told here from MNI coordinates
(Talairach-like ellipsoids of about a structure's size), and distances are measured from the lateral ventricles and from
the surface, because both diseases are known by their distance to them.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

from brainlab.cohort.template import GRID_ORIGIN_MM, GRID_SHAPE, TissueMaps, mni_tissue
from brainlab.types import BoolArray, Float32Array, UInt8Array

VENTRICLE, DEEP_GREY, PALLIDUM, CEREBELLUM, BRAINSTEM, CALLOSUM, CEREBRUM = 1, 2, 3, 4, 5, 6, 0
"""Values of `Atlas.region`."""

DISTANCE_STEP_MM = 2


@dataclass(frozen=True)
class Atlas:
    """Template maps at 1 mm [182, 218, 182]; two distances at 2 mm [91, 109, 91]. All are read-only."""

    grey: Float32Array
    white: Float32Array
    sulcal: Float32Array
    """Share of fluid outside the ventricles, less where vessels and membranes fill the room of an average brain."""
    cavity: Float32Array
    """Share of fluid in the ventricles: crisp walls, with the septum and the choroid plexus left out."""
    brain: Float32Array
    """1 inside the brain, 0 outside, soft over one voxel."""
    region: UInt8Array
    ventricle_distance_mm: Float32Array
    """To the wall of the lateral ventricles; negative inside them."""
    ventricle_wall_mm: Float32Array
    """To the wall of any ventricle, negative inside, at 1 mm; ventricles grow along its gradient."""
    surface_distance_mm: Float32Array
    """Depth under the outer surface of the brain; 0 outside."""


@lru_cache(maxsize=1)
def atlas() -> Atlas:
    """Compute the maps (about 2 s), once a process."""
    tissue = mni_tissue()
    x, y, z = _coordinates()
    fluid = ndimage.gaussian_filter(tissue.fluid, 0.7)
    brain = ndimage.gaussian_filter(tissue.brain.astype(np.float32), 0.6)
    depth = _distance_inside(tissue.brain)
    lateral, other = _ventricles(fluid, _upsample(depth), x, y, z)
    region = _regions(tissue.grey, tissue.white, lateral | other, x, y, z)
    wall = _fine_signed_distance(lateral | other)
    grey, white, sulcal = _tissue_beside_ventricles(tissue, region, lateral, wall)
    maps = Atlas(
        grey=ndimage.gaussian_filter(grey, 0.5),
        white=ndimage.gaussian_filter(white, 0.5),
        sulcal=ndimage.gaussian_filter(sulcal, 0.5) * _sulcal_gain(region, x, y, z),
        cavity=_cavity(wall, x, y, z),
        brain=brain,
        region=region,
        ventricle_distance_mm=_signed_distance(lateral),
        ventricle_wall_mm=wall,
        surface_distance_mm=depth,
    )
    for array in vars(maps).values():
        array.setflags(write=False)
    return maps


def _coordinates() -> tuple[Float32Array, Float32Array, Float32Array]:
    """MNI coordinates in mm of the 1 mm grid, broadcastable: [182, 1, 1], [1, 218, 1], [1, 1, 182]."""
    x, y, z = (
        np.arange(size, dtype=np.float32) + np.float32(start)
        for size, start in zip(GRID_SHAPE, GRID_ORIGIN_MM, strict=True)
    )
    return x[:, None, None], y[None, :, None], z[None, None, :]


def _ellipsoid(
    x: Float32Array,
    y: Float32Array,
    z: Float32Array,
    centre_mm: tuple[float, float, float],
    radii_mm: tuple[float, float, float],
) -> BoolArray:
    """A mask of a pair of ellipsoids, mirrored at the midline."""
    (cx, cy, cz), (rx, ry, rz) = centre_mm, radii_mm
    return ((np.abs(x) - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + ((z - cz) / rz) ** 2 <= 1


def _ventricles(
    fluid: Float32Array, depth_mm: Float32Array, x: Float32Array, y: Float32Array, z: Float32Array
) -> tuple[BoolArray, BoolArray]:
    """Masks of the lateral ventricles, and of the third and fourth together."""
    wet, side = fluid > 0.4, np.abs(x)
    body = (side >= 1) & (side < 26) & (y > -52) & (y < 36) & (z > -4) & (z < 32) & (depth_mm > 24)
    cistern = (side < 13) & (y < -24) & (z < 17)
    falx = (side < 5) & ((y > 29) | (y < -36))
    insula = (side > 22) & (y > -20)
    third = (side < 5) & (y < 8) & (y > -24) & (z < 7)
    trigone = (side > 15) & (side < 38) & (y < -18) & (y > -52) & (z > -6) & (z <= 16) & (depth_mm > 18)
    lateral = wet & ((body & ~cistern & ~falx & ~insula & ~third) | trigone)
    lateral = _large_parts(lateral, 150)
    third = wet & (side < 5) & (y > -26) & (y < 8) & (z > -10) & (z < 9) & ~lateral
    fourth = wet & (side < 11) & (y > -54) & (y < -36) & (z > -44) & (z < -22)
    return lateral, _large_parts(third | fourth, 60)


def _tissue_beside_ventricles(
    tissue: TissueMaps, region: UInt8Array, lateral: BoolArray, wall_mm: Float32Array
) -> tuple[Float32Array, Float32Array, Float32Array]:
    """Shares of grey, white and sulcal fluid, without what the template's average blurs about the ventricles.

    Its voxels between white matter and fluid are as dark as grey matter and are counted as such; half of that is white.
    Fluid within 3 mm of a wall is the ventricle's own, which `cavity` holds: there is white matter up to it.
    """
    near = _around(lateral, 4)
    rim = np.zeros_like(lateral)
    rim[near] = ndimage.distance_transform_edt(~lateral[near]) < 3.5
    rim &= np.isin(region, (CEREBRUM, CALLOSUM, VENTRICLE))
    grey = np.where(rim, np.float32(0), tissue.grey)
    white = np.where(rim, tissue.white + np.float32(0.5) * tissue.grey, tissue.white)
    fluid = np.clip(1 - grey - white, 0, 1)
    sulcal = fluid * np.clip(wall_mm / 3, 0, 1)
    return grey, white + (fluid - sulcal), sulcal


def _sulcal_gain(region: UInt8Array, x: Float32Array, y: Float32Array, z: Float32Array) -> Float32Array:
    """Factor on the fluid's share: veins, pineal gland and membranes share the cistern behind the thalami, the falx the
    cleft between the hemispheres; set by the dark volume of real FLAIR scans about the ventricles."""
    side = np.abs(x)
    gain = np.where(region == CEREBELLUM, np.float32(0.8), np.float32(1))
    cistern = (side < 24) & (y > -50) & (y < -18) & (z > -14) & (z < 18)
    gain = np.where(cistern, gain * np.float32(0.4), gain)
    gain = np.where(side < 6, gain * np.float32(0.8), gain)
    return np.where((side < 6) & (y > 25), gain * np.float32(0.65), gain)


def _cavity(wall_mm: Float32Array, x: Float32Array, y: Float32Array, z: Float32Array) -> Float32Array:
    """Share of fluid in the ventricles; the septum is about 2 mm thick, the plexus fills half of each trigone."""
    inside = 1 / (1 + np.exp(np.clip(2 * wall_mm, -20, 20)))
    septum = 0.75 * np.exp(-np.square(x / 0.9)) * ((y > -22) & (y < 32) & (z > 2))
    plexus = 0.6 * np.exp(-np.square((np.abs(x) - 22) / 6) - np.square((y + 38) / 8) - np.square((z - 8) / 8))
    return np.asarray(inside * (1 - septum) * (1 - plexus), np.float32)


def _regions(
    grey: Float32Array, white: Float32Array, ventricles: BoolArray, x: Float32Array, y: Float32Array, z: Float32Array
) -> UInt8Array:
    """One region per voxel; the tissue shares decide what of it is grey, white or fluid."""
    side = np.abs(x)
    region = np.zeros(grey.shape, np.uint8)
    tentorium_mm = -7 - 0.45 * np.maximum(side - 8, 0) - 0.35 * np.maximum(-66 - y, 0)
    region[(z < tentorium_mm) & (y < -36 - 0.1 * side)] = CEREBELLUM
    region[(z < -30) & (y < -30) & (side < 70)] = CEREBELLUM
    for centre, radii in (((0, -28, -33), (20, 17, 19)), ((0, -25, -12), (17, 11, 10)), ((0, -40, -56), (13, 13, 20))):
        region[_ellipsoid(x, y, z, centre, radii)] = BRAINSTEM
    for centre, radii in (
        ((12, -18, 8), (12, 16, 10)),  # thalamus
        ((13, 13, 9), (9, 14, 14)),  # head of the caudate
        ((17, -5, 20), (6, 20, 7)),  # body of the caudate
        ((27, 3, 1), (8, 19, 13)),  # putamen
    ):
        region[_ellipsoid(x, y, z, centre, radii)] = DEEP_GREY
    region[_ellipsoid(x, y, z, (20, -3, -1), (6, 10, 7))] = PALLIDUM
    arch = (((y + 2) / 46) ** 2 + ((z + 2) / 36) ** 2 <= 1) & (z > -8) & (side < 12) & (white > 0.6) & (grey < 0.3)
    region[arch & (region == CEREBRUM)] = CALLOSUM
    region[ventricles] = VENTRICLE
    return region


def _large_parts(mask: BoolArray, voxels: int) -> BoolArray:
    """Keep the connected parts of at least so many voxels."""
    parts, count = ndimage.label(mask)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    sizes[0] = 0
    return (sizes >= voxels)[parts]


def _distance_inside(mask: BoolArray) -> Float32Array:
    """Distance in mm to the outside of a mask, on the 2 mm grid."""
    step = DISTANCE_STEP_MM
    return ndimage.distance_transform_edt(_halve(mask), sampling=step).astype(np.float32)


def _signed_distance(mask: BoolArray) -> Float32Array:
    """Distance in mm to the wall of a mask on the 2 mm grid, negative inside."""
    coarse = _halve(mask)
    step = DISTANCE_STEP_MM
    outside = ndimage.distance_transform_edt(~coarse, sampling=step)
    inside = ndimage.distance_transform_edt(coarse, sampling=step)
    return ndimage.gaussian_filter((outside - inside).astype(np.float32), 0.6)


def _fine_signed_distance(mask: BoolArray) -> Float32Array:
    """Distance in mm to the wall of a mask on the 1 mm grid, negative inside."""
    distance = (ndimage.distance_transform_edt(~mask) - 0.5).astype(np.float32)
    near = _around(mask, 1)
    distance[near] = np.where(mask[near], 0.5 - ndimage.distance_transform_edt(mask[near]), distance[near])
    return ndimage.gaussian_filter(distance, 0.6)


def _around(mask: BoolArray, margin: int) -> tuple[slice, ...]:
    """The box of a mask and so many voxels around it."""
    return tuple(slice(max(int(where.min()) - margin, 0), int(where.max()) + margin + 1) for where in np.nonzero(mask))


def _halve(mask: BoolArray) -> BoolArray:
    """Majority of each 2x2x2 block."""
    x, y, z = mask.shape
    return mask.reshape(x // 2, 2, y // 2, 2, z // 2, 2).mean(axis=(1, 3, 5)) >= 0.5


def _upsample(coarse: Float32Array) -> Float32Array:
    """Repeat each voxel 2x2x2."""
    return coarse.repeat(2, 0).repeat(2, 1).repeat(2, 2)
