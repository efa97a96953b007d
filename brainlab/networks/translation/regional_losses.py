"""Absolute errors of a synthesised image, plain or weighted by region so that a few lesion voxels are not outvoted.

Each function returns the thesis' sum for one sample, [n]; the caller takes the mean over the batch, which is the
thesis' 1/N. As everywhere in `brainlab.networks.losses` this is a sum over voxels, and a factor that the thesis puts
before the sum is kept, as said at each function.

Regions are integers [n, 1, *sides], see `brainlab.images.regions`. A region that an image
lacks has no voxels and so no term; the others keep their weights.
"""

import torch
from torch import Tensor

from brainlab.images.regions import REGIONS


def l1(prediction: Tensor, truth: Tensor) -> Tensor:
    """Return the sum of absolute differences of each sample: [n, 1, *sides], [n, 1, *sides] -> [n].

    Wei's thesis, equation 3.4, which averages over subjects and not over voxels.
    """
    return _differences(prediction, truth).sum(1)


def weighted_l1(prediction: Tensor, truth: Tensor, regions: Tensor) -> Tensor:
    """Return the mean absolute difference of each region, summed over the regions, by the number of voxels M: [n].

    Wei's thesis, equation 3.5: (1 / M) sum over regions r of (1 / N_r) sum over j in r of |truth_j - prediction_j|.
    Times M it is the sum of the three regional means. A lesion voxel weighs more the fewer there are.
    prediction, truth, regions: [n, 1, *sides].
    """
    voxels = regions[0].numel()
    weights = 1 / (_counts(regions) * voxels)  # infinite for a region without voxels, whose weight nothing takes
    return _weighted(prediction, truth, regions, weights)


def normalised_weighted_l1(prediction: Tensor, truth: Tensor, regions: Tensor) -> Tensor:
    """Return half the mean over all m voxels of w_j |truth_j - prediction_j|, where w_j = 1 - m_r / m in region r: [n].

    Wei's thesis, equation 4.4, whose n is the batch. The three weights always sum to 2, which the 2 in 1 / (2 n m)
    undoes: the size of the lesions changes only how weight is shared between regions. An image that is all one region
    has weight 0 everywhere, and loss 0, so a patch of nothing but background teaches nothing.
    prediction, truth, regions: [n, 1, *sides]; each image's own voxels are counted.
    """
    voxels = regions[0].numel()
    weights = (1 - _counts(regions) / voxels) / (2 * voxels)
    return _weighted(prediction, truth, regions, weights)


def _differences(prediction: Tensor, truth: Tensor) -> Tensor:
    """Return absolute differences: [n, 1, *sides], [n, 1, *sides] -> [n, voxels]."""
    return (prediction.float() - truth.float()).abs().flatten(1)


def _counts(regions: Tensor) -> Tensor:
    """Return how many voxels each region of each image has: [n, 1, *sides] -> [n, 3]."""
    return torch.stack([(regions == region).flatten(1).sum(1) for region in REGIONS], dim=1)


def _weighted(prediction: Tensor, truth: Tensor, regions: Tensor, weights: Tensor) -> Tensor:
    """Return the sum of absolute differences, each times the weight [n, 3] of its image's region: [n]."""
    of_voxels = weights.gather(1, regions.flatten(1).long())  # [n, voxels]
    return (of_voxels * _differences(prediction, truth)).sum(1)
