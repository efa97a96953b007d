"""The plain convolutional VAEs of two papers, for slices: the DWI comparison (section 3.2), the IXI thesis (3.3.1).

Objective, per sample and then averaged over the batch:

    L = reconstruction_weight * |x - G(z)|^2 + KL(E(x))        z ~ E(x)

Both encode by strided convolutions straight into two dense layers, mean and log-variance. They differ in widths, in how
the decoder doubles its sides, and in the weight.
"""

import itertools
import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor, nn

from brainlab.cohort.views import Batch, Slices, View
from brainlab.errors import InputError
from brainlab.methods.generator import Autoencoder, Posterior
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.prior import NormalPrior
from brainlab.methods.recipe import Progress, Recipe
from brainlab.networks.halving import halved
from brainlab.networks.learning_rate import set_learning_rate
from brainlab.networks.losses import draw_posterior, kl_to_prior, squared_error
from brainlab.ranges import Count, Positive, ShareBelow1


@dataclass(frozen=True, kw_only=True)
class ConvNetworkConfig:
    """What decides the networks and how fast they learn; the defaults are those of the DWI comparison.

    latent_dim: length of a code.
    sample_shape: channels and the two sides of a slice.
    plane: which slices are read.
    widths: channels after each halving of the sides; the decoder has the same in reverse. The DWI comparison prints
        none and refers to Hou et al. (arXiv 1610.00291), whose these are.
    upsampling: how the decoder doubles its sides. `nearest`: repeated pixels, then a convolution of kernel 3 whose
        border repeats the outermost pixels, as Hou et al. `transposed`: a transposed convolution of kernel 4, stride 2.
    leak: slope of the LeakyReLUs below zero; the papers print none.
    learning_rate: of Adam.
    cosine: let the learning rate fall to zero along a half cosine over the whole training; the papers keep it constant.
    """

    latent_dim: Count = 200
    sample_shape: tuple[Count, Count, Count] = (1, 128, 128)
    plane: Literal["axial", "coronal", "sagittal"] = "axial"
    widths: tuple[Count, ...] = (32, 64, 128, 256)
    upsampling: Literal["nearest", "transposed"] = "nearest"
    leak: ShareBelow1 = 0.2
    learning_rate: Positive = 1e-4
    cosine: bool = False


@dataclass(frozen=True, kw_only=True)
class ConvVAEConfig(ConvNetworkConfig):
    """Everything that decides such a VAE and what it learns.

    reconstruction_weight: nats for one unit of summed squared error, that is 1 / (2 sigma^2) of a Gaussian likelihood
        over intensities in [0, 1]. The DWI comparison prints 0.025 * 128 * 128, taken here as a weight on the mean over
        128 x 128 pixels: 0.025 on their sum. On 53,014 simulated slices this keeps 2 or 3 of 200 dimensions (2.3 nats),
        an error of a quarter of the slices' variance, and .15 and .14 of their sharpness in reconstructions and
        samples; published are a sixth, .23, .13. Its equation 5 has a sum: 409.6 on that, a sigma of .035, keeps some
        1,600 of the slices' principal components and an error twenty times below the published one.
    """

    reconstruction_weight: Positive = 0.025


def bottom_shape(config: ConvNetworkConfig) -> tuple[int, int, int]:
    """Return channels and sides after every halving, (256, 8, 8) for the defaults.

    Raises InputError where there is no halving, or where a side does not divide.
    """
    if not config.widths:
        raise InputError("--widths: needs one width or more, got none")
    across, along = halved(config.sample_shape, len(config.widths))
    return config.widths[-1], across, along


def normalised(layer: nn.Module, channels: int, leak: float) -> nn.Sequential:
    """Return a layer that gives so many channels, followed by batch norm and LeakyReLU: the order of both papers."""
    return nn.Sequential(layer, nn.BatchNorm2d(channels), nn.LeakyReLU(leak))


def halving(inputs: int, outputs: int) -> nn.Module:
    """Return a convolution that halves each side."""
    return nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)


def doubling(upsampling: str, inputs: int, outputs: int) -> nn.Module:
    """Return a convolution that doubles each side, see `ConvNetworkConfig.upsampling`."""
    if upsampling == "transposed":
        return nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)
    conv = nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="replicate")
    return nn.Sequential(nn.Upsample(scale_factor=2), conv)


class Encoder(nn.Module):
    """Slice [n, c, X, Y] to the mean and log-variance of its posterior, each [n, latent_dim]."""

    def __init__(self, config: ConvNetworkConfig) -> None:
        super().__init__()
        features = math.prod(bottom_shape(config))
        channels = (config.sample_shape[0], *config.widths)
        self.features = nn.Sequential(
            *(normalised(halving(*pair), pair[1], config.leak) for pair in itertools.pairwise(channels))
        )
        self.mean = nn.Linear(features, config.latent_dim)
        self.log_variance = nn.Linear(features, config.latent_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.features(x).flatten(1)  # [n, prod(bottom_shape)]
        # Outside these bounds exp() is 0 or huge in float32, and nothing could be learned from it.
        return self.mean(h).float(), self.log_variance(h).float().clamp(-16, 8)


class Decoder(nn.Module):
    """Code [n, latent_dim] to the logits of a slice [n, c, X, Y]; what gives them is not normalised."""

    def __init__(self, config: ConvNetworkConfig) -> None:
        super().__init__()
        self.bottom = bottom_shape(config)
        self.dense = nn.Linear(config.latent_dim, math.prod(self.bottom))
        self.features = nn.Sequential(
            *(
                normalised(doubling(config.upsampling, *pair), pair[1], config.leak)
                for pair in itertools.pairwise(reversed(config.widths))
            )
        )
        self.last = doubling(config.upsampling, config.widths[0], config.sample_shape[0])

    def forward(self, z: Tensor) -> Tensor:
        h = self.dense(z).unflatten(1, self.bottom)  # [n, *bottom_shape]
        return self.last(self.features(h)).float()


class ConvVAE(Autoencoder):
    """Convolutional autoencoder of slices with a Gaussian code."""

    def __init__(self, config: ConvNetworkConfig) -> None:
        super().__init__()
        self.sample_shape, self.prior = config.sample_shape, NormalPrior(config.latent_dim)
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)

    def encode(self, x: Tensor) -> Posterior:
        return Posterior(*self.encoder(x))

    def decode(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.decoder(z))


class GaussianConvRecipe(Recipe):
    """One optimiser over encoder and decoder, which minimise the KL and what a reconstruction costs."""

    generator: ConvVAE
    config: ConvNetworkConfig

    def __init__(self, config: ConvNetworkConfig) -> None:
        self.config = config
        self.generator = ConvVAE(config)
        self.networks = {"autoencoder": self.generator}

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        adam = torch.optim.Adam(self.generator.parameters(), lr=self.config.learning_rate, fused=True)
        return {"autoencoder": adam}

    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        optimiser, config, x = self.optimisers["autoencoder"], self.config, batch.image
        set_learning_rate(
            optimiser, config.learning_rate, progress.step, progress.total_steps, cosine=config.cosine, warm_up=1
        )
        mean, log_variance = self.generator.encoder(x)
        reconstruction = self.generator.decode(draw_posterior(mean, log_variance))
        cost, figures = self.reconstruction_cost(reconstruction, x)
        kl = kl_to_prior(mean, log_variance).mean()
        loss = cost + kl
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        return {"loss": loss.item(), **figures, "kl_real": kl.item()}

    @abstractmethod
    def reconstruction_cost(self, reconstruction: Tensor, x: Tensor) -> tuple[Tensor, dict[str, float]]:
        """Return what is added to the KL, in nats and a mean over the batch, and the figures to be logged of it."""


class ConvVAERecipe(GaussianConvRecipe):
    """The weighted squared error and the KL."""

    config: ConvVAEConfig

    def reconstruction_cost(self, reconstruction: Tensor, x: Tensor) -> tuple[Tensor, dict[str, float]]:
        error = squared_error(reconstruction, x).mean()
        return self.config.reconstruction_weight * error, {"squared_error": error.item()}


def view(config: ConvNetworkConfig) -> View:
    """Return the slices that a config reads."""
    return Slices(config.plane)


def check_batch(config: ConvNetworkConfig, images: int) -> None:
    """Refuse batches of one image, for it has no statistics."""
    if images < 2:
        raise InputError(f"--batch-size: needs 2 or more images on each device for batch norm, got {images}")


DWI = "DWI comparison, section 3.2"
DWI_BUDGET = "48 hours on a GTX 1080: 2,000 epochs of 52,754 slices of 2,029 people, batches of 64"
IXI = "IXI thesis, section 3.3.1"
IXI_BUDGET = "500 epochs of 16,268 slices, batches of 64"

# 1000 on the mean over 128 x 128 pixels (the thesis' code) is .061 on their sum: a Gaussian likelihood with a sigma of
# 2.9 over intensities in [0, 1]. A dimension of the code pays only where it explains more than sigma^2 = 8.2 units of
# summed squared error, as few directions do. So posterior collapse is expected: almost all of the 1024 dimensions stay
# at the prior, and reconstructions are blurred. The thesis takes the KL that rises over the epochs for an error; it is
# the few other dimensions beginning to carry something. A run's diagnostics show it: KL per dimension, active units.
# The thesis prints no decoder (figure 3.9 repeats the encoder); that of its code mirrors the encoder, as the text says.
IXI_SETTINGS: dict[str, Any] = {
    "latent_dim": 1024,
    "upsampling": "transposed",
    "leak": 0.3,  # what Keras takes where, as in the thesis' code, none is given
    "reconstruction_weight": 1000 / (128 * 128),
    "learning_rate": 5e-4,
}

# The papers keep the last weights: no moving average. Their epochs are for 52,754 and 16,268 slices, and for a GPU; the
# small ones, with fewer maps, are for some 50,000 and 10,000 slices and take half an hour on one core. A collapsed code
# has no use for more: of `dwi-vae-small` the held-out error was .0098, .0091 and .0084 after one, two and three epochs.
METHOD = Method(
    name="conv-vae",
    title="Convolutional VAE",
    config=ConvVAEConfig,
    network=ConvVAE,
    recipe=ConvVAERecipe,
    view=view,
    abilities=frozenset({"encode", "reconstruct", "walk"}),
    check_batch=check_batch,
    small=(
        ConvVAEConfig(latent_dim=4, sample_shape=(1, 16, 8), widths=(4, 8)),
        ConvVAEConfig(latent_dim=4, sample_shape=(1, 16, 8), widths=(4, 8), upsampling="transposed", cosine=True),
    ),
    presets={
        "dwi-vae": Preset(
            config=ConvVAEConfig(),
            schedule=Schedule(epochs=2000, batch_size=64, ema_decay=0.0),
            recipe="dwi-slices-128",
            source=DWI,
            budget=DWI_BUDGET,
        ),
        "dwi-vae-small": Preset(
            config=ConvVAEConfig(widths=(16, 32, 64, 128), learning_rate=5e-4, cosine=True),
            schedule=Schedule(epochs=5, stop_after=3, batch_size=64),
            recipe="dwi-slices-128",
            source=DWI,
            budget=DWI_BUDGET,
        ),
        "vae2d-1024": Preset(
            config=ConvVAEConfig(widths=(16, 32, 64, 256, 1024), **IXI_SETTINGS),
            schedule=Schedule(epochs=500, batch_size=64, ema_decay=0.0),
            recipe="ixi-slices-128",
            source=IXI,
            budget=IXI_BUDGET,
        ),
        "vae2d-1024-small": Preset(
            config=ConvVAEConfig(widths=(16, 32, 64, 64, 64), **IXI_SETTINGS, cosine=True),
            schedule=Schedule(epochs=20, batch_size=64),
            recipe="ixi-slices-128",
            source=IXI,
            budget=IXI_BUDGET,
        ),
    },
)
