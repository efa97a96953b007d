"""Power of images by spatial frequency: blur shows as too little at high frequencies, noise as too much."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy import fft

from brainlab.evaluation.images import Images, ImageSets, each, evenly
from brainlab.evaluation.measurement import Measurement
from brainlab.evaluation.registry import Metric
from brainlab.types import FloatArray, IntArray

SPECTRUM_IMAGES = 100
"""A mean spectrum is known well from this many images, evenly spaced."""

Name = Literal["reconstructed", "generated"]


def radial_power(images: Images, bins: int = 20, rows: IntArray | None = None) -> tuple[FloatArray, FloatArray]:
    """Return spatial frequencies [b], in cycles per voxel, and the mean power of each image there: [n, b].

    images: [n, *shape]. The power of a frequency shell is the mean of |F|^2 / voxels over it; 0.5 is the finest detail
    that a grid can hold along an axis; the constant part and shells that a small grid leaves empty are left out.
    rows: images that count; all by default.
    """
    shape = images.shape[1:]
    grids = [fft.fftfreq(side) for side in shape[:-1]] + [fft.rfftfreq(shape[-1])]
    radius = np.sqrt(sum(grid**2 for grid in np.meshgrid(*grids, indexing="ij")))
    shell = np.ceil(radius / 0.5 * bins).astype(int).ravel() - 1
    inside = (shell >= 0) & (shell < bins)
    # The half spectrum stands for both signs of the last frequency, except where these are the same.
    weight = np.full(grids[-1].shape, 2.0)
    weight[0] = 1.0
    if shape[-1] % 2 == 0:
        weight[-1] = 1.0
    weights = np.broadcast_to(weight, radius.shape).ravel()[inside]
    total = np.bincount(shell[inside], weights, bins)
    powers = []
    for image in each(images, rows):
        energy = np.abs(fft.rfftn(image)).ravel()[inside] ** 2 / image.size
        powers.append(np.bincount(shell[inside], energy * weights, bins))
    power, filled = np.array(powers), np.flatnonzero(total)
    return (filled + 0.5) * 0.5 / bins, power[:, filled] / total[filled]


def spectral_distance_db(power: FloatArray, reference: FloatArray) -> float:
    """Return the root mean square difference of two mean spectra in dB, over the frequencies.

    power, reference: [n, bins] from `radial_power`. 0 when alike; blur shows as less power at high frequencies.
    """
    floor = np.finfo(np.float64).tiny
    ratio = 10 * np.log10((power.mean(axis=0) + floor) / (reference.mean(axis=0) + floor))
    return float(np.sqrt((ratio**2).mean()))


def _part(images: Images) -> IntArray:
    return evenly(len(images), SPECTRUM_IMAGES)


def _of_real(sets: ImageSets) -> tuple[FloatArray, FloatArray]:
    return radial_power(sets.real, rows=_part(sets.real))


def _of(name: Name) -> Callable[[ImageSets], Measurement]:
    """Return the measurement of one set against real scans."""

    def measure(sets: ImageSets) -> Measurement:
        images = sets.part(name)
        frequencies, real = sets.once(_of_real)
        power = radial_power(images, rows=_part(images))[1]
        settings = {
            "frequencies_cycles_per_voxel": frequencies.tolist(),
            "power": power.mean(axis=0).tolist(),
            "power_real": real.mean(axis=0).tolist(),
        }
        return Measurement(spectral_distance_db(power, real), None, len(power), settings)

    return measure


def _entry(name: Name, images: str) -> Metric:
    return Metric(
        name=f"spectrum_{name}",
        title=f"Spectral distance of {images}, dB",
        definition=f"Root mean square difference, over spatial frequencies, of the mean power spectra of {images} "
        f"and of real scans, on at most {SPECTRUM_IMAGES} of each.",
        aspect="detail",
        better="lower",
        needs=("real", name),
        measure=_of(name),
        settings={"scale": "dB, root mean square over frequencies"},
    )


METRICS = (_entry("generated", "generated images"), _entry("reconstructed", "reconstructions"))
