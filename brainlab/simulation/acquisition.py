"""How a scanner sees a person: its settings, coil shading, noise, motion and ghosts.

Scanners differ, and one person's visits are mostly on one scanner. Noise follows the signal-to-noise rule of MRI: it
grows with the square root of the bandwidth and shrinks with voxel volume and field strength (Edelstein et al., Magn
Reson Med 3:604, 1986); magnitude images are Rician (Gudbjartsson and Patz, Magn Reson Med 34:910, 1995).
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from brainlab.simulation.contrast import FlairSettings, fluid_null_inversion_time
from brainlab.simulation.fields import upsample
from brainlab.types import Float32Array

REFERENCE_SNR = 26.0
"""Of white matter at 3 T, 250 Hz a pixel and a voxel of 3 mm3 (0.87 x 0.87 x 4 mm)."""


@dataclass(frozen=True, kw_only=True)
class Scan:
    """Settings of one scan. Lengths in mm; thickness is along the body's axis."""

    scanner: str
    manufacturer: str
    flair: FlairSettings
    pixel_bandwidth_hz: int
    pixel_mm: float
    thickness_mm: float
    shading: float
    """Standard deviation of the logarithm of the coil's sensitivity over the head."""
    ghost: float
    """Strength of the ghost as a share of the image; 0 for none."""
    motion_mm: float
    """Displacement of the part of the data taken after the head moved; 0 for none."""
    gain: float
    """Intensity that white matter has in the file, in the scanner's own units."""
    seed: int


@dataclass(frozen=True, kw_only=True)
class Scanner:
    """One site's protocol."""

    name: str
    manufacturer: str
    field_strength_t: float
    echo_time_s: float
    repetition_time_s: float
    pixel_bandwidth_hz: int
    thickness_mm: float


SCANNERS = (
    Scanner(name="A", manufacturer="Siemens", field_strength_t=1.5, echo_time_s=0.100, repetition_time_s=8.5,
            pixel_bandwidth_hz=190, thickness_mm=4.0),
    Scanner(name="B", manufacturer="Philips", field_strength_t=1.5, echo_time_s=0.110, repetition_time_s=10.0,
            pixel_bandwidth_hz=240, thickness_mm=4.0),
    Scanner(name="C", manufacturer="GE", field_strength_t=1.5, echo_time_s=0.115, repetition_time_s=9.0,
            pixel_bandwidth_hz=160, thickness_mm=5.0),
    Scanner(name="D", manufacturer="Siemens", field_strength_t=3.0, echo_time_s=0.095, repetition_time_s=9.0,
            pixel_bandwidth_hz=280, thickness_mm=3.0),
    Scanner(name="E", manufacturer="Philips", field_strength_t=3.0, echo_time_s=0.120, repetition_time_s=11.0,
            pixel_bandwidth_hz=320, thickness_mm=3.0),
)  # fmt: skip
"""Sites of the cohort; without acquisition bias every class is scanned on all of them alike."""

BIASED_SCANNER = Scanner(name="M", manufacturer="Siemens", field_strength_t=3.0, echo_time_s=0.140,
                         repetition_time_s=6.5, pixel_bandwidth_hz=440, thickness_mm=1.5)  # fmt: skip
"""The protocol of the multiple sclerosis study under `--acquisition-bias seed`: another TE, TR and bandwidth."""

BIASED_SHARE = 0.85
"""Share of people with multiple sclerosis scanned with it; the paper's figure 11 shows some overlap."""


def draw_scanner(rng: np.random.Generator, class_name: str, acquisition_bias: str) -> Scanner:
    """Draw a person's scanner: the same lot for every class, unless the bias sends multiple sclerosis elsewhere."""
    scanner = SCANNERS[int(rng.integers(len(SCANNERS)))]
    elsewhere = rng.random() < BIASED_SHARE
    return BIASED_SCANNER if acquisition_bias == "seed" and class_name == "ms" and elsewhere else scanner


def draw_scan(rng: np.random.Generator, scanner: Scanner) -> Scan:
    """Draw one scan around a site's protocol. The inversion time nulls fluid for the repetition time, within 2%."""
    repetition_s = round(scanner.repetition_time_s * (1 + rng.normal(0, 0.025)), 3)
    inversion_s = round(fluid_null_inversion_time(repetition_s) * (1 + rng.normal(0, 0.02)), 3)
    moved = rng.random()
    return Scan(
        scanner=scanner.name,
        manufacturer=scanner.manufacturer,
        flair=FlairSettings(
            field_strength_t=scanner.field_strength_t,
            echo_time_s=round(scanner.echo_time_s * (1 + rng.normal(0, 0.05)), 4),
            repetition_time_s=repetition_s,
            inversion_time_s=inversion_s,
        ),
        pixel_bandwidth_hz=int(scanner.pixel_bandwidth_hz * (1 + rng.normal(0, 0.06))),
        pixel_mm=float(rng.choice([0.72, 0.86, 0.94, 1.0])),
        thickness_mm=scanner.thickness_mm,
        shading=float(rng.uniform(0.03, 0.12)),
        ghost=float(rng.uniform(0.01, 0.045)) if moved < 0.25 else 0.0,
        motion_mm=float(rng.uniform(0.8, 2.4)) if moved < 0.12 else 0.0,
        gain=float(np.exp(rng.uniform(np.log(150), np.log(900)))),
        seed=int(rng.integers(2**62)),
    )


BLURZ = 0.42
BLUR0 = 0.5


def scan_image(
    signal: Float32Array, white_signal: float, scan: Scan, voxel_mm: tuple[float, float, float]
) -> Float32Array:
    """Return the magnitude image [X, Y, Z] of a noiseless signal, in the scanner's units.

    voxel_mm: of the array. Where the scan's slices are thicker than that, the signal is blurred along the last axis as
    by a slice; the noise is that of the scan's own voxel, averaged or repeated to the array's.
    """
    rng = np.random.default_rng(scan.seed)
    image = signal / np.float32(white_signal)
    blur = [
        0.6 * scan.pixel_mm / voxel_mm[0],
        0.6 * scan.pixel_mm / voxel_mm[1],
        BLURZ * scan.thickness_mm / voxel_mm[2],
    ]
    blur = [np.sqrt(BLUR0**2 / voxel_mm[0] ** 2 + b * b) for b in blur]
    image = ndimage.gaussian_filter(image, blur, truncate=2.5)
    if scan.motion_mm:
        shift = scan.motion_mm / voxel_mm[1]
        image = np.float32(0.72) * image + np.float32(0.28) * ndimage.shift(image, (0, shift, 0), order=1)
    if scan.ghost:
        image = image + np.float32(scan.ghost) * np.roll(image, image.shape[1] // int(rng.integers(2, 5)), axis=1)
    image = image * coil_shading(rng, image.shape, scan.shading)
    sigma = np.float32(noise_sigma(scan, voxel_mm))
    real, imaginary = (
        sigma * smooth(rng.standard_normal(image.shape, dtype=np.float32), scan, voxel_mm) for _ in range(2)
    )
    real = real + image
    return np.float32(scan.gain) * np.sqrt(real * real + imaginary * imaginary)


def smooth(noise, scan, voxel_mm):
    width = [
        NOISE_WIDTH * size / voxel for size, voxel in zip((scan.pixel_mm, scan.pixel_mm, scan.thickness_mm), voxel_mm)
    ]
    out = ndimage.gaussian_filter(noise, width, truncate=2.5)
    return out / out.std()


NOISE_WIDTH = 0.4


def noise_sigma(scan: Scan, voxel_mm: tuple[float, float, float]) -> float:
    """Return the noise of an array's voxel relative to the signal of white matter.

    Per scanned voxel sigma goes with sqrt(bandwidth) / (volume x field). Sites average longer where voxels are small or
    the field is low, about enough to make up for half of it, hence the square roots. Averaging n scanned voxels into
    one of the array divides the noise by sqrt(n).
    """
    scanned_mm3 = scan.pixel_mm**2 * scan.thickness_mm
    sigma = (
        np.sqrt(scan.pixel_bandwidth_hz / 250) * (3.0 / scanned_mm3) ** 0.5 * (3.0 / scan.flair.field_strength_t) ** 0.5
    ) / REFERENCE_SNR
    return float(sigma * np.sqrt(min(scanned_mm3 / float(np.prod(voxel_mm)), 1.5)))


def coil_shading(rng: np.random.Generator, shape: tuple[int, ...], spread: float) -> Float32Array:
    """Return a smooth factor [X, Y, Z] around 1 whose logarithm has the standard deviation `spread`."""
    coarse = rng.standard_normal((5, 6, 5), dtype=np.float32)
    coarse = ndimage.gaussian_filter(coarse, 1.0, mode="nearest")
    coarse = (coarse - coarse.mean()) / coarse.std() * np.float32(spread)
    smooth = ndimage.zoom(coarse, 3, order=3, mode="nearest", grid_mode=True)
    axes = [
        np.linspace(0, size - 1, wanted, dtype=np.float32) for size, wanted in zip(smooth.shape, shape, strict=True)
    ]
    return np.exp(upsample(smooth, axes))
