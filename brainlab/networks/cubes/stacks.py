"""Stacks of convolutions that lead from a volume to a vector and back (Kwon et al. 2019, figure 2, and their code).

Down: convolutions of kernel 4 that halve the sides, then one over all that is left, 4 x 4 x 4 of 64 x 64 x 64. Up: the
other way, by repeated voxels and convolutions of kernel 3. Volumes are in [-1, 1] here, -1 background.

With `haar` both ends work on the eight Haar bands of a volume (`networks/haar.py`), so that nothing runs at the full
resolution: on a CPU a training step takes a tenth of the time.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from brainlab.networks.blocks import LEAK, Conv3d, normalisation
from brainlab.networks.haar import from_haar_bands, haar_bands
from brainlab.networks.halving import halved

Norm = Literal["batch", "group", "instance", "none"]


def bottom_sides(sample_shape: Sequence[int], widths: Sequence[int], *, haar: bool) -> tuple[int, int, int]:
    """Return the sides that the last convolution goes over, (4, 4, 4). Raises InputError where sides do not divide."""
    x, y, z = halved(sample_shape, len(widths), fixed=int(haar))
    return x, y, z


def _bounded(conv: nn.Module) -> nn.Module:
    """Return a convolution with spectral norm; without, where weights have no values: torch would load its compiler."""
    return conv if next(conv.parameters()).is_meta else spectral_norm(conv)


class DownStack(nn.Module):
    """Volume [n, c, *sides] to maps [n, widths[-1], *bottom_sides]: an encoder's or a critic's convolutions.

    widths: maps after each halving; as published the first is not normalised.
    spectral: divide every convolution's weights by their largest singular value (Miyato et al. 2018), for a critic
        whose loss has no penalty.
    """

    def __init__(
        self, sample_shape: Sequence[int], widths: Sequence[int], norm: Norm, *, haar: bool, spectral: bool = False
    ) -> None:
        super().__init__()
        bottom_sides(sample_shape, widths, haar=haar)
        self.haar = haar
        channels = sample_shape[0] * (8 if haar else 1)
        layers: list[nn.Module] = []
        for level, (inputs, outputs) in enumerate(itertools.pairwise((channels, *widths))):
            conv: nn.Module = Conv3d(inputs, outputs, 4, stride=2, padding=1)
            layers.append(_bounded(conv) if spectral else conv)
            layers += [normalisation(norm if level else "none", outputs, 3), nn.LeakyReLU(LEAK)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(haar_bands(x) if self.haar else x)


class DownToVector(nn.Module):
    """Volume [n, c, *sides] to a vector [n, outputs]: a critic with one output, an encoder with a code's."""

    def __init__(
        self,
        sample_shape: Sequence[int],
        widths: Sequence[int],
        outputs: int,
        norm: Norm,
        *,
        haar: bool,
        spectral: bool = False,
    ) -> None:
        super().__init__()
        self.stack = DownStack(sample_shape, widths, norm, haar=haar, spectral=spectral)
        last: nn.Module = Conv3d(widths[-1], outputs, bottom_sides(sample_shape, widths, haar=haar))
        self.last = _bounded(last) if spectral else last

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.stack(x)).flatten(1).float()


class UpStack(nn.Module):
    """Code [n, latent_dim] to a volume [n, c, *sides] in [-1, 1]."""

    def __init__(
        self, sample_shape: Sequence[int], latent_dim: int, widths: Sequence[int], norm: Norm, *, haar: bool
    ) -> None:
        super().__init__()
        self.haar = haar
        up = [*reversed(widths)]
        self.bottom = (up[0], *bottom_sides(sample_shape, widths, haar=haar))
        self.dense = nn.Linear(latent_dim, math.prod(self.bottom), bias=False)
        layers: list[nn.Module] = [normalisation(norm, up[0], 3), nn.ReLU()]
        for inputs, outputs in itertools.pairwise(up):
            layers += [
                nn.Upsample(scale_factor=2),
                Conv3d(inputs, outputs, 3, padding=1, bias=False),
                normalisation(norm, outputs, 3),
                nn.ReLU(),
            ]
        channels = sample_shape[0] * (8 if haar else 1)
        layers += [nn.Upsample(scale_factor=2), Conv3d(up[-1], channels, 3, padding=1, bias=False)]
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        x = self.layers(self.dense(z).unflatten(1, self.bottom)).float()
        return torch.tanh(from_haar_bands(x) if self.haar else x)


class CodeCritic(nn.Module):
    """Code [n, latent_dim] to a number [n, 1], higher for codes drawn from the prior: two hidden layers."""

    def __init__(self, latent_dim: int, width: int, *, batch_norm: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs in (latent_dim, width):
            layers += [nn.Linear(inputs, width), normalisation("batch" if batch_norm else "none", width, 0)]
            layers += [nn.LeakyReLU(LEAK)]
        self.layers = nn.Sequential(*layers, nn.Linear(width, 1))

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z).float()
