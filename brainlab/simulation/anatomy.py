"""One person's anatomy: the template bent by a smooth diffeomorphic warp, with age and sex at work.

The warp is the flow of a stationary velocity field (Arsigny et al., MICCAI 2006; scaling and squaring), so it never
folds. Ventricles grow by a flow along the gradient of the distance to their wall; sulci widen where the fluid's share
of a voxel is raised before the shares are sharpened, and a noise field of gyral scale makes every cortex its own.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial.transform import Rotation

from brainlab.cohort.template import GRID_ORIGIN_MM, GRID_SHAPE, grid_affine
from brainlab.simulation.atlas import (
    BRAINSTEM,
    CALLOSUM,
    CEREBELLUM,
    DEEP_GREY,
    DISTANCE_STEP_MM,
    PALLIDUM,
    VENTRICLE,
    atlas,
)
from brainlab.types import Float32Array, FloatArray, UInt8Array

VENTRICLE_GROWTH_MM = 3.8
SULCAL_GROWTH = 0.6
VENTRICLE_START_MM = -3.2
SULCAL_START = 0.45
FOLDING = 0.35
"""What ageing adds between 25 and 85 years: to the ventricles' walls in mm, to the logarithm of the sulci's width."""

WARPS_MM = ((26.0, 1.3), (12.0, 0.72), (6.5, 0.5))
"""Width and strength of the parts of the random velocity."""
SYMMETRY = 0.85
"""Share of its variance that is alike on both sides."""

COARSE_STEP_MM = 4
COARSE_SHAPE = tuple(-(-size // COARSE_STEP_MM) + 1 for size in GRID_SHAPE)

TISSUES = (
    "white",
    "cortical_grey",
    "deep_grey",
    "pallidum",
    "cerebellar_grey",
    "cerebellar_white",
    "brainstem",
    "fluid",
)
"""Order of `Anatomy.shares`; the names that the contrast table knows."""

LABELS = {
    1: "left-cortical-grey",
    2: "right-cortical-grey",
    3: "left-white",
    4: "right-white",
    5: "ventricles",
    6: "left-deep-grey",
    7: "right-deep-grey",
    8: "cerebellum",
    9: "brainstem",
    10: "sulcal-fluid",
    11: "lesion",
}
"""Values of the label image; 0 is outside the brain."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """What sets one person's anatomy apart. Lengths in mm of template space, volumes in ml of the real head."""

    age_years: float
    sex: str
    mask_volume_ml: float
    """Brain with its fluid, in native space."""
    ventricle_growth_mm: float
    """How far the ventricle walls move outwards from the template's."""
    sulcal_width: float
    """Factor on the fluid's share before sharpening; 1 leaves the template's."""
    rotation_degrees: FloatArray
    scale: FloatArray
    shift_mm: FloatArray
    seed: int
    """Seed of the warp and of the folding fields."""

    def older_by(self, years: float) -> "Person":
        """Return the same person some years later: wider ventricles and sulci, all else alike."""
        then, now = _ageing(self.age_years + years), _ageing(self.age_years)
        return replace(
            self,
            age_years=self.age_years + years,
            ventricle_growth_mm=self.ventricle_growth_mm + VENTRICLE_GROWTH_MM * (then**1.4 - now**1.4),
            sulcal_width=self.sulcal_width * float(np.exp(SULCAL_GROWTH * (then - now))),
        )


@dataclass(frozen=True)
class Anatomy:
    """A person's tissue on a box of the template's grid.

    All arrays are [X, Y, Z] of `box`; `shares` is [8, X, Y, Z] in the order of TISSUES and sums to 1 inside the brain.
    """

    voxel_size_mm: int
    box: tuple[slice, slice, slice]
    shares: Float32Array
    brain: Float32Array
    region: UInt8Array
    ventricle_distance_mm: Float32Array
    surface_distance_mm: Float32Array
    regional: Float32Array = None
    age_years: float = 0

    def coordinates_mm(self):
        a = self.affine
        return [(a[i, 3] + self.voxel_size_mm * np.arange(n)).astype(np.float32).reshape([-1 if k == i else 1 for k in range(3)]) for i, n in enumerate(self.shape)]

    @property
    def shape(self) -> tuple[int, int, int]:
        x, y, z = self.brain.shape
        return x, y, z

    @property
    def grid_shape(self) -> tuple[int, int, int]:
        x, y, z = (size // self.voxel_size_mm for size in GRID_SHAPE)
        return x, y, z

    @property
    def affine(self) -> FloatArray:
        """Voxel indices of the box to mm."""
        affine = grid_affine(self.voxel_size_mm)
        affine[:3, 3] += [part.start * self.voxel_size_mm for part in self.box]
        return affine

    def embed(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Put an array of the box [X, Y, Z] into the whole grid, zero outside; its type is kept."""
        out = np.zeros(self.grid_shape, array.dtype)
        out[self.box] = array
        return out

    def white(self) -> Float32Array:
        """Share of white matter of the cerebrum and callosum."""
        return self.shares[0]


def draw_person(rng: np.random.Generator, age_years: float, sex: str, atrophy_years: float = 0.0) -> Person:
    """Draw the traits of a person.

    atrophy_years: by how many years a disease makes the brain look older (multiple sclerosis shrinks brains early).
    Volumes: men 1.47 l, women 1.33 l within the skull on average, bounded to 1.15-1.6 l.
    """
    volume_ml = np.clip(rng.normal(1470 if sex == "M" else 1330, 85), 1150, 1600)
    ageing = _ageing(age_years + atrophy_years)
    return Person(
        age_years=age_years,
        sex=sex,
        mask_volume_ml=float(volume_ml),
        ventricle_growth_mm=float(np.clip(VENTRICLE_START_MM + VENTRICLE_GROWTH_MM * ageing**1.4 + rng.normal(0, 0.9), -5.0, 6.0)),
        sulcal_width=float(np.exp(SULCAL_START + SULCAL_GROWTH * ageing + rng.normal(0, 0.25))),
        rotation_degrees=rng.normal(0, (0.7, 0.4, 0.4)),
        scale=1 + rng.normal(0, 0.004) + rng.normal(0, 0.0056, 3),
        shift_mm=rng.normal(0, (0.2, 0.5, 0.5)),
        seed=int(rng.integers(2**62)),
    )


def build_anatomy(person: Person, voxel_size_mm: int) -> Anatomy:
    """Bend the template into a person, on a grid of 1 or 2 mm."""
    maps = atlas()
    rng = np.random.default_rng(person.seed)
    displacement_mm = _displacement(rng, person)  # [3, coarse]
    regional = smooth_noise(rng, COARSE_SHAPE, 11 / COARSE_STEP_MM)
    regional = (regional + _mirrored(regional)) / np.float32(np.sqrt(2))
    folding = [smooth_noise(rng, COARSE_SHAPE, width / COARSE_STEP_MM) for width in (4.0, 4.0)]

    box = _box(voxel_size_mm)
    axes_mm: list[Float32Array] = [
        np.asarray(origin + (voxel_size_mm - 1) / 2 + voxel_size_mm * np.arange(part.start, part.stop), np.float32)
        for origin, part in zip(GRID_ORIGIN_MM, box, strict=True)
    ]
    coarse_axes: list[Float32Array] = [
        np.asarray((axis - origin) / COARSE_STEP_MM, np.float32)
        for axis, origin in zip(axes_mm, GRID_ORIGIN_MM, strict=True)
    ]
    points_mm = _affine_points(person, axes_mm)
    for axis in range(3):
        points_mm[axis] += upsample(displacement_mm[axis], coarse_axes)

    source = points_mm - np.asarray(GRID_ORIGIN_MM, np.float32)[:, None, None, None]
    half = (source - (DISTANCE_STEP_MM - 1) / 2) / DISTANCE_STEP_MM
    grey, white, brain = (ndimage.map_coordinates(m, source, order=1) for m in (maps.grey, maps.white, maps.brain))
    region = ndimage.map_coordinates(maps.region, source, order=0)
    distance, depth = (
        ndimage.map_coordinates(m, half, order=1, mode="nearest")
        for m in (maps.ventricle_distance_mm, maps.surface_distance_mm)
    )
    fold, thickness = (upsample(field, coarse_axes) for field in folding)
    grey, white, fluid = _sharpen(grey, white, brain, region, person.sulcal_width, fold, thickness)
    return Anatomy(voxel_size_mm, box, _shares(grey, white, fluid, region), brain, region, distance, depth, upsample(regional, coarse_axes), person.age_years)


def label_image(anatomy: Anatomy, lesion: Float32Array) -> UInt8Array:
    """Return the most likely structure of each voxel [X, Y, Z] with the values of LABELS.

    lesion: share of lesion [X, Y, Z]; at 0.5 and above a voxel is labelled lesion.
    """
    shares, region = anatomy.shares, anatomy.region
    right = (anatomy.affine[0, 3] + anatomy.voxel_size_mm * np.arange(anatomy.shape[0]) > 0)[:, None, None]
    grouped = np.stack(
        [shares[1], shares[0], shares[2] + shares[3], shares[4] + shares[5], shares[6], shares[7]]
    ).argmax(0)
    label = np.choose(
        grouped,
        [1 + right, 3 + right, 6 + right, np.uint8(8), np.uint8(9), np.where(region == VENTRICLE, 5, 10)],
    ).astype(np.uint8)
    label[lesion >= 0.5] = 11
    label[anatomy.brain < 0.5] = 0
    return label


def smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], sigma_voxels: float) -> Float32Array:
    """Return Gaussian noise of unit variance, smooth over `sigma_voxels`."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    smooth = ndimage.gaussian_filter(noise, sigma_voxels, mode="wrap")
    return smooth / np.float32(smooth.std())


def upsample(coarse: Float32Array, axes: list[Float32Array]) -> Float32Array:
    """Interpolate a coarse field linearly at the outer product of three axes, given in coarse voxel indices.

    One axis after the other: far cheaper than a general resampling, and the same bytes on any number of threads.
    """
    out = coarse
    for axis, where in enumerate(axes):
        low = np.clip(np.floor(where).astype(int), 0, coarse.shape[axis] - 2)
        weight = (where - low).astype(np.float32).reshape([-1 if i == axis else 1 for i in range(3)])
        out = out.take(low, axis) * (1 - weight) + out.take(low + 1, axis) * weight
    return out


def _ageing(age_years: float) -> float:
    """0 until 25 years, 1 at 85."""
    return max(age_years - 25, 0) / 60


def _box(voxel_size_mm: int) -> tuple[slice, slice, slice]:
    """The part of the grid in which every brain lies: the template's brain and 8 mm around it."""
    occupied = np.nonzero(atlas().brain > 0.5)
    parts = [
        slice(
            max((int(where.min()) - 8) // voxel_size_mm, 0),
            min((int(where.max()) + 8) // voxel_size_mm + 1, size // voxel_size_mm),
        )
        for where, size in zip(occupied, GRID_SHAPE, strict=True)
    ]
    return parts[0], parts[1], parts[2]


def _displacement(rng: np.random.Generator, person: Person) -> Float32Array:
    """Flow a random velocity and the ventricles' growth for unit time; [3, coarse] in mm, from person to template."""
    maps = atlas()
    velocity = np.zeros((3, *COARSE_SHAPE), np.float32)
    for width_mm, amplitude_mm in WARPS_MM:
        for axis in range(3):
            velocity[axis] += np.float32(amplitude_mm) * _nearly_symmetric(rng, width_mm / COARSE_STEP_MM, axis)
    ratio = COARSE_STEP_MM // DISTANCE_STEP_MM
    wall = maps.ventricle_wall_mm[::ratio, ::ratio, ::ratio]
    wall = np.pad(wall, [(0, size - have) for size, have in zip(COARSE_SHAPE, wall.shape, strict=True)], mode="edge")
    outward = np.stack(np.gradient(ndimage.gaussian_filter(wall, 0.5), COARSE_STEP_MM)).astype(np.float32)
    reach = np.exp(-np.maximum(wall, 0) / np.float32(14)).astype(np.float32)
    velocity -= np.float32(1.8 * person.ventricle_growth_mm) * reach * outward
    return _integrate(np.asarray(velocity / COARSE_STEP_MM, np.float32)) * COARSE_STEP_MM


def _nearly_symmetric(rng: np.random.Generator, sigma_voxels: float, axis: int) -> Float32Array:
    """Return one component of a random velocity [coarse], of unit variance: most of it alike on both sides.

    The component across the midline changes its sign with the side, so that what is alike keeps the midline in place.
    """
    both, own = (smooth_noise(rng, COARSE_SHAPE, sigma_voxels) for _ in range(2))
    mirrored = _mirrored(both)
    alike = (both - mirrored if axis == 0 else both + mirrored) / np.float32(np.sqrt(2))
    return np.float32(np.sqrt(SYMMETRY)) * alike + np.float32(np.sqrt(1 - SYMMETRY)) * own


def _mirrored(field: Float32Array) -> Float32Array:
    """Mirror a field [coarse] at the midline, which lies between two of its points."""
    turned = field[::-1]
    return (turned + np.concatenate([turned[1:], turned[-1:]])) / 2


def _integrate(velocity: Float32Array, steps: int = 4) -> Float32Array:
    """Scaling and squaring: compose the small displacement with itself `steps` times; voxels in, voxels out."""
    identity = np.stack(np.meshgrid(*map(np.arange, velocity.shape[1:]), indexing="ij")).astype(np.float32)
    flow = velocity / np.float32(2**steps)
    for _ in range(steps):
        at = identity + flow
        flow = flow + np.stack([ndimage.map_coordinates(part, at, order=1, mode="nearest") for part in flow])
    return flow


def _affine_points(person: Person, axes_mm: list[Float32Array]) -> Float32Array:
    """Template coordinates [3, X, Y, Z] in mm of a person's voxels, before the warp."""
    turn = Rotation.from_euler("XYZ", person.rotation_degrees, degrees=True).as_matrix()  # pitch, roll, yaw
    matrix = (np.diag(1 / person.scale) @ turn).astype(np.float32)
    centre = np.array([0, -18, 10], np.float32)
    x, y, z = (axis - c for axis, c in zip(axes_mm, centre, strict=True))
    offset = centre + np.asarray(person.shift_mm, np.float32)
    return np.stack(
        [
            (row[0] * x)[:, None, None] + (row[1] * y)[None, :, None] + ((row[2] * z)[None, None, :] + offset[i])
            for i, row in enumerate(matrix)
        ]
    )


def _sharpen(
    grey: Float32Array,
    white: Float32Array,
    brain: Float32Array,
    region: UInt8Array,
    sulcal_width: float,
    fold: Float32Array,
    thickness: Float32Array,
) -> tuple[Float32Array, Float32Array, Float32Array]:
    """Turn the shares of an average of many brains into the crisper ones of a single brain."""
    fluid = np.clip(1 - grey - white, 0.02, 1)
    gain = np.where(region == VENTRICLE, np.float32(1.3), np.float32(sulcal_width) * np.exp(np.float32(FOLDING) * fold))
    inner = (region == DEEP_GREY) | (region == PALLIDUM) | (region == BRAINSTEM) | (region == CALLOSUM)
    gain[inner] = 0.6
    gain[region == CEREBELLUM] *= np.float32(0.8)
    wet = np.square(gain * fluid)
    dry_white = np.square(white) * np.where(inner, np.float32(1), np.exp(np.float32(0.35) * thickness))
    dry_grey = np.square(grey)
    total = np.maximum(wet + dry_white + dry_grey, np.float32(1e-6))
    return dry_grey / total, dry_white / total, wet / total


def _shares(grey: Float32Array, white: Float32Array, fluid: Float32Array, region: UInt8Array) -> Float32Array:
    """Spread grey and white over the structures of TISSUES: [8, X, Y, Z]."""
    shares = np.zeros((len(TISSUES), *grey.shape), np.float32)
    cerebellum, brainstem = region == CEREBELLUM, region == BRAINSTEM
    deep, pallidum = region == DEEP_GREY, region == PALLIDUM
    cortex = ~(cerebellum | brainstem | deep | pallidum)
    np.copyto(shares[0], white, where=~(cerebellum | brainstem))
    np.copyto(shares[1], grey, where=cortex)
    np.copyto(shares[2], grey, where=deep)
    np.copyto(shares[3], grey, where=pallidum)
    np.copyto(shares[4], grey, where=cerebellum)
    np.copyto(shares[5], white, where=cerebellum)
    np.copyto(shares[6], grey + white, where=brainstem)
    shares[7] = fluid
    return shares
