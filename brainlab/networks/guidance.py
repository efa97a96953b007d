"""Classifier-free guidance: away from what a network would do if it were told nothing, or something else."""

from torch import Tensor

RESCALE = 0.7
"""Share of the guided velocity that gets the spread of the told one (Lin et al. 2024, section 3.4)."""


def guided(told: Tensor, untold: Tensor, guidance: float, rescale: float = RESCALE) -> Tensor:
    """Return a guided velocity [n, ...]: v = untold + guidance (told - untold), its spread drawn back.

    (Ho and Salimans 2022, equation 6, with guidance = 1 + w; Lin et al. 2024, equations 14 to 16, which keep guided
    images from too much contrast.)
    told, untold: velocities [n, ...] of the same states; the second may be told what is to be led away from.
    guidance: 1 follows the condition, more exaggerates it.
    """
    plain = untold + guidance * (told - untold)
    axes = tuple(range(1, told.ndim))
    # A fresh network gives 0 everywhere, which has no spread.
    scale = told.std(axes, keepdim=True) / plain.std(axes, keepdim=True).clamp(min=1e-12)
    return rescale * scale * plain + (1 - rescale) * plain
