"""Signal equations: from a tissue's properties and a scan's settings to the signal, one class a technique.

Each returns the signed signal [channels, n] before noise; what is read from the channels is the sequence's business
(`registry`). The sign matters where tissues of opposite magnetisation share a voxel: magnitudes are taken at the end.
"""

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

import numpy as np

from brainlab.simulation.sequences.tissue import FLUID_T1_S, Properties
from brainlab.types import FloatArray

BIDS_FIELDS = {
    "field_strength_t": "MagneticFieldStrength",
    "echo_time_s": "EchoTime",
    "repetition_time_s": "RepetitionTime",
    "inversion_time_s": "InversionTime",
    "flip_degrees": "FlipAngle",
}
"""Setting of a technique to the field of a BIDS sidecar, in the same units."""


class Technique(Protocol):
    """What a scan does to the magnetisation."""

    pulse_sequence: ClassVar[str]
    """BIDS `PulseSequenceType`; empty where no magnetisation is involved."""

    @property
    def field_strength_t(self) -> float: ...

    def signals(self, tissue: Properties) -> FloatArray:
        """Return the signed signal of n tissues in each channel [channels, n]."""
        ...


def sidecar(technique: Technique) -> dict[str, Any]:
    """Return a technique's settings as BIDS has them."""
    if not technique.pulse_sequence:
        return {}
    names = [field.name for field in fields(technique) if field.name in BIDS_FIELDS]  # type: ignore[arg-type]
    return {
        "PulseSequenceType": technique.pulse_sequence,
        **{BIDS_FIELDS[name]: getattr(technique, name) for name in names},
    }


@dataclass(frozen=True, kw_only=True)
class SpinEcho:
    """Spin echo or turbo spin echo of many slices; times in s.

    S = density (1 - exp(-TR/T1)) exp(-c TE/T2) (1 - m MTR)

    echo_factor: c, below 1 in a train of echoes refocused by less than 180 degrees: magnetisation stored along the
    field decays with T1 meanwhile, and the contrast is that of an earlier echo (Busse et al., Magn Reson Med 55:1030,
    2006).
    transfer: m, the saturation of bound water by the pulses for other slices, relative to that of a magnetisation
    transfer experiment: white matter loses most (Melki and Mulkern, Magn Reson Med 24:189, 1992).
    """

    pulse_sequence: ClassVar[str] = "Spin echo"

    field_strength_t: float
    echo_time_s: float
    repetition_time_s: float
    echo_factor: float = 1.0
    transfer: float = 0.0

    def signals(self, tissue: Properties) -> FloatArray:
        echo = _spin_echo(tissue, self.echo_factor * self.echo_time_s, self.repetition_time_s)
        return np.stack([echo * (1 - self.transfer * tissue.mtr)])


def _spin_echo(tissue: Properties, echo_s: float, repetition_s: float) -> FloatArray:
    return tissue.density * (1 - np.exp(-repetition_s / tissue.t1_s)) * np.exp(-echo_s / tissue.t2_s)


@dataclass(frozen=True, kw_only=True)
class InversionRecovery:
    """Inversion-recovery turbo spin echo: FLAIR; times in s.

    S = density (1 - 2 exp(-TI/T1) + exp(-TR/T1)) exp(-TE/T2), with TE the effective echo time (Hajnal et al., J Comput
    Assist Tomogr 16:841, 1992; de Coene et al., AJNR 13:1555, 1992).
    """

    pulse_sequence: ClassVar[str] = "Inversion recovery turbo spin echo"

    field_strength_t: float
    echo_time_s: float
    repetition_time_s: float
    inversion_time_s: float

    def signals(self, tissue: Properties) -> FloatArray:
        inverted, ended = (np.exp(-time / tissue.t1_s) for time in (self.inversion_time_s, self.repetition_time_s))
        return np.stack([tissue.density * (1 - 2 * inverted + ended) * np.exp(-self.echo_time_s / tissue.t2_s)])


def fluid_null_inversion_time(repetition_time_s: float, t1_s: float = FLUID_T1_S) -> float:
    """Return the inversion time at which fluid has no signal.

    From 1 - 2 exp(-TI/T1) + exp(-TR/T1) = 0: TI = T1 (ln 2 - ln(1 + exp(-TR/T1))).
    """
    return float(t1_s * (np.log(2) - np.log1p(np.exp(-repetition_time_s / t1_s))))


@dataclass(frozen=True, kw_only=True)
class DoubleInversion:
    """Double inversion recovery (DIR): fluid and white matter are nulled, the cortex stands alone; times in s.

    S = density (1 - 2 exp(-t/T1) + 2 exp(-TI/T1) - exp(-TR/T1)) exp(-TE/T2)

    with the first inversion TI = `inversion_time_s` and the second t = `second_inversion_time_s` before the echo train
    (Redpath and Smith, Br J Radiol 67:1258, 1994).
    """

    pulse_sequence: ClassVar[str] = "Double inversion recovery turbo spin echo"

    field_strength_t: float
    echo_time_s: float
    repetition_time_s: float
    inversion_time_s: float
    second_inversion_time_s: float

    def signals(self, tissue: Properties) -> FloatArray:
        recovered = _twice_inverted(
            tissue.t1_s, self.repetition_time_s, self.inversion_time_s, self.second_inversion_time_s
        )
        return np.stack([tissue.density * recovered * np.exp(-self.echo_time_s / tissue.t2_s)])


def _twice_inverted(t1_s: FloatArray | float, repetition_s: float, first_s: float, second_s: float) -> FloatArray:
    """Magnetisation at the echo train, of 1, with inversions so many s before it; it is 0 when a repetition starts."""
    t1 = np.asarray(t1_s)
    return 1 - 2 * np.exp(-second_s / t1) + 2 * np.exp(-first_s / t1) - np.exp(-repetition_s / t1)


def double_null_inversion_times(repetition_time_s: float, white_t1_s: float) -> tuple[float, float]:
    """Return the times in s of both inversions before the echo train at which fluid and white matter have no signal.

    For each second inversion, that of the first which nulls fluid is known in closed form; the second is searched.
    """

    from scipy.optimize import brentq

    def first(second_s: float) -> float:
        rest = np.exp(-second_s / FLUID_T1_S) - (1 - np.exp(-repetition_time_s / FLUID_T1_S)) / 2
        return float(-FLUID_T1_S * np.log(rest))

    def white(second_s: float) -> float:
        return float(_twice_inverted(white_t1_s, repetition_time_s, first(second_s), second_s))

    second = float(brentq(white, 0.05, 1.2))
    return first(second), second


@dataclass(frozen=True, kw_only=True)
class GradientEcho:
    """Spoiled gradient echo (FLASH, SPGR); times in s.

    S = density sin a (1 - E) / (1 - E cos a) exp(-TE/T2), E = exp(-TR/T1) (Haase et al., J Magn Reson 67:258, 1986).
    Echoes are so short that T2* and T2 are alike.
    """

    pulse_sequence: ClassVar[str] = "Spoiled gradient echo"

    field_strength_t: float
    echo_time_s: float
    repetition_time_s: float
    flip_degrees: float

    def signals(self, tissue: Properties) -> FloatArray:
        return np.stack([_spoiled_echo(tissue, self.echo_time_s, self.repetition_time_s, self.flip_degrees)])


def _spoiled_echo(tissue: Properties, echo_s: float, repetition_s: float, flip_degrees: float) -> FloatArray:
    angle, kept = np.deg2rad(flip_degrees), np.exp(-repetition_s / tissue.t1_s)
    steady = np.sin(angle) * (1 - kept) / (1 - kept * np.cos(angle))
    return tissue.density * steady * np.exp(-echo_s / tissue.t2_s)


@dataclass(frozen=True, kw_only=True)
class Mprage:
    """Magnetisation-prepared rapid gradient echo (Mugler and Brookeman, Magn Reson Med 15:152, 1990); times in s.

    The steady state of: inversion, recovery, `echoes` pulses of a small angle every `echo_spacing_s`, recovery until
    TR. The contrast is that of the middle pulse, at TI (after Marques et al., NeuroImage 49:1271, 2010, appendix).
    """

    pulse_sequence: ClassVar[str] = "MPRAGE"
    inversion_efficiency: ClassVar[float] = 0.96

    field_strength_t: float
    echo_time_s: float
    repetition_time_s: float
    inversion_time_s: float
    flip_degrees: float
    echo_spacing_s: float
    echoes: int

    def signals(self, tissue: Properties) -> FloatArray:
        t1, half = tissue.t1_s, self.echoes // 2
        before_s = self.inversion_time_s - half * self.echo_spacing_s
        after_s = self.repetition_time_s - before_s - self.echoes * self.echo_spacing_s
        # Each part of the cycle maps the magnetisation linearly, m -> gain m + gained.
        inversion = (-self.inversion_efficiency * np.ones_like(t1), np.zeros_like(t1))
        to_middle = _then(_then(inversion, _recovery(t1, before_s)), self._pulses(t1, half))
        cycle = _then(_then(to_middle, self._pulses(t1, self.echoes - half)), _recovery(t1, after_s))
        steady = cycle[1] / (1 - cycle[0])
        middle = to_middle[0] * steady + to_middle[1]
        angle = np.deg2rad(self.flip_degrees)
        return np.stack([tissue.density * middle * np.sin(angle) * np.exp(-self.echo_time_s / tissue.t2_s)])

    def _pulses(self, t1_s: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
        """What `count` pulses and the recovery after each do."""
        recovery = np.exp(-self.echo_spacing_s / t1_s)
        kept = recovery * np.cos(np.deg2rad(self.flip_degrees))
        return kept**count, (1 - recovery) * (1 - kept**count) / (1 - kept)


def _recovery(t1_s: FloatArray, time_s: float) -> tuple[FloatArray, FloatArray]:
    kept = np.exp(-time_s / t1_s)
    return kept, 1 - kept


def _then(first: tuple[FloatArray, FloatArray], second: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Apply one linear map of the magnetisation after another."""
    return second[0] * first[0], second[0] * first[1] + second[1]


@dataclass(frozen=True, kw_only=True)
class TraceDiffusion:
    """Diffusion-weighted echo-planar imaging; channels: without weighting, and the trace image at `b_value_s_mm2`.

    S = density (1 - exp(-TR/T1)) exp(-TE/T2) exp(-b D), D the mean diffusivity (Stejskal and Tanner, J Chem Phys
    42:288, 1965). The geometric mean over three directions sees the mean diffusivity, whatever the anisotropy.
    """

    pulse_sequence: ClassVar[str] = "Diffusion-weighted spin echo EPI"

    field_strength_t: float
    echo_time_s: float
    repetition_time_s: float
    b_value_s_mm2: float

    def signals(self, tissue: Properties) -> FloatArray:
        plain = _spin_echo(tissue, self.echo_time_s, self.repetition_time_s)
        return np.stack([plain, plain * np.exp(-self.b_value_s_mm2 * tissue.diffusivity_mm2_s)])


@dataclass(frozen=True, kw_only=True)
class TensorDiffusion:
    """Diffusion tensor imaging; channels: without weighting, and weighted along and across the fibres.

    The two weighted signals stand for those that the tensor's fit would give back (Basser et al., Biophys J 66:259,
    1994), of a tensor that is alike in all directions across the fibres.
    """

    pulse_sequence: ClassVar[str] = "Diffusion-weighted spin echo EPI"

    field_strength_t: float
    echo_time_s: float
    repetition_time_s: float
    b_value_s_mm2: float

    def signals(self, tissue: Properties) -> FloatArray:
        plain = _spin_echo(tissue, self.echo_time_s, self.repetition_time_s)
        b = self.b_value_s_mm2
        return np.stack([plain, plain * np.exp(-b * tissue.axial_mm2_s), plain * np.exp(-b * tissue.radial_mm2_s)])


@dataclass(frozen=True, kw_only=True)
class MagnetisationTransfer:
    """Spoiled gradient echo without and with a pulse that saturates bound water; channels: without, with.

    MTR = 1 - with / without (Wolff and Balaban, Magn Reson Med 10:135, 1989).
    """

    pulse_sequence: ClassVar[str] = "Spoiled gradient echo"

    field_strength_t: float
    echo_time_s: float
    repetition_time_s: float
    flip_degrees: float

    def signals(self, tissue: Properties) -> FloatArray:
        without = _spoiled_echo(tissue, self.echo_time_s, self.repetition_time_s, self.flip_degrees)
        return np.stack([without, without * (1 - tissue.mtr)])


@dataclass(frozen=True, kw_only=True)
class TracerBinding:
    """Positron emission tomography of myelin: distribution volume ratio of a tracer to grey matter."""

    pulse_sequence: ClassVar[str] = ""

    field_strength_t: float = 3.0
    """Of the MR properties, which play no part."""

    def signals(self, tissue: Properties) -> FloatArray:
        return np.stack([tissue.dvr])
