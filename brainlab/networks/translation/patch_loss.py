"""The loss of a patch discriminator, and the smoothed labels that it learns from."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

SMOOTHING = 0.1
"""How far a smoothed label may be from 0 or 1."""


def smoothed_labels(images: int, patches: int, *, real: bool, device: torch.device | None = None) -> Tensor:
    """Draw a label for each patch: uniform over [0.9, 1] for real ones, over [0, 0.1] for fake, [images * patches].

    Wei's thesis, section 4.3.1, after Salimans et al. 2016. For the discriminator's step; the generator's takes ones.
    """
    distance = SMOOTHING * torch.rand(images, patches, device=device).flatten()
    return 1 - distance if real else distance


def patch_cross_entropy(logits: Tensor, labels: Tensor, images: int) -> Tensor:
    """Return the cross-entropy of each image's patches, summed over them: [images * patches, 2] -> [images].

    Wei's thesis, section 3.2.4 (a sum over patches).
    labels: probability that each patch is real, [images * patches].
    """
    targets = torch.stack((1 - labels, labels), dim=1)  # [images * patches, 2]: fake, real
    return cross_entropy(logits.float(), targets, reduction="none").view(images, -1).sum(1)
