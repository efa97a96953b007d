"""MR properties of tissue, from the literature: relaxation, water, diffusion, magnetisation transfer, myelin binding.

Relaxation times in s at 1.5 T and 3 T:
T1 of white matter, cortex and deep grey: Wright et al., MAGMA 21:121 (2008), measured at both fields; that of deep grey
a little lower, for the thalamus. T2 of white matter: Stanisz et al., Magn Reson Med 54:507 (2005); of grey matter
between their 0.099 s and the shorter times that Gelman measured in people. T1 of fluid 4.3 s at any field: Rooney et
al., Magn Reson Med 57:308 (2007). Iron shortens T2 in the deep nuclei, most in the pallidum (Gelman et al., Radiology
210:759, 1999).
Relative proton density 0.71 / 0.83 / 1 in white, grey and fluid (Whittall et al., Magn Reson Med 37:34, 1997).
Lesions: water-rich tissue without myelin has a longer T1 and T2 (Stevenson et al., Magn Reson Imaging 18:265, 2000);
where axons are gone too, water fills the gap and T1 is far longer: the black holes of T1-weighted images (van
Walderveen et al., Neurology 50:1282, 1998).

Diffusion: mean diffusivity and fractional anisotropy of white and grey matter (Pierpaoli et al., Radiology 201:637,
1996); free water at body temperature 3.0e-3 mm2/s (Holz et al., Phys Chem Chem Phys 2:4740, 2000). White matter is .75
to .8 anisotropic in the callosum and about .3 where bundles cross below the cortex (Pierpaoli). Plaques: diffusivity
raised, most in black holes, and anisotropy lowered (Werring et al., Neurology 52:1626, 1999).

Magnetisation transfer ratio: 0.42 in white matter, in the cortex 0.84 of that (Chen et al., Neurology 80:246, 2013); in
demyelinated plaques about 0.7 of that around them, and in between where remyelinated (Schmierer et al., Ann Neurol
56:407, 2004). Myelin tracer (PIB): distribution volume ratio to grey matter (Stankoff et al., Ann Neurol 69:673, 2011;
Bodini et al., Ann Neurol 79:726, 2016), rounded: white 1.35, falling to that of grey where myelin is lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from brainlab.types import FloatArray

FLUID_T1_S = 4.3


@dataclass(frozen=True, kw_only=True)
class Tissue:
    """Constants of one tissue; relaxation times in s at (1.5 T, 3 T)."""

    t1_s: tuple[float, float]
    t2_s: tuple[float, float]
    density: float
    """Proton density relative to fluid."""
    diffusivity_mm2_s: float
    """Mean diffusivity: what a trace image sees."""
    anisotropy: float
    """Fractional anisotropy of the diffusion tensor, in [0, 1)."""
    mtr: float
    """Magnetisation transfer ratio, in [0, 1]."""
    dvr: float
    """Distribution volume ratio of the myelin tracer; 1 in grey matter."""


TISSUE_TABLE = {
    "white": Tissue(t1_s=(0.646, 0.838), t2_s=(0.072, 0.069), density=0.71, diffusivity_mm2_s=0.75e-3, anisotropy=0.30,
                    mtr=0.42, dvr=1.35),
    "cortical_grey": Tissue(t1_s=(1.197, 1.61), t2_s=(0.093, 0.097), density=0.83, diffusivity_mm2_s=0.93e-3,
                            anisotropy=0.10, mtr=0.35, dvr=1.0),
    "deep_grey": Tissue(t1_s=(0.98, 1.24), t2_s=(0.083, 0.079), density=0.79, diffusivity_mm2_s=0.75e-3,
                        anisotropy=0.20, mtr=0.36, dvr=1.12),
    "pallidum": Tissue(t1_s=(0.80, 1.00), t2_s=(0.067, 0.058), density=0.74, diffusivity_mm2_s=0.76e-3,
                       anisotropy=0.25, mtr=0.38, dvr=1.2),
    "cerebellar_grey": Tissue(t1_s=(1.15, 1.50), t2_s=(0.086, 0.086), density=0.83, diffusivity_mm2_s=0.80e-3,
                              anisotropy=0.12, mtr=0.34, dvr=0.98),
    "cerebellar_white": Tissue(t1_s=(0.68, 0.88), t2_s=(0.074, 0.071), density=0.71, diffusivity_mm2_s=0.70e-3,
                               anisotropy=0.45, mtr=0.41, dvr=1.3),
    "brainstem": Tissue(t1_s=(0.78, 1.02), t2_s=(0.077, 0.074), density=0.72, diffusivity_mm2_s=0.76e-3,
                        anisotropy=0.45, mtr=0.40, dvr=1.32),
    "fluid": Tissue(t1_s=(FLUID_T1_S, FLUID_T1_S), t2_s=(1.9, 1.7), density=1.0, diffusivity_mm2_s=3.0e-3,
                    anisotropy=0.0, mtr=0.02, dvr=0.45),
    "lesion": Tissue(t1_s=(1.10, 1.40), t2_s=(0.130, 0.126), density=0.84, diffusivity_mm2_s=1.15e-3, anisotropy=0.16,
                     mtr=0.27, dvr=0.95),
    "black_hole": Tissue(t1_s=(2.20, 2.60), t2_s=(0.27, 0.25), density=0.92, diffusivity_mm2_s=1.50e-3,
                         anisotropy=0.10, mtr=0.18, dvr=0.90),
    "fat": Tissue(t1_s=(0.29, 0.37), t2_s=(0.13, 0.13), density=0.95, diffusivity_mm2_s=0.05e-3, anisotropy=0.05,
                  mtr=0.02, dvr=0.5),
    "muscle": Tissue(t1_s=(1.01, 1.41), t2_s=(0.044, 0.040), density=0.75, diffusivity_mm2_s=1.50e-3, anisotropy=0.25,
                     mtr=0.45, dvr=0.7),
    "bone": Tissue(t1_s=(0.40, 0.40), t2_s=(0.012, 0.010), density=0.15, diffusivity_mm2_s=0.30e-3, anisotropy=0.05,
                   mtr=0.10, dvr=0.5),
}  # fmt: skip
"""White matter's anisotropy is that below the cortex, where bundles cross."""

COHERENT_ANISOTROPY = 0.78
"""Of white matter whose fibres run all one way, as in the callosum."""

HOLE_FROM, HOLE_FULL = 0.62, 1.0
"""Damage of a plaque from which axons go too, and at which nothing but a black hole would be left."""

UNEVENNESS = {"t1_s": 1.0, "t2_s": 1.0, "diffusivity_mm2_s": 0.5, "mtr": -0.5, "dvr": -0.5}
"""Relative change of each property where a tissue's relaxation times are longer by 1: more water, less myelin."""


@dataclass(frozen=True)
class Properties:
    """MR properties of n tissues or n voxels, each [n] with the units of `Tissue`, at one field strength."""

    t1_s: FloatArray
    t2_s: FloatArray
    density: FloatArray
    diffusivity_mm2_s: FloatArray
    anisotropy: FloatArray
    mtr: FloatArray
    dvr: FloatArray

    def scaled(self, factors: Mapping[str, npt.ArrayLike]) -> "Properties":
        """Multiply properties, by name, with numbers or arrays [n]."""
        return replace(self, **{name: getattr(self, name) * np.asarray(factor) for name, factor in factors.items()})

    def uneven(self, change: float) -> "Properties":
        """Return the tissue where its relaxation times differ by a relative `change`, with what goes along."""
        return self.scaled({name: 1 + response * change for name, response in UNEVENNESS.items()})

    def mixed(self, other: "Properties", share: FloatArray) -> "Properties":
        """Mix with a share [n] of another tissue: rates of relaxation linearly, as fast exchange of water has it."""
        names = [field.name for field in fields(self)]
        linear = {name: (1 - share) * getattr(self, name) + share * getattr(other, name) for name in names}
        for name in ("t1_s", "t2_s"):
            linear[name] = 1 / ((1 - share) / getattr(self, name) + share / getattr(other, name))
        return Properties(**linear)

    @property
    def axial_mm2_s(self) -> FloatArray:
        """Diffusivity along the fibres, of a tensor that is alike in all directions across them."""
        return self.diffusivity_mm2_s * (1 + 2 * self._elongation)

    @property
    def radial_mm2_s(self) -> FloatArray:
        """Diffusivity across the fibres."""
        return self.diffusivity_mm2_s * (1 - self._elongation)

    @property
    def _elongation(self) -> FloatArray:
        """k of the eigenvalues MD (1 + 2k, 1 - k, 1 - k), from FA = k sqrt(3 / (1 + 2 k^2))."""
        return self.anisotropy / np.sqrt(3 - 2 * np.square(self.anisotropy))


def properties(names: Sequence[str], field_strength_t: float) -> Properties:
    """Return the constants of tissues of TISSUE_TABLE, each [n]; relaxation times are linear between 1.5 T and 3 T."""
    weight = (field_strength_t - 1.5) / 1.5
    table = [TISSUE_TABLE[name] for name in names]
    columns = {field.name: np.array([getattr(tissue, field.name) for tissue in table]) for field in fields(Tissue)}
    for name in ("t1_s", "t2_s"):
        low, high = columns[name].T
        columns[name] = low + weight * (high - low)
    return Properties(**columns)


def white_matter(field_strength_t: float, coherence: FloatArray) -> Properties:
    """Return healthy white matter [n] whose fibres run one way to a degree `coherence` in [0, 1]."""
    white = properties(["white"], field_strength_t)
    many = Properties(**{field.name: np.full(len(coherence), getattr(white, field.name)[0]) for field in fields(white)})
    return replace(many, anisotropy=many.anisotropy + coherence * (COHERENT_ANISOTROPY - many.anisotropy))


def damaged(whole: Properties, field_strength_t: float, damage: FloatArray, bare: FloatArray) -> Properties:
    """Return white matter [n] of which a share `damage` in [0, 1] is lost: plaque, and black hole where it is strong.

    bare: share of it without myelin, which the myelin tracer sees whatever else is lost.
    """
    lesion, hole = (properties([name], field_strength_t) for name in ("lesion", "black_hole"))
    holes = np.clip((damage - HOLE_FROM) / (HOLE_FULL - HOLE_FROM), 0, 1)
    mixed = whole.mixed(lesion.mixed(hole, holes), damage)
    return replace(mixed, dvr=(1 - bare) * whole.dvr + bare * lesion.dvr)
