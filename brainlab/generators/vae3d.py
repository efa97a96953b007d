"""The 3D VAE that the slice VAE paper compares itself with (section 3.1): reversible blocks at each size.

    L = reconstruction_weight |x - G(z)|^2 + KL(E(x))        z ~ E(x)

The encoder is a convolution of 16 maps, batch norm, LeakyReLU and pooling, then a reversible block and pooling as often
as is left, and a dense layer each for mean and spread; the decoder is its reverse. At 64^3 there is a last block before
the dense layers, at 128^3 none. The paper prints no weight on the squared error.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from brainlab.cohort.views import Batch, View, Volumes
from brainlab.errors import InputError
from brainlab.generators.vae import GaussianAutoencoder, flip_half
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.prior import NormalPrior
from brainlab.methods.recipe import Progress, Recipe
from brainlab.networks.blocks import LEAK, Conv3d
from brainlab.networks.cubes.reversible import ReversibleBlock
from brainlab.networks.learning_rate import set_learning_rate
from brainlab.networks.losses import draw_posterior, kl_to_prior, squared_error
from brainlab.ranges import Count, Positive, Range, Several

EVEN = Range(lambda value: value >= 2 and value % 2 == 0, "an even number")


@dataclass(frozen=True, kw_only=True)
class VAE3DConfig:
    """Everything that decides such a VAE and what it learns.

    sample_shape: channel first.
    latent_dim: length of a code.
    maps: of every convolution; an even number, for reversible blocks change one half by the other.
    halvings: of the sides.
    last_block: put a reversible block at the smallest size too.
    reconstruction_weight: nats for one unit of summed squared error.
    learning_rate: of Adam.
    cosine: let it fall to zero along a half cosine over the whole training.
    flip: mirror each training scan left to right with probability 1/2.
    """

    sample_shape: tuple[Count, Count, Count, Count] = (1, 64, 64, 64)
    latent_dim: Count = 512
    maps: Annotated[int, EVEN] = 16
    halvings: Several = 4
    last_block: bool = True
    reconstruction_weight: Positive = 1.0
    learning_rate: Positive = 1e-3
    cosine: bool = False
    flip: bool = False


class VAE3D(GaussianAutoencoder):
    """Encoder and decoder of whole volumes."""

    def __init__(self, config: VAE3DConfig) -> None:
        super().__init__()
        self.sample_shape, self.prior = config.sample_shape, NormalPrior(config.latent_dim)
        factor, (channels, *sides) = 2**config.halvings, config.sample_shape
        if any(side % factor for side in sides):
            got = " x ".join(map(str, sides))
            raise InputError(f"--halvings: needs volumes whose sides divide by {factor}, got {got}; give fewer")
        maps = config.maps
        bottom = (maps, *(side // factor for side in sides))
        down: list[nn.Module] = [Conv3d(channels, maps, 3, padding=1), nn.BatchNorm3d(maps), nn.LeakyReLU(LEAK)]
        down.append(nn.MaxPool3d(2))
        up: list[nn.Module] = [nn.Linear(config.latent_dim, math.prod(bottom)), nn.Unflatten(1, bottom)]
        if config.last_block:
            up.append(ReversibleBlock(maps))
        for _ in range(config.halvings - 1):
            down += [ReversibleBlock(maps), nn.MaxPool3d(2)]
            up += [nn.Upsample(scale_factor=2), ReversibleBlock(maps)]
        if config.last_block:
            down.append(ReversibleBlock(maps))
        up += [nn.Upsample(scale_factor=2), nn.BatchNorm3d(maps), nn.LeakyReLU(LEAK)]
        up.append(Conv3d(maps, channels, 3, padding=1))
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(math.prod(bottom), 2 * config.latent_dim))
        self.decoder = nn.Sequential(*up)

    def gaussian(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.encoder(x).float().chunk(2, dim=1)
        # Outside these bounds exp() is 0 or huge in float32, and nothing could be learned from it.
        return mean, log_variance.clamp(-16, 8)

    def decode(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.decoder(z).float())


class VAE3DRecipe(Recipe):
    """One optimiser over encoder and decoder."""

    generator: VAE3D

    def __init__(self, config: VAE3DConfig) -> None:
        self.config = config
        self.generator = VAE3D(config)
        self.networks = {"autoencoder": self.generator}

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"autoencoder": torch.optim.Adam(self.generator.parameters(), self.config.learning_rate, fused=True)}

    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        optimiser, config = self.optimisers["autoencoder"], self.config
        set_learning_rate(optimiser, config.learning_rate, progress.step, progress.total_steps, cosine=config.cosine)
        x = flip_half(batch.image) if config.flip else batch.image
        mean, log_variance = self.generator.gaussian(x)
        error = squared_error(self.generator.decode(draw_posterior(mean, log_variance)), x).mean()
        kl = kl_to_prior(mean, log_variance).mean()
        loss = config.reconstruction_weight * error + kl
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        return {"loss": loss.item(), "squared_error": error.item(), "kl_real": kl.item()}


def view(config: VAE3DConfig) -> View:
    """Return what is read: whole volumes."""
    return Volumes()


PAPER = "slice VAE paper, section 3.1"
_TINY: dict[str, Any] = {"sample_shape": (1, 8, 16, 8), "latent_dim": 4, "maps": 4, "halvings": 2}

METHOD = Method(
    name="vae3d",
    title="3D VAE",
    config=VAE3DConfig,
    network=VAE3D,
    recipe=VAE3DRecipe,
    view=view,
    abilities=frozenset({"encode", "reconstruct", "walk"}),
    small=(VAE3DConfig(**_TINY), VAE3DConfig(last_block=False, flip=True, cosine=True, **_TINY)),
    presets={
        "vae3d-64": Preset(
            config=VAE3DConfig(),
            schedule=Schedule(epochs=100, batch_size=8, ema_decay=0.0),
            recipe="t1-cube-64",
            source=PAPER,
        ),
        "vae3d-128": Preset(
            config=VAE3DConfig(sample_shape=(1, 128, 128, 128), latent_dim=1024, halvings=5, last_block=False),
            schedule=Schedule(epochs=100, batch_size=4, ema_decay=0.0),
            recipe="t1-cube-128",
            source=PAPER,
        ),
    },
)
