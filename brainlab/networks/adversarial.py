"""What a critic and a generator minimise against each other, and the penalties that keep a critic smooth.

A critic gives each image one number, higher for real ones: `real` and `fake` are its values [n].
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import softplus

Critic = Callable[[Tensor], Tensor]
"""Images [n, *shape] -> values [n]."""

AdversarialLoss = Literal["wasserstein", "non_saturating"]


def critic_loss(kind: AdversarialLoss, real: Tensor, fake: Tensor) -> Tensor:
    """Return what the critic minimises, a mean over the batch.

    wasserstein: D(fake) - D(real), the negative of the estimated distance, which the critic maximises (Arjovsky et al.
        2017; DWI paper, equation 11).
    non_saturating: cross-entropy of real against fake (Goodfellow et al. 2014).
    """
    if kind == "wasserstein":
        return fake.mean() - real.mean()
    return softplus(-real).mean() + softplus(fake).mean()


def generator_loss(kind: AdversarialLoss, fake: Tensor) -> Tensor:
    """Return what the generator minimises, a mean over the batch.

    wasserstein: -D(fake). (DWI paper, equation 12, prints no minus sign, with which its two players would not oppose
        each other.)
    non_saturating: cross-entropy of fakes taken for real.
    """
    return -fake.mean() if kind == "wasserstein" else softplus(-fake).mean()


def squared_gradient(values: Tensor, x: Tensor) -> Tensor:
    """Return the squared norm of a critic's gradient at each image, from its values [n] at x [n, *shape]: [n].

    As a penalty on real images this is R1 (Mescheder et al. 2018), of which gamma / 2 times is minimised.
    """
    (gradient,) = torch.autograd.grad(values.sum(), x, create_graph=True)
    return gradient.float().square().flatten(1).sum(1)


def penalised_points(real: Tensor, fake: Tensor) -> Tensor:
    """Return a random point on the way from each fake image to a real one: [n, *shape], with gradients to it."""
    share = torch.rand(len(real), *[1] * (real.ndim - 1), device=real.device)
    return torch.lerp(fake.detach(), real.detach(), share).requires_grad_()


def lipschitz_penalty(critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
    """Return (|gradient| - 1)^2 at a random point between each real and fake image (Gulrajani et al. 2017): [n]."""
    between = penalised_points(real, fake)
    # The root of 0 has no finite gradient.
    return ((squared_gradient(critic(between), between) + 1e-12).sqrt() - 1).square()
