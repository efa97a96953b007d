"""Errors of intensities: mean squared error, peak signal-to-noise ratio, discrepancy of a region's mean."""

import math

from brainlab.evaluation.synthesis.pairs import checked_pair
from brainlab.types import BoolArray, FloatArray


def mse(synthesis: FloatArray, truth: FloatArray, mask: BoolArray | None = None) -> float | None:
    """Return the mean squared difference over the voxels of the mask; None for an empty mask (Wei, eq. 3.8).

    synthesis, truth, mask: [X, Y, Z], as in every measure here. The unit is that of the intensities, squared.
    """
    volume, true_volume, counted = checked_pair(synthesis, truth, mask)
    return float(((volume - true_volume)[counted] ** 2).mean()) if counted.any() else None


def psnr(
    synthesis: FloatArray, truth: FloatArray, mask: BoolArray | None = None, peak: float | None = None
) -> float | None:
    """Return 20 log10(peak) - 10 log10(MSE) over the mask in dB; infinite where nothing differs (Wei, eq. 3.9, 4.6).

    peak: by default the maximum of the truth in the mask, as in the thesis. PSNR depends on the normalisation: a
    factor common to both volumes cancels, an offset does not, so z-scores and the intensities that they were made of
    have different ones. None for an empty mask or a peak that is not above 0.
    """
    volume, true_volume, counted = checked_pair(synthesis, truth, mask)
    if not counted.any():
        return None
    highest = float(true_volume[counted].max()) if peak is None else peak
    if highest <= 0:
        return None
    error = float(((volume - true_volume)[counted] ** 2).mean())
    return 20 * math.log10(highest) - 10 * math.log10(error) if error > 0 else math.inf


def discrepancy(synthesis: FloatArray, truth: FloatArray, region: BoolArray) -> float | None:
    """Return |mean(truth) - mean(synthesis)| in a region; None for an empty one (Wei, table 3.2).

    Errors that cancel within the region do not count. The thesis averages it over participants.
    """
    volume, true_volume, counted = checked_pair(synthesis, truth, region)
    return abs(float((true_volume - volume)[counted].mean())) if counted.any() else None
