"""A linear way through an autoencoder: probabilistic principal components, found once and then fixed.

A linear VAE's optimum is probabilistic PCA (Tipping and Bishop 1999, doi 10.1111/1467-9868.00196; Lucas et al. 2019,
arXiv:1911.02469). It has a closed form, while gradient descent needs very many steps to the finer components. Laid
beside the convolutions, it leaves them what is not linear.
"""

from typing import Any

import torch
from torch import Tensor, nn

from brainlab.errors import InputError

LEAST_VARIANCE = 1e-4
"""Voxels that vary less over the training scans are background."""

PART = 4096
"""Voxels that are fitted at once: of 2048 scans 34 MB in 32 bits, and twice that in 64."""


class PrincipalPath(nn.Module):
    """The first `rank` principal components of images, as the first `rank` dimensions of a code.

    Buffers: `inside` [V] flat indices of the voxels that vary; `levels` [V, rank] components of voxels times the root
    of their weight, in 127ths of the largest entry of each, for 8 bits hold a component well and keep a run small;
    `scale` [rank] these largest entries; `strength` [rank] the components' standard deviations. Before `fit` V is 0.
    """

    inside: Tensor
    levels: Tensor
    scale: Tensor
    strength: Tensor
    components: Tensor

    def __init__(self, rank: int, noise_variance: float) -> None:
        super().__init__()
        self.noise_variance = noise_variance
        self.register_buffer("inside", torch.zeros(0, dtype=torch.int32))
        self.register_buffer("levels", torch.zeros(0, rank, dtype=torch.int8))
        self.register_buffer("scale", torch.zeros(rank))
        self.register_buffer("strength", torch.zeros(rank))
        self.register_buffer("components", torch.zeros(0, rank), persistent=False)

    def fit(self, departures: Tensor, weight: Tensor) -> None:
        """Find the components of departures from the mean, [n, *shape], with weights of their squares, [1, *shape].

        From the eigenvectors of the [n, n] matrix of inner products, for there are fewer scans than voxels. Where there
        are fewer scans than components, those that are left over stay without strength. Raises InputError where no
        voxel varies.
        """
        flat, roots = departures.flatten(1), weight.flatten().sqrt()
        variance = torch.cat([part.square().mean(0) for part in flat.split(PART, dim=1)])
        self.inside = torch.nonzero(variance > LEAST_VARIANCE)[:, 0].to(torch.int32)
        if not len(self.inside):
            raise InputError(f"training scans: need to differ, got {len(flat)} alike; look at the split 'train'")
        products = torch.zeros(len(flat), len(flat), dtype=torch.float64, device=flat.device)
        for voxels in self.inside.split(PART):
            data = flat[:, voxels] * roots[voxels]
            products += data @ data.T
        values, vectors = torch.linalg.eigh(products / len(flat))
        rank = min(len(self.strength), len(flat) - 1)
        variances = values.flip(0)[:rank].clamp(min=1e-9)
        chosen = vectors.flip(1)[:, :rank] / (variances * len(flat)).sqrt()
        parts = ((flat[:, voxels] * roots[voxels]).T.double() @ chosen for voxels in self.inside.split(PART))
        basis = torch.cat(list(parts))
        # The sign of an eigenvector is free; the largest entry is made positive, so that a rerun gives the same code.
        largest = basis.gather(0, basis.abs().argmax(0, keepdim=True))
        self.levels = torch.zeros(len(self.inside), len(self.strength), dtype=torch.int8)
        largest[largest == 0] = 1  # a component of nothing, where fewer voxels than components vary
        self.levels[:, :rank] = (127 * basis / largest).round().to(torch.int8)
        self.scale[:rank] = largest[0].abs().float()
        self.strength[:rank] = variances.sqrt().float()
        self._unpack()

    def _unpack(self) -> None:
        self.components = self.levels.float() * (self.scale / 127)

    def project(self, departures: Tensor, weight: Tensor) -> Tensor:
        """Return how much of each component departures from the mean [n, *shape] hold: [n, rank]."""
        data = departures.flatten(1)[:, self.inside].float() * weight.flatten()[self.inside].sqrt()
        return (data @ self.components).float()

    def lift(self, amounts: Tensor, weight: Tensor) -> Tensor:
        """Return the departures, [n, *weight.shape[1:]], that hold so much of each component, [n, rank]."""
        found = (amounts @ self.components.T).float()
        out = found.new_zeros(len(amounts), weight.numel())
        out[:, self.inside] = found / weight.flatten()[self.inside].sqrt()
        return out.view(len(amounts), *weight.shape[1:])

    def encode(self, departures: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance of the posterior of probabilistic PCA, [n, rank] and [rank]."""
        variance = self.strength.square()
        mean = self.project(departures, weight) * (self.strength / (variance + self.noise_variance))
        return mean, torch.log(self.noise_variance / (variance + self.noise_variance))

    def decode(self, z: Tensor, weight: Tensor) -> Tensor:
        """Return the departures from the mean, [n, *weight.shape[1:]], of codes [n, >= rank]."""
        return self.lift(z[:, : len(self.strength)] * self.strength, weight)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *rest: Any) -> None:
        """Make room for as many voxels as were found when the path was fitted."""
        for name in ("inside", "levels"):
            if (saved := state_dict.get(prefix + name)) is not None:
                setattr(self, name, torch.empty_like(saved, device=self.strength.device))
        super()._load_from_state_dict(state_dict, prefix, *rest)
        self._unpack()
