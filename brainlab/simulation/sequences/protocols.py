"""How each sequence is prescribed at a site: times, angles, voxels and bandwidth, drawn anew for every scan.

Values are those of clinical and research protocols at 1.5 and 3 T; what sets the contrast has a name at the head.
"""

from dataclasses import dataclass

import numpy as np

from brainlab.simulation.sequences.scanners import Scanner
from brainlab.simulation.sequences.techniques import (
    DoubleInversion,
    GradientEcho,
    InversionRecovery,
    MagnetisationTransfer,
    Mprage,
    SpinEcho,
    Technique,
    TensorDiffusion,
    TraceDiffusion,
    TracerBinding,
    double_null_inversion_times,
    fluid_null_inversion_time,
)
from brainlab.simulation.sequences.tissue import TISSUE_TABLE

FLAIR_INVERSION = 1.068
"""Inversion time over that which nulls fluid; set by the fluid of real FLAIR scans, which is not black."""
READOUT_BLUR = 1.2
"""Width of an echo-planar voxel along and across over its nominal size: T2* decays during the long readout."""

DIFFUSION_ECHO_S = (0.080, 0.058)
"""Echo time of diffusion-weighted slices at 1.5 T and 3 T."""
DIFFUSION_SLICES_MM = (2.0, 3.0, 5.0)
"""Thickness of its slices; one is drawn."""

PIXELS_MM = (0.72, 0.86, 0.94, 1.0)
"""In-plane voxel sizes of slices; one is drawn."""

MULTISLICE_TRANSFER = 0.40
"""Saturation of bound water by the pulses for other slices, as a share of that of a transfer experiment: spin echo."""

TRAIN_TRANSFER = 0.20
"""The same of a turbo spin echo. Both are set by the contrast of real T1 and T2 scans."""

VOLUME_T1_FAT = (0.35, 0.60)
"""Range of the share of fat's signal that 3D T1-weighted protocols leave, whose pulses excite water or whose echo times
let both cancel. In two real ones the scalp is .9 times as bright as white matter; with all of fat's signal it would be
2.4 times, as it is in real spin-echo images."""

ECHO_FACTOR = 0.75
"""Echo time by contrast over echo time by k-space, of a T2-weighted turbo spin echo refocused by 120 to 150 degrees."""


@dataclass(frozen=True, kw_only=True)
class ScanProtocol:
    """Settings of a scan. Lengths in mm; thickness is along the body's axis."""

    technique: Technique
    pixel_mm: float
    thickness_mm: float
    pixel_bandwidth_hz: int
    relative_snr: float = 1.0
    """Of the sequence's reference tissue, relative to white matter in FLAIR of the same voxel, bandwidth and field."""
    fat: float = 1.0
    """Share of fat's signal that saturation leaves."""
    coil: bool = True
    """Whether a coil receives it: its sensitivity shows, movement leaves ghosts, and noise is that of a magnitude."""
    noise_width_mm: float = 0.0
    """Standard deviation of the filter that makes noise alike in neighbours; 0 for white noise."""


def flair(rng: np.random.Generator, scanner: Scanner) -> ScanProtocol:
    """The inversion time is 6.8% longer than what nulls fluid for the repetition time, with a standard
    deviation of 2%."""
    repetition_s = _around(rng, scanner.repetition_time_s, 0.025)
    technique = InversionRecovery(
        field_strength_t=scanner.field_strength_t,
        echo_time_s=_around(rng, scanner.echo_time_s, 0.05, 4),
        repetition_time_s=repetition_s,
        inversion_time_s=_around(rng, FLAIR_INVERSION * fluid_null_inversion_time(repetition_s), 0.02),
    )
    return _slices(rng, scanner, technique, fat=float(rng.uniform(0.12, 0.4)))


def t1w(rng: np.random.Generator, scanner: Scanner) -> ScanProtocol:
    """What `T1w` means differs from site to site: spin echo or FLASH of thick slices, or a 3D gradient echo."""
    field = scanner.field_strength_t
    if scanner.t1w == "spin-echo":
        return t1se(rng, scanner)
    if scanner.t1w == "flash":
        flash = GradientEcho(
            field_strength_t=field,
            echo_time_s=_around(rng, 0.0046, 0.05, 4),
            repetition_time_s=_around(rng, 0.25, 0.1),
            flip_degrees=_around(rng, 75, 0.04, 0),
        )
        return _slices(rng, scanner, flash, relative_snr=1.2)
    technique: Technique
    if scanner.t1w == "spgr":
        technique = GradientEcho(
            field_strength_t=field,
            echo_time_s=_around(rng, 0.0045, 0.05, 4),
            repetition_time_s=_around(rng, 0.012, 0.1, 4),
            flip_degrees=_around(rng, 20, 0.04, 0),
        )
    else:
        technique = Mprage(
            field_strength_t=field,
            echo_time_s=_around(rng, 0.003, 0.1, 4),
            repetition_time_s=_around(rng, 2.2, 0.05),
            inversion_time_s=_around(rng, 0.95, 0.04),
            flip_degrees=_around(rng, 9, 0.04, 0),
            echo_spacing_s=_around(rng, 0.0075, 0.05, 4),
            echoes=176,
        )
    return _volume(rng, scanner, technique, (1.0, 1.2, 1.5), relative_snr=1.6, fat=float(rng.uniform(*VOLUME_T1_FAT)))


def t1se(rng: np.random.Generator, scanner: Scanner) -> ScanProtocol:
    """Spin echo of slices, flatter than MPRAGE: the image in which plaques are seen as black holes."""
    technique = SpinEcho(
        field_strength_t=scanner.field_strength_t,
        echo_time_s=_around(rng, 0.013, 0.1, 4),
        repetition_time_s=_around(rng, 0.58, 0.08),
        transfer=MULTISLICE_TRANSFER,
    )
    return _slices(rng, scanner, technique, relative_snr=1.3)


def t2w(rng: np.random.Generator, scanner: Scanner) -> ScanProtocol:
    """Turbo spin echo; its repetition time leaves fluid a good deal short of full recovery."""
    technique = SpinEcho(
        field_strength_t=scanner.field_strength_t,
        echo_time_s=_around(rng, 0.093 * scanner.echo_habit, 0.05, 4),
        repetition_time_s=_around(rng, 6.0, 0.08),
        echo_factor=ECHO_FACTOR,
        transfer=TRAIN_TRANSFER,
    )
    return _slices(rng, scanner, technique, relative_snr=1.2)


def pdw(rng: np.random.Generator, scanner: Scanner) -> ScanProtocol:
    """The short echo of a dual-echo turbo spin echo."""
    technique = SpinEcho(
        field_strength_t=scanner.field_strength_t,
        echo_time_s=_around(rng, 0.014 * scanner.echo_habit, 0.05, 4),
        repetition_time_s=_around(rng, 2.8, 0.06),
        transfer=TRAIN_TRANSFER,
    )
    return _slices(rng, scanner, technique, relative_snr=1.5)


def dir_(rng: np.random.Generator, scanner: Scanner) -> ScanProtocol:
    """Both inversion times are set for the field and the repetition time, within 1%."""
    low, high = TISSUE_TABLE["white"].t1_s
    white_t1_s = low + (scanner.field_strength_t - 1.5) / 1.5 * (high - low)
    repetition_s = _around(rng, 0.9 * scanner.repetition_time_s, 0.025)
    first_s, second_s = double_null_inversion_times(repetition_s, white_t1_s)
    technique = DoubleInversion(
        field_strength_t=scanner.field_strength_t,
        echo_time_s=_around(rng, 0.035, 0.1, 4),
        repetition_time_s=repetition_s,
        inversion_time_s=_around(rng, first_s, 0.01),
        second_inversion_time_s=_around(rng, second_s, 0.01),
    )
    return _slices(rng, scanner, technique, relative_snr=0.6, fat=0.1)


def dwi(rng: np.random.Generator, scanner: Scanner) -> ScanProtocol:
    """Several averages; stronger gradients of scanners of 3 T allow shorter echoes."""
    echo_s = DIFFUSION_ECHO_S[scanner.field_strength_t > 2]
    technique = TraceDiffusion(
        field_strength_t=scanner.field_strength_t,
        echo_time_s=_around(rng, echo_s, 0.05, 4),
        repetition_time_s=_around(rng, 6.0, 0.1),
        b_value_s_mm2=1000.0,
    )
    return _echo_planar(rng, technique, (1.7, 2.0, 2.2), DIFFUSION_SLICES_MM, relative_snr=2.5)


def dti(rng: np.random.Generator, scanner: Scanner) -> ScanProtocol:
    """Nearly cubic voxels; the fit to some thirty directions averages the noise."""
    technique = TensorDiffusion(
        field_strength_t=scanner.field_strength_t,
        echo_time_s=_around(rng, 0.085, 0.05, 4),
        repetition_time_s=_around(rng, 8.0, 0.1),
        b_value_s_mm2=1000.0,
    )
    return _echo_planar(rng, technique, (1.9, 2.0, 2.2), (2.0, 2.2), relative_snr=4.0)


def mtr(rng: np.random.Generator, scanner: Scanner) -> ScanProtocol:
    """Two gradient echoes of which only one saturates bound water."""
    technique = MagnetisationTransfer(
        field_strength_t=scanner.field_strength_t,
        echo_time_s=_around(rng, 0.005, 0.1, 4),
        repetition_time_s=_around(rng, 0.033, 0.1, 4),
        flip_degrees=_around(rng, 10, 0.05, 0),
    )
    return _volume(rng, scanner, technique, (1.0, 1.2), relative_snr=4.0)


def pet(rng: np.random.Generator, scanner: Scanner) -> ScanProtocol:
    """A tomograph resolves 3 to 4 mm (full width at half maximum), which such voxels blur by; no coil, no field."""
    width_mm = float(rng.uniform(2.4, 3.0))
    return ScanProtocol(
        technique=TracerBinding(),
        pixel_mm=width_mm,
        thickness_mm=1.2 * width_mm,
        pixel_bandwidth_hz=250,
        relative_snr=0.7,
        coil=False,
        noise_width_mm=1.7,
    )


def _around(rng: np.random.Generator, value: float, spread: float, digits: int = 3) -> float:
    """Draw a setting around a value, with a relative standard deviation."""
    return round(float(value * (1 + rng.normal(0, spread))), digits)


def _slices(
    rng: np.random.Generator, scanner: Scanner, technique: Technique, relative_snr: float = 1.0, fat: float = 1.0
) -> ScanProtocol:
    """Slices as thick as those of a site's FLAIR."""
    return ScanProtocol(
        technique=technique,
        pixel_mm=float(rng.choice(PIXELS_MM)),
        thickness_mm=scanner.thickness_mm,
        pixel_bandwidth_hz=_bandwidth(rng, scanner),
        relative_snr=relative_snr,
        fat=fat,
    )


def _volume(
    rng: np.random.Generator,
    scanner: Scanner,
    technique: Technique,
    thickness_mm: tuple[float, ...],
    relative_snr: float,
    fat: float = 1.0,
) -> ScanProtocol:
    """A 3D scan, averaged over all its encodings, so that small voxels cost less than in slices."""
    return ScanProtocol(
        technique=technique,
        pixel_mm=float(rng.choice((0.94, 1.0))),
        thickness_mm=float(rng.choice(thickness_mm)),
        pixel_bandwidth_hz=_bandwidth(rng, scanner),
        relative_snr=relative_snr,
        fat=fat,
    )


def _echo_planar(
    rng: np.random.Generator,
    technique: Technique,
    pixels_mm: tuple[float, ...],
    thickness_mm: tuple[float, ...],
    relative_snr: float,
) -> ScanProtocol:
    """Echo-planar slices, fat saturated, as fat would be far out of place."""
    return ScanProtocol(
        technique=technique,
        pixel_mm=READOUT_BLUR * float(rng.choice(pixels_mm)),
        thickness_mm=float(rng.choice(thickness_mm)),
        pixel_bandwidth_hz=int(rng.uniform(1300, 1800)),
        relative_snr=relative_snr,
        fat=0.08,
    )


def _bandwidth(rng: np.random.Generator, scanner: Scanner) -> int:
    return int(scanner.pixel_bandwidth_hz * (1 + rng.normal(0, 0.06)))
