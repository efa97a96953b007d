"""How tissue differs from its constants: with age, and from place to place inside one brain.

Iron gathers in the deep nuclei with age and shortens their T2, while that of white matter grows longer (Schenker et
al., Neuroradiology 35:119, 1993; Siemonsen et al., AJNR 29:950, 2008; Callaghan et al., Neurobiol Aging 35:1862, 2014).
"""

import numpy as np

from brainlab.simulation.people.anatomy import Anatomy, ageing
from brainlab.simulation.people.atlas import CALLOSUM, DEEP_GREY
from brainlab.simulation.people.tissue_shares import TISSUES
from brainlab.types import Float32Array, FloatArray

T2_CHANGE_BY_85 = {"white": 0.05, "deep_grey": -0.15, "pallidum": -0.15}
"""Relative change of T2 between 25 and 85 years."""

DISEASE_T2 = {"ms": {"white": 1.03, "deep_grey": 0.98, "pallidum": 0.98}}
"""Factors on T2 by class, away from lesions: white matter that looks normal has a longer T2 in multiple sclerosis
(Whittall et al., Magn Reson Med 47:403, 2002), and the deep nuclei hold more iron (Bakshi et al., Arch Neurol 59:62,
2002)."""
HALO_GROWTH_BY_85 = 0.6
"""How much stronger the halo is at 85 years than at 25: caps and linings of the ventricles come with age (Fazekas et
al., AJR 149:351, 1987)."""
DISEASE_HALO = {"ms": 1.4}
"""Factor on HALO by class: diffusely abnormal white matter (Seewann et al., Arch Neurol 66:601, 2009)."""

PERSONAL = 0.02
"""Standard deviation of a tissue's properties between people."""

TEXTURE = 0.028
"""Standard deviation of relaxation times over a few mm; no brain is uniform."""
REGIONAL = 0.045
"""The same over centimetres."""

HALO, HALO_MM = (0.10, 0.10), (4.0, 1.5)
"""Longer relaxation of white matter at the ventricles' walls, and how far it reaches, in two layers; most behind."""
HALO_IN_FRONT, HALO_BEHIND = 0.6, 1.4
TRACT = 0.10
"""Longer relaxation in the corticospinal tracts, of few and thick fibres."""
CALLOSUM_CHANGE = -0.06
"""Shorter relaxation in the callosum, of many and thin fibres."""

LIMBIC = 0.14
"""Longer relaxation of the limbic cortex, which is brighter than other cortex in FLAIR (Hirai et al., Radiology
215:470, 2000)."""

THALAMUS = -0.03
"""Shorter relaxation in the thalamus than in caudate and putamen, of which the table has the constants: more myelin."""

DEEP_COHERENCE, DEEP_MM = 0.42, (6.0, 26.0)
"""How far fibres run one way deep in the white matter, and the depths in mm between which that is reached."""
TRACT_COHERENCE = 0.35
"""What the corticospinal tract adds."""
COHERENCE_TEXTURE = 0.07


def ageing_of_tissue(age_years: float) -> dict[str, FloatArray]:
    """Return factors on the properties of the tissues of TISSUES [8]: 1 until 25 years."""
    return {"t2_s": np.array([1 + T2_CHANGE_BY_85.get(name, 0.0) * ageing(age_years) for name in TISSUES])}


def disease_of_tissue(class_name: str) -> dict[str, FloatArray]:
    """Return factors on the properties of the tissues of TISSUES [8] that a class has wherever there is no lesion."""
    changed = DISEASE_T2.get(class_name, {})
    return {"t2_s": np.array([changed.get(name, 1.0) for name in TISSUES])}


def draw_tissue_factors(relaxation: np.random.Generator, other: np.random.Generator) -> dict[str, FloatArray]:
    """Draw a person's own factors on T1 and T2, and on the other properties of the tissues of TISSUES, each [8]."""
    t1, t2 = 1 + relaxation.normal(0, PERSONAL, (2, len(TISSUES)))
    names = ("diffusivity_mm2_s", "anisotropy", "mtr", "dvr")
    rest = 1 + other.normal(0, PERSONAL, (len(names), len(TISSUES)))
    return {"t1_s": t1, "t2_s": t2, **dict(zip(names, rest, strict=True))}


def combined(*factors: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Multiply factors [8] by the name of the property."""
    product: dict[str, FloatArray] = {}
    for some in factors:
        for name, factor in some.items():
            product[name] = product.get(name, 1.0) * factor
    return product


def unevenness(anatomy: Anatomy, texture: Float32Array, class_name: str) -> Float32Array:
    """Return the relative deviation of relaxation times from a tissue's own [X, Y, Z].

    texture: unit noise [X, Y, Z] of a few mm, the person's own. What follows ventricles and tracts is of white matter
    alone.
    """
    x, y, z = anatomy.coordinates_mm()
    distance_mm = np.maximum(anatomy.ventricle_distance_mm, 0)
    behind = HALO_IN_FRONT + (HALO_BEHIND - HALO_IN_FRONT) * np.clip((-y - 10) / 40, 0, 1)
    layers = sum(height * np.exp(-distance_mm / width) for height, width in zip(HALO, HALO_MM, strict=True))
    strength = DISEASE_HALO.get(class_name, 1.0) * (1 + HALO_GROWTH_BY_85 * ageing(anatomy.age_years))
    white = strength * behind * layers
    white += TRACT * _corticospinal(x, y, z) + CALLOSUM_CHANGE * (anatomy.region == CALLOSUM)
    thalamus = (anatomy.region == DEEP_GREY) & (((np.abs(x) - 12) / 14) ** 2 + ((y + 18) / 17) ** 2 < 1)
    uneven = TEXTURE * texture + REGIONAL * anatomy.regional + anatomy.white() * white + THALAMUS * thalamus
    uneven += LIMBIC * anatomy.shares[TISSUES.index("cortical_grey")] * _limbic(x, y, z)
    return np.asarray(uneven, np.float32)


def coherence(anatomy: Anatomy, texture: Float32Array) -> Float32Array:
    """Return how far white matter's fibres run one way [X, Y, Z] in [0, 1]: 1 in the callosum, least below the cortex.

    Bundles cross near the surface and run together in depth (Pierpaoli et al., Radiology 201:637, 1996).
    """
    x, y, z = anatomy.coordinates_mm()
    low, high = DEEP_MM
    deep = np.clip((anatomy.surface_distance_mm - low) / (high - low), 0, 1)
    one_way = DEEP_COHERENCE * deep + TRACT_COHERENCE * _corticospinal(x, y, z) + COHERENCE_TEXTURE * texture
    return np.asarray(np.clip(np.where(anatomy.region == CALLOSUM, 1, one_way), 0, 1), np.float32)


def _corticospinal(x: Float32Array, y: Float32Array, z: Float32Array) -> Float32Array:
    """1 along the corticospinal tracts of both sides, above the midbrain."""
    across = ((np.abs(x) - 24) / 6) ** 2 + ((y + 20 + 0.1 * z) / 9) ** 2
    return np.asarray(np.exp(-across) * (z > -10), np.float32)


def _limbic(x: Float32Array, y: Float32Array, z: Float32Array) -> Float32Array:
    """1 in the medial temporal lobe, the insula and the cingulate gyrus of both sides."""
    side = np.abs(x)
    temporal = ((side - 26) / 9) ** 2 + ((y + 16) / 17) ** 2 + ((z + 17) / 9) ** 2
    insula = ((side - 38) / 5) ** 2 + ((y - 4) / 16) ** 2 + ((z - 2) / 12) ** 2
    round_the_callosum = np.hypot((y + 2) / 46, (z + 2) / 36)
    cingulate = ((side - 4) / 5) ** 2 + ((round_the_callosum - 1.15) / 0.15) ** 2
    return np.asarray(np.maximum(np.exp(-np.minimum(temporal, insula)), np.exp(-cingulate) * (z > -8)), np.float32)
