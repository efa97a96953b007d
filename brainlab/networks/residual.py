"""Residual encoder and decoder of the original IntroVAE (Huang et al. 2018, arXiv:1807.06358, appendix).

Each halving is an average pooling after a residual block, each doubling a nearest-neighbour upsampling. With `folds`
the first halvings are a `space_to_depth` and the last doublings a `depth_to_space`, so that no convolution runs at the
full resolution, which a CPU cannot afford.
"""

import itertools
import math

from torch import Tensor, nn

from brainlab.networks.blocks import CONV, LEAK, POOL, DepthToSpace, SpaceToDepth, normalisation
from brainlab.networks.halving import halved


class ResidualUnit(nn.Module):
    """Convolution, norm, bend, convolution, norm; the input is added, by a convolution of kernel 1 where widths differ.

    [n, inputs, *sides] -> [n, outputs, *sides].
    """

    def __init__(self, inputs: int, outputs: int, norm: str, spatial_dims: int) -> None:
        super().__init__()
        conv = CONV[spatial_dims]
        self.carry = nn.Identity() if inputs == outputs else conv(inputs, outputs, 1, bias=False)
        self.body = nn.Sequential(
            conv(inputs, outputs, 3, padding=1, bias=False),
            normalisation(norm, outputs, spatial_dims),
            nn.LeakyReLU(LEAK),
            conv(outputs, outputs, 3, padding=1, bias=False),
            normalisation(norm, outputs, spatial_dims),
        )
        self.bend = nn.LeakyReLU(LEAK)

    def forward(self, x: Tensor) -> Tensor:
        return self.bend(self.carry(x) + self.body(x))


class ResidualEncoder(nn.Module):
    """Images [n, C, *sides] to the mean and log-variance of their posteriors, each [n, latent_dim].

    widths: channels of each level, from fine to coarse; every level halves the sides.
    """

    def __init__(
        self, sample_shape: tuple[int, ...], widths: tuple[int, ...], latent_dim: int, *, norm: str, folds: int
    ) -> None:
        super().__init__()
        sides = coarsest(sample_shape, widths, folds)
        first, last, dims = widths[0], widths[-1], len(sides)
        layers: list[nn.Module] = [SpaceToDepth() for _ in range(folds)]
        layers += [CONV[dims](sample_shape[0] * 2 ** (dims * folds), first, 5, padding=2, bias=False)]
        layers += [normalisation(norm, first, dims), nn.LeakyReLU(LEAK), POOL[dims](2)]
        for inputs, outputs in itertools.pairwise(widths):
            layers += [ResidualUnit(inputs, outputs, norm, dims), POOL[dims](2)]
        self.features = nn.Sequential(*layers, ResidualUnit(last, last, norm, dims))
        self.head = nn.Linear(last * math.prod(sides), 2 * latent_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        # [n, width, *coarsest sides] -> [n, 2 * latent_dim]
        mean, log_variance = self.head(self.features(x).flatten(1)).float().chunk(2, dim=1)
        # Outside these bounds exp() is 0 or huge in float32, and nothing could be learned from it.
        return mean, log_variance.clamp(-16, 8)


class ResidualDecoder(nn.Module):
    """Codes [n, latent_dim] to the logits of images [n, C, *sides]: the reverse of `ResidualEncoder`."""

    def __init__(
        self, sample_shape: tuple[int, ...], widths: tuple[int, ...], latent_dim: int, *, norm: str, folds: int
    ) -> None:
        super().__init__()
        sides = coarsest(sample_shape, widths, folds)
        self.coarsest, dims = (widths[-1], *sides), len(sides)
        self.dense = nn.Sequential(nn.Linear(latent_dim, math.prod(self.coarsest)), nn.LeakyReLU(LEAK))
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise((widths[-1], *reversed(widths))):
            layers += [ResidualUnit(inputs, outputs, norm, dims), nn.Upsample(scale_factor=2)]
        layers += [ResidualUnit(widths[0], widths[0], norm, dims)]
        layers += [CONV[dims](widths[0], sample_shape[0] * 2 ** (dims * folds), 5, padding=2)]
        self.features = nn.Sequential(*layers, *(DepthToSpace() for _ in range(folds)))

    def forward(self, z: Tensor) -> Tensor:
        return self.features(self.dense(z).unflatten(1, self.coarsest))


def coarsest(sample_shape: tuple[int, ...], widths: tuple[int, ...], folds: int) -> tuple[int, ...]:
    """Return the sides below the last halving, (4, 4) for 128 x 128 and five levels.

    Raises InputError, naming the flag, where a side cannot be halved so often.
    """
    return halved(sample_shape, len(widths), folds=folds)
