"""Similarity of structure and of information: SSIM and normalised mutual information."""

import numpy as np

from brainlab.errors import InputError
from brainlab.evaluation.ssim import similarity_maps
from brainlab.evaluation.synthesis.pairs import checked_pair
from brainlab.types import BoolArray, FloatArray

WINDOW = 11
"""Side in voxels of SSIM's Gaussian window, whose standard deviation is 1.5 voxels (Wang et al. 2004)."""

BINS = 64
"""Intensity bins of each volume for mutual information."""


def ssim(synthesis: FloatArray, truth: FloatArray, mask: BoolArray | None = None, window: int = WINDOW) -> float | None:
    """Return the structural similarity, averaged over windows centred in the mask: at most 1.

    The data range is that of the truth in the mask, its maximum minus its minimum, so that a factor common to both
    volumes cancels; an offset does not. Windows lie wholly within the volume, so that voxels within (window - 1) / 2
    of its faces have none; windows near the border of the mask see voxels beyond it. None where no window is centred
    in the mask, or where the truth is constant in it.
    Raises InputError for an even window or one larger than the volume.
    """
    import torch

    volume, true_volume, counted = checked_pair(synthesis, truth, mask)
    if window % 2 == 0 or window > min(volume.shape):
        raise InputError(
            f"SSIM needs an odd window of at most {min(volume.shape)} voxels, got {window}; choose another"
        )
    if not (np.isfinite(volume).all() and np.isfinite(true_volume).all()):
        raise InputError("SSIM needs finite values also outside the mask, got NaN or infinity; set these voxels to 0")
    margin = (window - 1) // 2
    centres = counted[tuple(slice(margin, side - margin) for side in counted.shape)]
    if not centres.any():
        return None
    data_range = float(np.ptp(true_volume[counted]))
    if data_range == 0:
        return None
    a, b = (torch.from_numpy(part)[None, None] for part in (volume, true_volume))
    similarity, _ = similarity_maps(a, b, window, data_range)
    return float(similarity[0, 0].numpy()[centres].mean())


def normalised_mutual_information(
    synthesis: FloatArray, truth: FloatArray, mask: BoolArray | None = None, bins: int = BINS
) -> float | None:
    """Return (H(A) + H(B)) / H(A, B) over the mask: 1 for independent volumes, 2 for a one-to-one mapping of bins.

    Studholme et al. 1999, doi 10.1016/S0031-3203(98)00091-0. Each volume has `bins` equal bins from its minimum to its
    maximum in the mask, so that a change of brightness or contrast of one of them does not count. None for an empty
    mask, or where both volumes are constant.
    """
    volume, true_volume, counted = checked_pair(synthesis, truth, mask)
    if not counted.any():
        return None
    joint, _, _ = np.histogram2d(volume[counted], true_volume[counted], bins=bins)
    both = _entropy(joint.ravel())
    return (_entropy(joint.sum(axis=1)) + _entropy(joint.sum(axis=0))) / both if both > 0 else None


def _entropy(counts: FloatArray) -> float:
    """Return the Shannon entropy of counts, in nats."""
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())
