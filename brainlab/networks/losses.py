"""Losses as plain functions of tensors. One convention everywhere: sum per sample, mean over the batch.

A paper that averages over V voxels instead multiplies its weight by V here: a published weight w on the mean squared
error over 40 x 48 x 40 voxels is w / 76,800 on the sum.
"""

import torch
from torch import Tensor


def squared_error(x: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return the sum of squared differences of each sample: [n, *shape], [n, *shape] -> [n].

    weight: [1, *shape] or [n, *shape], by which each voxel's square is multiplied; 1 where it is left out.
    """
    squares = (x.float() - y.float()).square()
    return (squares if weight is None else weight * squares).flatten(1).sum(1)


def kl_per_dimension(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, exp(log_variance)) || N(0, 1)) in nats: [n, d], [n, d] -> [n, d]."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def kl_to_prior(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the KL divergence of each posterior from the standard normal, in nats: [n, d], [n, d] -> [n]."""
    return kl_per_dimension(mean, log_variance).sum(1)


def draw_posterior(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Draw one code from each posterior by the reparametrisation mean + sd * noise: [n, d], [n, d] -> [n, d]."""
    return mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)


def hinge_below(kl: Tensor, margin: float) -> Tensor:
    """Return [margin - KL]+ of each sample, the part of the IntroVAE's L_E that pushes fakes away: [n] -> [n].

    FLAIR IntroVAE section 3.3. It is 0, and its gradient too, once a sample's KL is above the margin.
    """
    return torch.relu(margin - kl)
