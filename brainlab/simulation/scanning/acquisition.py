"""How a scanner sees a person: coil shading, noise, motion and ghosts, whatever the sequence.

Noise follows the signal-to-noise rule of MRI: it grows with the square root of the bandwidth and shrinks with voxel
volume and field strength (Edelstein et al., Magn Reson Med 3:604, 1986); magnitude images are Rician (Gudbjartsson and
Patz, Magn Reson Med 34:910, 1995).
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from brainlab.simulation.fields import upsample
from brainlab.simulation.sequences.protocols import ScanProtocol
from brainlab.simulation.sequences.registry import Sequence
from brainlab.simulation.sequences.scanners import Scanner
from brainlab.types import Float32Array

REFERENCE_SNR = 26.0
"""Of white matter in FLAIR at 3 T, 250 Hz a pixel and a voxel of 3 mm3 (0.87 x 0.87 x 4 mm)."""

SHADING = (0.03, 0.12)
"""Least and most of what a coil's sensitivity varies by."""
BLUR_IN_PLANE, BLUR_OF_SLICES = 0.45, 0.4
"""Standard deviation of the blur as a share of the scanned voxel: of a train of echoes in the plane; across slices of
their profile (1 / sqrt(12) alone) and of the interpolation between them when the scan is put on the template."""
RESAMPLING_MM = 0.3
"""The blur of that interpolation in any direction."""
NOISE_WIDTH = 0.4
"""Smoothness of the noise as a share of the scanned voxel: interpolated noise is not white."""


@dataclass(frozen=True, kw_only=True)
class Scan(ScanProtocol):
    """One scan by its protocol, with what happened in it."""

    scanner: str
    manufacturer: str
    shading: float
    """Standard deviation of the logarithm of the coil's sensitivity over the head."""
    ghost: float
    """Strength of the ghost as a share of the image; 0 for none."""
    motion_mm: float
    """Displacement of the part of the data taken after the head moved; 0 for none."""
    gain: float
    """Intensity that the reference tissue has in the file of a magnitude image, in the scanner's own units."""
    seed: int


def draw_scan(rng: np.random.Generator, scanner: Scanner, sequence: Sequence) -> Scan:
    """Draw one scan of a sequence around a site's protocol."""
    protocol = sequence.protocol(rng, scanner)
    moved = rng.random()
    return Scan(
        **vars(protocol),
        scanner=scanner.name,
        manufacturer=scanner.manufacturer,
        shading=float(rng.uniform(*SHADING)) if protocol.coil else 0.0,
        ghost=float(rng.uniform(0.01, 0.045)) if moved < 0.25 and protocol.coil else 0.0,
        motion_mm=float(rng.uniform(0.8, 2.4)) if moved < 0.12 else 0.0,
        gain=float(np.exp(rng.uniform(np.log(150), np.log(900)))),
        seed=int(rng.integers(2**62)),
    )


def scan_image(
    signal: Float32Array,
    reference: float,
    scan: Scan,
    voxel_mm: tuple[float, float, float],
    channel: int = 0,
    *,
    resampled: bool = False,
) -> Float32Array:
    """Return the image [X, Y, Z] of a noiseless signal, relative to the signal `reference` of a tissue.

    A coil's is a magnitude; a tomograph's has nearly Gaussian noise, and is cut at 0 here.

    voxel_mm: of the array; the noise is that of the scan's own voxel, averaged or repeated to the array's.
    channel: of a scan that has several; they share shading, ghosts and motion, not noise.
    resampled: whether the array lies on another grid than the scan's slices: then slices and interpolation blur the
    signal, and noise is alike in neighbours. On the scan's own grid the slices' profile has to be in the signal.
    """
    rng = np.random.default_rng(scan.seed)
    image = signal / np.float32(reference)
    blur_mm = _blur_mm(scan, resampled)
    image = ndimage.gaussian_filter(
        image, [blur / size for blur, size in zip(blur_mm, voxel_mm, strict=True)], truncate=2.5
    )
    if scan.motion_mm:
        shift = scan.motion_mm / voxel_mm[1]
        image = np.float32(0.72) * image + np.float32(0.28) * ndimage.shift(image, (0, shift, 0), order=1)
    if scan.ghost:
        image = image + np.float32(scan.ghost) * np.roll(image, image.shape[1] // int(rng.integers(2, 5)), axis=1)
    image = image * coil_shading(rng, image.shape, scan.shading)
    sigma = np.float32(noise_sigma(scan, voxel_mm))
    widths = [width / size for width, size in zip(_grain_mm(scan, resampled), voxel_mm, strict=True)]
    noise = _noise(np.random.default_rng([scan.seed, channel]), image.shape, widths)
    if not scan.coil:
        return np.maximum(image + sigma * noise[0], np.float32(0))
    real, imaginary = image + sigma * noise[0], sigma * noise[1]
    return np.sqrt(real * real + imaginary * imaginary)


def _noise(rng: np.random.Generator, shape: tuple[int, ...], widths: list[float]) -> list[Float32Array]:
    """Two fields of unit noise [X, Y, Z], smooth over `widths` voxels."""
    fields = [rng.standard_normal(shape, dtype=np.float32) for _ in range(2)]
    smooth = [ndimage.gaussian_filter(field, widths, mode="wrap") for field in fields]
    return [field / np.float32(field.std()) for field in smooth]


def _blur_mm(scan: Scan, resampled: bool) -> tuple[float, float, float]:
    """Standard deviation of the blur along each axis."""
    in_plane = BLUR_IN_PLANE * scan.pixel_mm
    if not resampled:
        return in_plane, in_plane, 0.0
    x, z = (float(np.hypot(RESAMPLING_MM, blur)) for blur in (in_plane, BLUR_OF_SLICES * scan.thickness_mm))
    return x, x, z


def _grain_mm(scan: Scan, resampled: bool) -> tuple[float, float, float]:
    """Standard deviation of the filter that makes noise alike in neighbours, along each axis."""
    share = NOISE_WIDTH if resampled else 0.0
    x, z = (float(np.hypot(scan.noise_width_mm, share * size)) for size in (scan.pixel_mm, scan.thickness_mm))
    return x, x, z


def noise_sigma(scan: Scan, voxel_mm: tuple[float, float, float]) -> float:
    """Return the noise of an array's voxel relative to the signal of the sequence's reference tissue.

    Per scanned voxel sigma goes with sqrt(bandwidth) / (volume x field). Sites average longer where voxels are small or
    the field is low, about enough to make up for half of it, hence the square roots. Averaging n scanned voxels into
    one of the array divides the noise by sqrt(n); an array finer than the scan has up to sqrt(1.5) of it.
    """
    scanned_mm3, field_strength_t = scan.pixel_mm**2 * scan.thickness_mm, scan.technique.field_strength_t
    sigma = (np.sqrt(scan.pixel_bandwidth_hz / 250) * (3.0 / scanned_mm3) ** 0.5 * (3.0 / field_strength_t) ** 0.5) / (
        REFERENCE_SNR * scan.relative_snr
    )
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
