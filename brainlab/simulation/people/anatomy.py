"""One person's anatomy: the template bent by a smooth diffeomorphic warp, with age and sex at work.

Ageing widens ventricles and sulci about as fast as published: the brain's share of the skull's content falls from .91
in people of 20-30 to .84 above 75 (means of 95 studies: Vagberg et al., PLoS One 12:e0170018, 2017).
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial.transform import Rotation

from brainlab.cohort.template import GRID_ORIGIN_MM, GRID_SHAPE, grid_affine
from brainlab.simulation.fields import COARSE_SHAPE, COARSE_STEP_MM, mirror_alike, smooth_noise, upsample
from brainlab.simulation.people.atlas import DISTANCE_STEP_MM, VENTRICLE, atlas
from brainlab.simulation.people.tissue_shares import tissue_shares
from brainlab.simulation.people.warp import displacement
from brainlab.types import Float32Array, FloatArray, UInt8Array

VENTRICLE_START_MM, VENTRICLE_GROWTH_MM, VENTRICLE_SD_MM = -2.5, 4.6, 0.9
"""How far the ventricles are made to grow from the template's: at 25 years, what the years up to 85 add, and how much
people differ."""
SULCAL_START, SULCAL_GROWTH, SULCAL_SD = 0.05, 0.95, 0.15
"""The same of the logarithm of the sulci's width."""

PLACEMENT_SD: dict[str, Any] = {
    "rotation_degrees": (0.7, 0.4, 0.4),
    "scale": 0.004,
    "scale_by_axis": 0.0056,
    "shift_mm": (0.2, 0.5, 0.5),
}
"""How far people lie from the template after an affine registration: pitch, roll, yaw; x, y, z."""
FAR_MM = 100.0
"""Distance to the ventricles given to what lies outside the brain."""
GYRUS_MM, REGION_MM = 4.0, 11.0
"""Widths of the fields that shape the cortex, and by which tissue differs from region to region."""

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
        then, now = ageing(self.age_years + years), ageing(self.age_years)
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
    age_years: float
    shares: Float32Array
    brain: Float32Array
    region: UInt8Array
    ventricle_distance_mm: Float32Array
    surface_distance_mm: Float32Array
    regional: Float32Array
    """Noise of about unit variance, alike on both sides, by which tissue differs from region to region."""

    def coordinates_mm(self) -> list[Float32Array]:
        """Template coordinates of the voxels in mm, broadcastable: [X, 1, 1], [1, Y, 1], [1, 1, Z]."""
        axes = [
            start + self.voxel_size_mm * np.arange(size)
            for start, size in zip(self.affine[:3, 3], self.shape, strict=True)
        ]
        x, y, z = (np.asarray(axis, np.float32) for axis in axes)
        return [x[:, None, None], y[None, :, None], z[None, None, :]]

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
    years = ageing(age_years + atrophy_years)
    return Person(
        age_years=age_years,
        sex=sex,
        mask_volume_ml=float(volume_ml),
        ventricle_growth_mm=float(
            np.clip(VENTRICLE_START_MM + VENTRICLE_GROWTH_MM * years**1.4 + rng.normal(0, VENTRICLE_SD_MM), -5.0, 6.0)
        ),
        sulcal_width=float(np.exp(SULCAL_START + SULCAL_GROWTH * years + rng.normal(0, SULCAL_SD))),
        rotation_degrees=rng.normal(0, PLACEMENT_SD["rotation_degrees"]),
        scale=1 + rng.normal(0, PLACEMENT_SD["scale"]) + rng.normal(0, PLACEMENT_SD["scale_by_axis"], 3),
        shift_mm=rng.normal(0, PLACEMENT_SD["shift_mm"]),
        seed=int(rng.integers(2**62)),
    )


def build_anatomy(person: Person, voxel_size_mm: int) -> Anatomy:
    """Bend the template into a person, on a grid of 1 or 2 mm."""
    maps = atlas()
    rng = np.random.default_rng(person.seed)
    displacement_mm = displacement(rng, person.ventricle_growth_mm)  # [3, coarse]
    regional = mirror_alike(rng, REGION_MM / COARSE_STEP_MM, 1.0)
    fold, thickness = (smooth_noise(rng, COARSE_SHAPE, GYRUS_MM / COARSE_STEP_MM) for _ in range(2))

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
    brain = ndimage.map_coordinates(maps.brain, source, order=1)
    inside = brain > 0  # the rest of the box is not looked up
    at = source[:, inside]
    half = (at - (DISTANCE_STEP_MM - 1) / 2) / DISTANCE_STEP_MM

    def looked_up(map_: npt.NDArray[Any], where: npt.NDArray[Any], order: int = 1) -> npt.NDArray[Any]:
        found = np.zeros(brain.shape, map_.dtype)
        found[inside] = ndimage.map_coordinates(map_, where, order=order, mode="nearest")
        return found

    grey, white, sulcal, cavity = (looked_up(m, at) for m in (maps.grey, maps.white, maps.sulcal, maps.cavity))
    region = looked_up(maps.region, at, order=0)
    distance, depth = (looked_up(m, half) for m in (maps.ventricle_distance_mm, maps.surface_distance_mm))
    distance[~inside] = FAR_MM
    fold, thickness, regional = (upsample(field, coarse_axes) for field in (fold, thickness, regional))
    return Anatomy(
        voxel_size_mm=voxel_size_mm,
        box=box,
        age_years=person.age_years,
        shares=tissue_shares(grey, white, sulcal, cavity, region, person.sulcal_width, fold, thickness),
        brain=brain,
        region=region,
        ventricle_distance_mm=distance,
        surface_distance_mm=depth,
        regional=regional,
    )


def label_image(anatomy: Anatomy, lesion: Float32Array) -> UInt8Array:
    """Return the most likely structure of each voxel [X, Y, Z] with the values of LABELS.

    lesion: share of lesion [X, Y, Z]; at 0.5 and above a voxel is labelled lesion.
    """
    shares, region = anatomy.shares, anatomy.region
    right = (anatomy.affine[0, 3] + anatomy.voxel_size_mm * np.arange(anatomy.shape[0]) > 0)[:, None, None]
    grouped = np.stack(
        [shares[1], shares[0], shares[2] + shares[3], shares[4] + shares[5], shares[6], shares[7]]
    ).argmax(0)
    label = np.array([1, 3, 6, 8, 9, 10], np.uint8)[grouped]
    label += (grouped < 3) & right
    label[(label == 10) & (region == VENTRICLE)] = 5
    label[lesion >= 0.5] = 11
    label[anatomy.brain < 0.5] = 0
    return label


def ageing(age_years: float) -> float:
    """Return 0 until 25 years, 1 at 85."""
    return max(age_years - 25, 0) / 60


@lru_cache
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
