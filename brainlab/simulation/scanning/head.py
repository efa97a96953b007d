"""A whole head in the scanner: skull, scalp, neck and face around a brain, tilted, at the scan's voxel size.

Only what a registration meets is drawn: dark bone, scalp, muscle and fat below, the fluid of the eyes, the cord. The
brain's size in mm is the person's own (1.15-1.6 l with its fluid), not the template's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial.transform import Rotation

from brainlab.simulation.fields import smooth_noise, upsample
from brainlab.simulation.people.anatomy import Anatomy
from brainlab.simulation.scanning.acquisition import Scan
from brainlab.simulation.sequences.tissue import properties
from brainlab.types import BoolArray, Float32Array, FloatArray

MARGIN_MM = ((16, 16), (16, 28), (56, 12))
"""Room added to the template's grid on each side: ears, nose, neck, scalp."""

KINDS = ("fat", "muscle", "bone", "fat", "fluid", "white")
"""What a head is made of beside the brain: the tissue of the table that each kind is like."""
AIR, FAT, MUSCLE, BONE, MARROW, WATER, CORD = range(7)
MARROW_FAT = 0.35
"""Signal of the marrow between both tables of the skull, relative to fat's."""

SCALP_FAT_MM = 6.0
"""Width of the fat below the skin, with muscle under it."""
SKULL_MM = ((BONE, 7.5), (MARROW, 6.0), (BONE, 3.5), (WATER, 1.0))
"""Layers around the brain, and how far from it each ends; the fluid is thin, for the template's brain holds some."""
STEP_MM = 4
SMOOTH_MM = 6.4
"""Standard deviation by which distances are smoothed: a skull follows the brain as a whole, not its furrows."""
OUTER_FLUID_MM = 4
"""How deep under the template's surface fluid counts as lying outside the brain."""
FIELD_OF_VIEW_MM = (224.0, 240.0, 184.0)


MOVEMENT_MM, MOVEMENT_DEGREES = 0.4, 0.4
"""Standard deviations of shift and turn of the head, along and about each axis, from one scan of a visit to another."""


@dataclass(frozen=True)
class Native:
    """Where a scan's grid lies: `affine` voxels to scanner mm, `to_template` scanner mm to template mm."""

    shape: tuple[int, int, int]
    affine: FloatArray
    to_template: FloatArray


def draw_position(rng: np.random.Generator, template_to_native_ml: float) -> FloatArray:
    """Draw how the head lies in the scanner at a visit: scanner mm to template mm [4, 4].

    template_to_native_ml: template volume of a structure over its volume in the real head (1.2-1.8).
    Pitch 6 +- 6 degrees, roll and yaw 0 +- 4; a few mm off the centre.
    """
    to_template = np.eye(4)
    to_template[:3, :3] = template_to_native_ml ** (1 / 3) * _turn(rng.normal((6, 0, 0), (6, 4, 4)))
    to_template[:3, 3] = np.array([0, -12, 10]) + rng.normal(0, (3, 5, 3))
    return to_template


def draw_native(rng: np.random.Generator, scan: Scan, voxel_size_mm: int, position: FloatArray) -> Native:
    """Draw the grid of one scan of a visit, with the head a little moved since.

    voxel_size_mm: of the anatomy, below which nothing is resolved. position: of `draw_position`.
    A third of the files run to the left and to the back (LPS), as scanners write them.
    """
    moved = np.eye(4)
    moved[:3, :3] = _turn(np.clip(rng.normal(0, MOVEMENT_DEGREES, 3), -1, 1))
    moved[:3, 3] = np.clip(rng.normal(0, MOVEMENT_MM, 3), -1, 1)
    pixel, thickness = max(scan.pixel_mm, voxel_size_mm), max(scan.thickness_mm, voxel_size_mm)
    voxel_mm = np.array([pixel, pixel, thickness])
    shape = np.ceil(np.array(FIELD_OF_VIEW_MM) / voxel_mm).astype(int)
    flip = np.array([-1, -1, 1]) if rng.random() < 0.33 else np.ones(3)
    affine = np.diag([*(flip * voxel_mm), 1.0])
    affine[:3, 3] = -affine[:3, :3] @ ((shape - 1) / 2)
    return Native((int(shape[0]), int(shape[1]), int(shape[2])), affine, position @ moved)


def _turn(pitch_roll_yaw_degrees: FloatArray) -> FloatArray:
    return np.asarray(Rotation.from_euler("XYZ", pitch_roll_yaw_degrees, degrees=True).as_matrix())


def resample(native: Native, values: npt.NDArray[Any], affine: FloatArray, order: int = 1) -> npt.NDArray[Any]:
    """Bring an array of template space [X, Y, Z] with its affine onto the scan's grid; zero outside, its type kept."""
    matrix = np.linalg.inv(affine) @ native.to_template @ native.affine
    return ndimage.affine_transform(
        values, matrix[:3, :3], matrix[:3, 3], output_shape=native.shape, order=order, mode="constant"
    )


@dataclass(frozen=True)
class Head:
    """A person's head around the brain, on a canvas larger than the template's grid [X, Y, Z]."""

    affine: FloatArray
    """Voxel indices of the canvas to template mm."""
    brain: Float32Array
    """1 inside the brain, 0 outside."""
    outside_mm: Float32Array
    """Distance to the brain, negative inside."""
    skin_mm: Float32Array
    """Depth below the skin, negative outside the head."""
    texture: Float32Array
    """Factor on the signal of fat and muscle."""

    def layers(self) -> Iterator[tuple[int, Float32Array]]:
        """Yield each kind from the skin inwards, with the share of each voxel within it, which it covers.

        Shares follow the distance to a border over the width of a voxel, so that thin layers have no steps.
        """
        x, y, z = (
            (self.affine[i, 3] + self.affine[i, i] * np.arange(n)).astype(np.float32).reshape(np.roll([-1, 1, 1], i))
            for i, n in enumerate(self.brain.shape)
        )
        yield FAT, self._share(self.skin_mm)
        yield MUSCLE, self._share(self.skin_mm - SCALP_FAT_MM)
        for kind, width_mm in SKULL_MM:
            yield kind, self._share(width_mm - self.outside_mm)
        for side in (-1, 1):
            yield WATER, self._share(12 - np.sqrt((x - side * 32) ** 2 + (y - 72) ** 2 + (z + 38) ** 2))
        spine, below = np.sqrt(x**2 + (y + 50) ** 2), z < -62
        yield WATER, self._share(10 - spine) * below
        yield CORD, self._share(5.5 - spine) * below

    def _share(self, inside_mm: Float32Array) -> Float32Array:
        """Return the share of each voxel within a border, from the depth below it."""
        return np.clip(inside_mm / np.float32(self.affine[0, 0]) + np.float32(0.5), 0, 1)


def build_head(anatomy: Anatomy, seed: int) -> Head:
    """Put skull, scalp, eyes, face and neck around the brain; seed: the person's own, alike at each visit."""
    rng = np.random.default_rng(seed)
    size = anatomy.voxel_size_mm
    pads = _pads(size)
    affine = anatomy.affine
    affine[:3, 3] -= [part.start * size + before * size for part, (before, _) in zip(anatomy.box, pads, strict=True)]
    brain = np.pad(anatomy.embed(anatomy.brain), pads)
    outside_mm = _distance_mm(brain > 0.5, size)
    x, y, z = (
        (affine[i, 3] + size * np.arange(n)).astype(np.float32).reshape([-1 if i == k else 1 for k in range(3)])
        for i, n in enumerate(brain.shape)
    )
    body = _body(outside_mm, x, y, z, float(rng.uniform(13.0, 17.0)))
    coarse = tuple(size * n // STEP_MM + 2 for n in brain.shape)
    steps = [np.asarray(size / STEP_MM * np.arange(n), np.float32) for n in brain.shape]
    texture = 1 + np.float32(0.15) * upsample(smooth_noise(rng, coarse, 2.0), steps)
    return Head(affine, brain, outside_mm, _distance_mm(~body, size), texture)


def head_signal(
    head: Head, anatomy: Anatomy, signal: Float32Array, scan: Scan, template_mm: float = 1.0
) -> Float32Array:
    """Return the signal of the whole head [channels, canvas] around that of the brain [channels, box].

    template_mm: length in the template of a mm of the real head. The profile of slices lies along the template's axis,
    a few degrees from the slices' own.
    """
    levels = np.abs(scan.technique.signals(properties(KINDS, scan.technique.field_strength_t)))
    levels[:, FAT - 1] *= scan.fat
    levels[:, MARROW - 1] *= scan.fat * MARROW_FAT
    table = np.concatenate([np.zeros((len(levels), 1)), levels], axis=1).astype(np.float32)  # air first
    size, pads = anatomy.voxel_size_mm, _pads(anatomy.voxel_size_mm)
    out = np.zeros((len(levels), *head.brain.shape), np.float32)
    for kind, share in head.layers():
        soft = head.texture if kind in (FAT, MUSCLE) else np.float32(1)
        for channel, level in zip(out, table, strict=True):
            channel += share * (level[kind] * soft - channel)
    for channel, inner in zip(out, signal, strict=True):
        tissue = ndimage.gaussian_filter(channel, 0.9 / size)
        channel[:] = np.pad(anatomy.embed(inner), pads) + (1 - np.clip(head.brain, 0, 1)) * tissue
        if scan.thickness_mm > size:
            sigma = template_mm * scan.thickness_mm / np.sqrt(12) / size
            channel[:] = ndimage.gaussian_filter1d(channel, sigma, axis=2, truncate=2.5)
    return out


def brain_surface(anatomy: Anatomy) -> Float32Array:
    """Return the brain [box], 1 inside, as one would draw it on the head: furrows closed, outer fluid left out.

    Fluid between brain and skull is as dark as bone in FLAIR, so no such mask holds it, but furrows up to 8 mm wide.
    """
    rim = anatomy.surface_distance_mm < OUTER_FLUID_MM
    tissue = anatomy.brain * (1 - np.where(rim, anatomy.shares[7], np.float32(0))) >= 0.5
    closed = ndimage.binary_closing(tissue, iterations=4 // anatomy.voxel_size_mm)
    return ndimage.binary_fill_holes(closed).astype(np.float32)


def _pads(voxel_size_mm: int) -> list[tuple[int, int]]:
    """Voxels that the canvas has more than the grid, on each side."""
    return [(before // voxel_size_mm, after // voxel_size_mm) for before, after in MARGIN_MM]


def _body(outside_mm: Float32Array, x: Float32Array, y: Float32Array, z: Float32Array, scalp_mm: float) -> BoolArray:
    """Mask of the head: so many mm around the brain, face and neck below."""
    skull = outside_mm < scalp_mm
    face = (x / 66) ** 2 + ((y - 28) / 66) ** 2 + ((z + 62) / 62) ** 2 < 1
    nose = (x / 14) ** 2 + ((y - 92) / 18) ** 2 + ((z + 58) / 24) ** 2 < 1
    neck = ((x / 58) ** 2 + ((y + 30) / 62) ** 2 < 1) & (z < -40)
    return skull | face | nose | neck


def _distance_mm(mask: BoolArray, voxel_mm: int) -> Float32Array:
    """Distance in mm to a mask, measured on a 4 mm grid and interpolated: smooth, and quick."""
    step = STEP_MM // voxel_mm
    pads = [(0, -size % step) for size in mask.shape]
    blocks = np.pad(mask, pads)
    x, y, z = (size // step for size in blocks.shape)
    share = blocks.reshape(x, step, y, step, z, step).mean(axis=(1, 3, 5), dtype=np.float32)
    far = ndimage.distance_transform_edt(share < 0.5, sampling=STEP_MM).astype(np.float32)
    near = ndimage.distance_transform_edt(share >= 0.5, sampling=STEP_MM).astype(np.float32)
    distance = ndimage.gaussian_filter(far - near, SMOOTH_MM / STEP_MM)
    smooth = ndimage.zoom(distance, step, order=1, mode="nearest", grid_mode=True)
    return smooth[tuple(slice(size) for size in mask.shape)]
