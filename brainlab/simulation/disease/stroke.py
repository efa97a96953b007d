"""Acute infarcts: a wedge of the middle cerebral artery's territory, or a lacune.

Cells swell within minutes and water diffuses more slowly, at 0.4-0.6e-3 mm2/s for days (Schlaug et al., Neurology
49:113, 1997; Lansberg et al., AJNR 22:637, 2001), while oedema lengthens T2 and T1 over hours, so that FLAIR shows the
infarct late (Thomalla et al., Lancet Neurol 10:978, 2011).
"""

from dataclasses import dataclass

import numpy as np

from brainlab.cohort.template import GRID_ORIGIN_MM
from brainlab.simulation.fields import COARSE_SHAPE, COARSE_STEP_MM, smooth_noise, upsample
from brainlab.simulation.people.anatomy import Anatomy
from brainlab.simulation.people.atlas import BRAINSTEM, CEREBELLUM, DEEP_GREY
from brainlab.simulation.people.tissue_shares import TISSUES
from brainlab.types import Float32Array, FloatArray, UInt8Array

FLUID = TISSUES.index("fluid")

LACUNES = 0.3
"""Share of infarcts that are lacunes."""
DIFFUSIVITY_MM2_S = (0.42e-3, 0.54e-3)
HOURS = (6.0, 120.0)
"""Since onset, at the visit."""
OEDEMA_HOURS = 12.0
T2_GAIN, T1_GAIN = 0.40, 0.18
"""Relative lengthening once the oedema is complete."""
TRUNK_MM = (30.0, 2.0, 6.0)
"""Where the artery enters the insula: the tip of every wedge points there."""


@dataclass(frozen=True)
class Infarct:
    """An infarct on a person's box."""

    share: Float32Array
    """Share of a voxel's tissue that is infarcted [X, Y, Z]."""
    diffusivity_mm2_s: float
    hours: float

    def mask(self, anatomy: Anatomy) -> UInt8Array:
        """Voxels of which at least half is infarcted tissue [X, Y, Z]; fluid between folds is left out."""
        return (self.share * (1 - anatomy.shares[FLUID]) * anatomy.brain >= 0.5).astype(np.uint8)

    @property
    def factors(self) -> dict[str, float]:
        """How much longer relaxation times are than before."""
        oedema = 1 - float(np.exp(-self.hours / OEDEMA_HOURS))
        return {"t1_s": 1 + T1_GAIN * oedema, "t2_s": 1 + T2_GAIN * oedema}


def draw_infarct(rng: np.random.Generator, anatomy: Anatomy) -> Infarct:
    """Draw an infarct of either kind, on either side."""
    side = 1.0 if rng.random() < 0.5 else -1.0
    diffusivity = float(rng.uniform(*DIFFUSIVITY_MM2_S))
    hours = float(np.exp(rng.uniform(*np.log(HOURS))))
    ragged = _ragged(rng, anatomy)
    inside = _lacune(rng, anatomy, side, ragged) if rng.random() < LACUNES else _wedge(rng, anatomy, side, ragged)
    inside *= (anatomy.region != CEREBELLUM) & (anatomy.region != BRAINSTEM)
    inside[inside < 0.02] = 0
    return Infarct(inside, diffusivity, hours)


def _wedge(rng: np.random.Generator, anatomy: Anatomy, side: float, ragged: Float32Array) -> Float32Array:
    """A cone from the trunk to the lateral surface, cut off short of the trunk where a branch is closed."""
    direction = np.array([side, rng.uniform(-0.9, 0.7), rng.uniform(-0.25, 0.8)])
    direction /= np.linalg.norm(direction)
    half_degrees = rng.uniform(14, 38)
    from_mm = rng.uniform(0, 22)
    x, y, z = anatomy.coordinates_mm()
    away = [x - side * TRUNK_MM[0], y - TRUNK_MM[1], z - TRUNK_MM[2]]
    reach_mm = np.sqrt(away[0] ** 2 + away[1] ** 2 + away[2] ** 2)
    along_mm = away[0] * direction[0] + away[1] * direction[1] + away[2] * direction[2]
    degrees = np.rad2deg(np.arccos(np.clip(along_mm / np.maximum(reach_mm, 1), -1, 1)))
    cone = _soft((half_degrees + 5 * ragged - degrees) / 2.5) * _soft((reach_mm + 3 * ragged - from_mm) / 1.5)
    # Other arteries feed what lies near the midline, more so higher up, and the poles.
    border_mm = 20 + 0.35 * np.maximum(z - 20, 0)
    lateral = _soft((side * x - border_mm + 2 * ragged) / 1.5)
    between_poles = _soft((44 - y) / 2) * _soft((y + 66) / 2)
    return np.asarray(cone * lateral * between_poles, np.float32)


def _lacune(rng: np.random.Generator, anatomy: Anatomy, side: float, ragged: Float32Array) -> Float32Array:
    """A small ellipsoid in the deep grey matter or the white matter above it, where an end artery is closed."""
    x, _, z = anatomy.coordinates_mm()
    white = (anatomy.white() > 0.8) & (anatomy.ventricle_distance_mm > 4) & (anatomy.ventricle_distance_mm < 15)
    grey = (anatomy.region == DEEP_GREY) & (anatomy.shares[2] > 0.7)
    places = np.flatnonzero((white & (z > 0) & (z < 36) | grey) & (side * x > 8) & (side * x < 34))
    index = np.unravel_index(int(places[rng.integers(len(places))]), anatomy.shape)
    radii_mm = rng.uniform(3.0, 7.0, 3)
    squared = sum(
        (((axis - axis.ravel()[at]) / radius) ** 2)
        for axis, at, radius in zip(anatomy.coordinates_mm(), index, radii_mm, strict=True)
    )
    return _soft((1 - np.sqrt(squared) + np.float32(0.1) * ragged) / 0.12) * (side * x > 4)


def _ragged(rng: np.random.Generator, anatomy: Anatomy) -> Float32Array:
    """Unit noise [X, Y, Z] over about 8 mm, which makes the borders uneven."""
    field = smooth_noise(rng, COARSE_SHAPE, 2.0)
    axes = [
        np.asarray((axis.ravel() - origin) / COARSE_STEP_MM, np.float32)
        for axis, origin in zip(anatomy.coordinates_mm(), GRID_ORIGIN_MM, strict=True)
    ]
    return upsample(field, axes)


def _soft(value: FloatArray) -> Float32Array:
    """Logistic function."""
    return np.asarray(1 / (1 + np.exp(-np.clip(value, -30, 30))), np.float32)
