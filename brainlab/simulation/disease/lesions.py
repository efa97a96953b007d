"""White matter lesions of two diseases, told apart by place and shape and not by their amount.

Multiple sclerosis: ovoid plaques one by one, with their long axis away from the ventricle along the draining veins
(Dawson's fingers), touching the cortex, in the callosum and below the tentorium (Filippi et al., Brain 142:1858, 2019).
Leukoencephalopathy: what lies next to the ventricles and deep in the white matter of both sides alike, growing from
caps and a halo with points to a confluent whole (Fazekas et al., AJR 149:351, 1987). U-fibres and callosum are spared.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from brainlab.cohort.template import GRID_ORIGIN_MM
from brainlab.simulation.fields import COARSE_SHAPE, COARSE_STEP_MM, smooth_noise, upsample
from brainlab.simulation.people.anatomy import Anatomy
from brainlab.simulation.people.atlas import BRAINSTEM, CALLOSUM, CEREBRUM
from brainlab.types import BoolArray, Float32Array, FloatArray, IntArray

PLACES = ("periventricular", "juxtacortical", "callosal", "infratentorial", "deep")
PLACE_WEIGHTS = (4.2, 2.2, 0.9, 1.2, 1.3)
"""Dirichlet weights of a person's own mixture of places."""

RIM = 0.2
"""How uneven a plaque's rim is: standard deviation of its distance from the centre, relative to that distance."""

RESIDUAL_DAMAGE = 0.45
"""How bright a remyelinated (shadow) plaque stays, as a share of the full damage."""

MYELIN_LOSS = 0.85
"""Share of its myelin that a demyelinated voxel is without."""


@dataclass(frozen=True, kw_only=True)
class Plaque:
    """One ovoid lesion of multiple sclerosis."""

    place: str
    centre_mm: FloatArray
    radii_mm: FloatArray
    axes: FloatArray
    """Rows are the unit vectors of the three radii."""
    damage: float
    """Share of myelin lost where it is demyelinated."""
    onset_years: float
    """Time after the first visit at which it appears; 0 or less is there from the start."""

    @property
    def volume_ml(self) -> float:
        return float(4 / 3 * np.pi * np.prod(self.radii_mm) / 1000)


@dataclass(frozen=True)
class LesionMaps:
    """Lesions on a person's box, each [X, Y, Z] in [0, 1]."""

    share: Float32Array
    """Share of the voxel that is lesion, whatever its myelin."""
    damage: Float32Array
    """Loss of myelin of the lesion's part of the voxel: what the contrast sees."""
    demyelinated: Float32Array
    """1 where a plaque has lost its myelin, 0 where it has it back."""


def draw_plaques(
    rng: np.random.Generator, anatomy: Anatomy, load_ml: float, new_load_ml: float, follow_up_years: float
) -> list[Plaque]:
    """Draw the plaques of a person until their volumes reach the load (template ml), then those that appear later."""
    mixture = rng.dirichlet(PLACE_WEIGHTS)
    size = float(np.exp(rng.normal(0, 0.15)))
    candidates = {place: np.flatnonzero(_candidates(anatomy, place)) for place in PLACES}
    mixture = mixture * [len(candidates[place]) > 0 for place in PLACES]
    mixture /= mixture.sum()
    away = _away_from_ventricle(anatomy)
    plaques: list[Plaque] = []
    for target_ml, years in ((load_ml, 0.0), (new_load_ml, follow_up_years)):
        placed_ml = 0.0
        while placed_ml < target_ml:
            place = PLACES[int(rng.choice(len(PLACES), p=mixture))]
            plaque = _draw_plaque(rng, anatomy, place, candidates[place], away, size, rng.uniform(0, years))
            plaques.append(plaque)
            placed_ml += 0.65 * plaque.volume_ml  # white matter fills about this much of an ovoid
    return plaques


def render_plaques(
    anatomy: Anatomy, plaques: list[Plaque], years: float, remyelinated: FloatArray, texture: Float32Array
) -> LesionMaps:
    """Draw the plaques that are there `years` after the first visit.

    remyelinated: share of each plaque that has its myelin back [n]; it comes back from the rim inwards.
    texture: unit noise [X, Y, Z] that makes rims irregular and remyelination patchy.
    """
    shape = np.zeros(anatomy.shape, np.float32)
    damage, bare = np.zeros_like(shape), np.zeros_like(shape)
    inverse = np.linalg.inv(anatomy.affine)
    for plaque, returned in zip(plaques, remyelinated, strict=True):
        if plaque.onset_years > years:
            continue
        part, radius = _local_radius(anatomy, plaque, inverse, texture)
        inside = _sigmoid((1 - radius) / np.float32(0.16))
        core = 1 - radius + np.float32(0.15) * texture[part]
        lost = _sigmoid((core - np.float32(1.15 * returned - 0.15)) / np.float32(0.1))
        level = np.float32(plaque.damage) * (RESIDUAL_DAMAGE + np.float32(1 - RESIDUAL_DAMAGE) * lost)
        shape[part] = np.maximum(shape[part], inside)
        damage[part] = np.maximum(damage[part], inside * level)
        bare[part] = np.maximum(bare[part], inside * lost)
    room = _room(anatomy, cortex=0.6)
    damage = np.divide(damage, shape, out=damage, where=shape > 1e-3)
    return LesionMaps(shape * room, damage, bare * room)


def vascular_lesions(anatomy: Anatomy, seed: int, load_ml: float, damage: float) -> LesionMaps:
    """Draw the symmetrical lesions of leukoencephalopathy, or the few of healthy ageing.

    The voxels with the highest risk are taken until the load (template ml) is reached, so that a heavier load grows out
    of a lighter one of the same seed: caps and halo and points first, then confluent.
    """
    rng = np.random.default_rng(seed)
    room = _room(anatomy, cortex=0.0) * (anatomy.region == CEREBRUM)
    if load_ml < 0.02:
        return LesionMaps(np.zeros_like(room), np.zeros_like(room), np.zeros_like(room))
    risk = _vascular_risk(rng, anatomy)
    deep = room > 0.5
    voxel_ml = anatomy.voxel_size_mm**3 / 1000
    ordered = np.sort(risk[deep])
    threshold = ordered[-min(max(int(load_ml / voxel_ml), 1), len(ordered) - 1)]
    excess = (risk - threshold) / np.float32(0.16)
    share = _sigmoid(excess) * room
    share[share < 0.02] = 0
    level = np.float32(damage) * (np.float32(0.6) + np.float32(0.4) * np.clip(excess / 6, 0, 1))
    return LesionMaps(share, level.astype(np.float32), share * np.float32(0.5))


def myelin_map(anatomy: Anatomy, maps: LesionMaps) -> Float32Array:
    """Return myelin relative to healthy white matter [X, Y, Z]: 1 in white, 0.25 in grey matter, lost in lesions."""
    white = anatomy.shares[0] + anatomy.shares[5] + np.float32(0.85) * anatomy.shares[6]
    grey = anatomy.shares[1] + anatomy.shares[2] + anatomy.shares[4] + anatomy.shares[3]
    healthy = (white + np.float32(0.25) * grey) * (anatomy.brain > 0.5)
    return healthy * (1 - np.float32(MYELIN_LOSS) * maps.demyelinated)


def texture_noise(seed: int, anatomy: Anatomy) -> Float32Array:
    """Unit noise on the box [X, Y, Z], smooth over a few mm; the same for every visit of a person."""
    field = smooth_noise(np.random.default_rng(seed), COARSE_SHAPE, 0.8)
    return upsample(field, _coarse_axes(anatomy))


def _candidates(anatomy: Anatomy, place: str) -> BoolArray:
    """Voxels in which the centre of a plaque of a place may lie."""
    white, cortex = anatomy.shares[0], anatomy.shares[1]
    distance, depth = anatomy.ventricle_distance_mm, anatomy.surface_distance_mm
    cerebrum = anatomy.region == CEREBRUM
    if place == "periventricular":
        return (white > 0.75) & cerebrum & (distance > 2) & (distance < 6)
    if place == "callosal":
        return (white > 0.75) & (anatomy.region == CALLOSUM) & (distance < 9)
    if place == "juxtacortical":
        return (white > 0.35) & (cortex > 0.2) & cerebrum & (depth > 3) & (distance > 10)
    if place == "infratentorial":
        return ((anatomy.region == BRAINSTEM) & (anatomy.shares[6] > 0.85)) | (anatomy.shares[5] > 0.6)
    return (white > 0.9) & cerebrum & (distance > 8) & (depth > 9)


def _draw_plaque(
    rng: np.random.Generator,
    anatomy: Anatomy,
    place: str,
    candidates: IntArray,
    away: Float32Array,
    size: float,
    onset_years: float,
) -> Plaque:
    """Draw one plaque around one of the candidate voxels (flat indices)."""
    index = np.unravel_index(int(candidates[rng.integers(len(candidates))]), anatomy.shape)
    centre = anatomy.affine[:3, :3] @ np.array(index) + anatomy.affine[:3, 3]
    direction = (
        away[:, index[0], index[1], index[2]] if place in ("periventricular", "callosal") else rng.normal(size=3)
    )
    long_mm, wide_mm = {
        "periventricular": (rng.uniform(6.0, 12.0), rng.uniform(3.0, 5.2)),
        "juxtacortical": (rng.uniform(3.8, 7.0), rng.uniform(3.2, 5.0)),
        "callosal": (rng.uniform(4.0, 7.0), rng.uniform(2.5, 3.8)),
        "infratentorial": (rng.uniform(3.5, 7.0), rng.uniform(3.0, 5.2)),
        "deep": (rng.uniform(3.8, 8.0), rng.uniform(3.0, 5.2)),
    }[place]
    if place == "periventricular":
        centre = centre + direction * (0.45 * long_mm - 2)
    radii = size * np.array([long_mm, wide_mm, wide_mm * rng.uniform(0.85, 1.15)])
    return Plaque(
        place=place,
        centre_mm=centre,
        radii_mm=radii,
        axes=_frame(direction + rng.normal(0, 0.12, 3), rng),
        damage=float(np.clip(rng.normal(0.74, 0.14), 0.35, 1.0)),
        onset_years=onset_years,
    )


def _frame(direction: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return an orthonormal frame [3, 3] whose first row is a direction."""
    first = direction / max(float(np.linalg.norm(direction)), 1e-6)
    second = np.cross(first, rng.normal(size=3))
    second /= np.linalg.norm(second)
    return np.stack([first, second, np.cross(first, second)])


def _away_from_ventricle(anatomy: Anatomy) -> Float32Array:
    """Unit vectors [3, X, Y, Z] along which the distance to the ventricles grows."""
    smooth = ndimage.gaussian_filter(anatomy.ventricle_distance_mm, 2 / anatomy.voxel_size_mm)
    gradient = np.stack(np.gradient(smooth)).astype(np.float32)
    return gradient / np.maximum(np.sqrt((gradient**2).sum(0)), np.float32(1e-3))


def _local_radius(
    anatomy: Anatomy, plaque: Plaque, inverse: FloatArray, texture: Float32Array
) -> tuple[tuple[slice, ...], Float32Array]:
    """Return the box around a plaque and the normalised radius in it: 1 on the rim, which the texture makes uneven.

    The volume stays the ovoid's on average: the mean of (1 + RIM t)^-3 over unit noise t is about 1 + 6 RIM^2.
    """
    reach = 1.5 * plaque.radii_mm.max() / anatomy.voxel_size_mm + 1
    centre = inverse[:3, :3] @ plaque.centre_mm + inverse[:3, 3]
    part = tuple(
        slice(max(int(c - reach), 0), max(min(int(c + reach) + 2, size), 1))
        for c, size in zip(centre, anatomy.shape, strict=True)
    )
    grid = np.ogrid[part]
    away_mm = [(axis - c).astype(np.float32) * anatomy.voxel_size_mm for axis, c in zip(grid, centre, strict=True)]
    squared = np.float32(0)
    for row, radius in zip(plaque.axes.astype(np.float32), plaque.radii_mm, strict=True):
        squared = (
            squared + ((row[0] * away_mm[0] + row[1] * away_mm[1] + row[2] * away_mm[2]) / np.float32(radius)) ** 2
        )
    return part, np.sqrt(squared) * np.float32(np.cbrt(1 + 6 * RIM**2)) * (1 + np.float32(RIM) * texture[part])


def _vascular_risk(rng: np.random.Generator, anatomy: Anatomy) -> Float32Array:
    """Risk of small-vessel damage [X, Y, Z]: near the ventricles, most at the horns, blotchy, alike on both sides."""
    axes = _coarse_axes(anatomy)
    middle = -GRID_ORIGIN_MM[0] / COARSE_STEP_MM
    mirrored = [middle + np.abs(axes[0] - middle), axes[1], axes[2]]
    blotches = [smooth_noise(rng, COARSE_SHAPE, sigma) for sigma in (1.1, 2.2, 1.1)]
    both = np.float32(0.62) * upsample(blotches[0], mirrored) + np.float32(0.55) * upsample(blotches[1], mirrored)
    uneven = np.float32(0.28) * upsample(blotches[2], axes)
    y = (axes[1] * COARSE_STEP_MM + GRID_ORIGIN_MM[1])[None, :, None]
    caps_mm = 4.5 * np.exp(-(((y - 32) / 11) ** 2)) + 4.0 * np.exp(-(((y + 46) / 13) ** 2))
    distance = np.maximum(anatomy.ventricle_distance_mm - caps_mm.astype(np.float32), 0)
    white = ndimage.gaussian_filter(anatomy.shares[0], 3 / anatomy.voxel_size_mm)
    spared = np.float32(6) * np.maximum(np.float32(0.8) - white, 0) * (anatomy.ventricle_distance_mm > 5)
    return -distance / np.float32(7) + both + uneven - spared


def _room(anatomy: Anatomy, cortex: float) -> Float32Array:
    """Share of a voxel that can be lesion: white matter and brainstem, and so much of the cortex."""
    shares = anatomy.shares
    return (shares[0] + shares[5] + shares[6] + np.float32(cortex) * shares[1]) * (anatomy.brain > 0.5)


def _coarse_axes(anatomy: Anatomy) -> list[Float32Array]:
    """The box's axes in indices of the coarse grid."""
    affine = anatomy.affine
    return [
        ((affine[i, 3] + anatomy.voxel_size_mm * np.arange(size) - GRID_ORIGIN_MM[i]) / COARSE_STEP_MM).astype(
            np.float32
        )
        for i, size in enumerate(anatomy.shape)
    ]


def _sigmoid(value: Float32Array) -> Float32Array:
    """Logistic function, safe from overflow."""
    return np.asarray(1 / (1 + np.exp(-np.clip(value, -30, 30))), np.float32)
