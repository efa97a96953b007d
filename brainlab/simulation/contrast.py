"""Image contrast from tissue constants and signal equations. FLAIR so far; a modality is one entry of MODALITIES.

Relaxation times in s at 1.5 T and 3 T:
T1 of white matter, cortex and deep grey: Wright et al., MAGMA 21:121 (2008), measured at both fields; the cortex at 3 T
lies midway between their 1.61 s and the 1.33 s of Wansapura et al., J Magn Reson Imaging 9:531 (1999). T2 of white and
grey matter: Stanisz et al., Magn Reson Med 54:507 (2005). T1 of fluid 4.3 s at any field: Rooney et al., Magn Reson Med
57:308 (2007). Iron shortens T2 in the deep nuclei, most in the pallidum (Gelman et al., Radiology 210:759, 1999).
Relative proton density 0.69 / 0.82 / 1 in white, grey and fluid (Tofts, Quantitative MRI of the Brain, 2003, ch. 4).
Lesions: water-rich tissue without myelin has a longer T1 and T2 (Stevenson et al., Magn Reson Imaging 18:265, 2000).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from brainlab.simulation.tissue_shares import TISSUES
from brainlab.types import Float32Array, FloatArray

FLUID_T1_S = 4.3


@dataclass(frozen=True)
class Tissue:
    """Constants of one tissue: T1 and T2 in s at (1.5 T, 3 T), proton density relative to fluid."""

    t1_s: tuple[float, float]
    t2_s: tuple[float, float]
    density: float


TISSUE_TABLE = {
    "white": Tissue((0.646, 0.838), (0.072, 0.069), 0.69),
    "cortical_grey": Tissue((1.197, 1.61), (0.095, 0.099), 0.82),
    "deep_grey": Tissue((1.05, 1.33), (0.083, 0.079), 0.79),
    "pallidum": Tissue((0.80, 1.00), (0.067, 0.058), 0.74),
    "cerebellar_grey": Tissue((1.15, 1.50), (0.086, 0.086), 0.82),
    "cerebellar_white": Tissue((0.68, 0.88), (0.074, 0.071), 0.69),
    "brainstem": Tissue((0.78, 1.02), (0.077, 0.074), 0.72),
    "fluid": Tissue((FLUID_T1_S, FLUID_T1_S), (1.9, 1.7), 1.0),
    "lesion": Tissue((1.10, 1.40), (0.130, 0.126), 0.84),
    "fat": Tissue((0.29, 0.37), (0.13, 0.13), 0.95),
    "muscle": Tissue((1.01, 1.41), (0.044, 0.040), 0.75),
    "bone": Tissue((0.40, 0.40), (0.012, 0.010), 0.15),
}


@dataclass(frozen=True, kw_only=True)
class FlairSettings:
    """Times of one FLAIR scan in s, field in T."""

    field_strength_t: float
    echo_time_s: float
    repetition_time_s: float
    inversion_time_s: float


def fluid_null_inversion_time(repetition_time_s: float, t1_s: float = FLUID_T1_S) -> float:
    """Return the inversion time at which fluid has no signal.

    From 1 - 2 exp(-TI/T1) + exp(-TR/T1) = 0: TI = T1 (ln 2 - ln(1 + exp(-TR/T1))).
    """
    return float(t1_s * (np.log(2) - np.log1p(np.exp(-repetition_time_s / t1_s))))


def flair_signal(
    settings: FlairSettings, t1_s: FloatArray | float, t2_s: FloatArray | float, density: FloatArray | float
) -> FloatArray:
    """Return the magnitude of an inversion-recovery turbo spin echo.

    S = density |1 - 2 exp(-TI/T1) + exp(-TR/T1)| exp(-TE/T2), with TE the effective echo time (Hajnal et al., J Comput
    Assist Tomogr 16:841, 1992; de Coene et al., AJNR 13:1555, 1992).
    """
    t1 = np.asarray(t1_s)
    recovered = 1 - 2 * np.exp(-settings.inversion_time_s / t1) + np.exp(-settings.repetition_time_s / t1)
    return np.asarray(density) * np.abs(recovered) * np.exp(-settings.echo_time_s / np.asarray(t2_s))


MODALITIES: dict[str, Callable[[FlairSettings, FloatArray, FloatArray, FloatArray], FloatArray]] = {
    "FLAIR": flair_signal
}
"""Signal equation by BIDS suffix."""


def constants(name: str, field_strength_t: float) -> tuple[float, float, float]:
    """Return T1 s, T2 s and proton density of a tissue, linear between 1.5 T and 3 T."""
    tissue = TISSUE_TABLE[name]
    weight = (field_strength_t - 1.5) / 1.5
    t1, t2 = (low + weight * (high - low) for low, high in (tissue.t1_s, tissue.t2_s))
    return t1, t2, tissue.density


def tissue_signals(modality: str, settings: FlairSettings, jitter: FloatArray) -> FloatArray:
    """Return the signal of each tissue of TISSUES [8].

    jitter: factors on T1 and T2 [2, 8], a person's own (a few per cent).
    """
    t1, t2, density = np.array([constants(name, settings.field_strength_t) for name in TISSUES]).T
    return MODALITIES[modality](settings, t1 * jitter[0], t2 * jitter[1], density)


def lesion_signal(modality: str, settings: FlairSettings, damage: FloatArray) -> Float32Array:
    """Return the signal of white matter of which a share `damage` [n] in [0, 1] is without myelin.

    Relaxation rates mix linearly with the share, as fast exchange of water between the two would have it.
    """
    whole, lost = (np.array(constants(name, settings.field_strength_t)) for name in ("white", "lesion"))
    rate1, rate2 = ((1 - damage) / whole[i] + damage / lost[i] for i in (0, 1))
    density = (1 - damage) * whole[2] + damage * lost[2]
    return MODALITIES[modality](settings, 1 / rate1, 1 / rate2, density).astype(np.float32)
