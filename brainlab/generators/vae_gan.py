"""A VAE of whole volumes with a critic (Larsen et al. 2016), as a baseline of Kwon et al. (2019).

    L_D = -log D(x) - log(1 - D(G(E(x)))) - log(1 - D(G(z)))                             z ~ N(0, 1)
    L_G = decoder_error |x - G(E(x))|^2 + what makes both kinds of fakes pass for real
    L_E = KL(E(x)) / latent_dim + encoder_error |x - G(E(x))|^2

with |.|^2 a mean over voxels in [-1, 1]: there is no error on a critic's features, as Larsen et al. have. The critic
learns first, the others then, at once and on the same fakes.

What the published code does otherwise, and `paper_exact` repeats: the generator maximises the critic's own loss, whose
gradient dies away where the critic is sure; and the critic has batch norm. (It also lets the encoder learn from errors
of the generator before its step by weights after it, which current torch refuses.)
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss, softplus

from brainlab.cohort.views import Batch
from brainlab.errors import InputError
from brainlab.generators.wgan_gp import (
    FEWER,
    FEWER_STEPS,
    KWON,
    SMALL,
    VolumeGAN,
    VolumeGANConfig,
    adversary_adam,
    gradients,
    learn,
    shown,
    value_of,
    view,
    volume_critic,
)
from brainlab.methods.generator import Autoencoder, Posterior
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.recipe import Progress, Recipe
from brainlab.networks.adversarial import generator_loss
from brainlab.networks.blocks import normalisation
from brainlab.networks.cubes.stacks import DownStack, Norm
from brainlab.networks.losses import draw_posterior, kl_to_prior
from brainlab.ranges import Count, Positive, Weight


@dataclass(frozen=True, kw_only=True)
class VAEGANConfig(VolumeGANConfig):
    """Everything that decides such a VAE and what it learns.

    dense_width: units between the encoder's convolutions and each of its two heads.
    decoder_error, encoder_error: weights of the mean squared error over voxels in [-1, 1] for the generator, beside
        the critic, and for the encoder, beside the KL over `latent_dim`. 10 and 1000 dimensions make .15 nats for one
        unit of summed squared error over [0, 1]: a code may say little.
    """

    dense_width: Count = 2048
    decoder_error: Weight = 20.0
    encoder_error: Positive = 10.0
    learning_rate: Positive = 1e-4
    critic_learning_rate: Positive = 1e-4


class Head(nn.Sequential):
    """Maps [n, features] to one number for each dimension of the code."""

    def __init__(self, features: int, width: int, latent_dim: int, norm: Norm) -> None:
        dense = nn.Linear(features, width)
        super().__init__(dense, normalisation(norm, width, 0), nn.ReLU(), nn.Linear(width, latent_dim))


class PosteriorStack(nn.Module):
    """Volume [n, c, *sides] in [-1, 1] to mean and log-variance of its posterior, each [n, latent_dim]."""

    def __init__(self, config: VAEGANConfig, features: int) -> None:
        super().__init__()
        self.stack = DownStack(config.sample_shape, config.widths, config.norm, haar=config.haar)
        self.mean, self.log_variance = (
            Head(features, config.dense_width, config.latent_dim, config.norm) for _ in range(2)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.stack(x).flatten(1)
        # Outside these bounds exp() is 0 or huge in float32, and nothing could be learned from it.
        return self.mean(h).float(), self.log_variance(h).float().clamp(-16, 8)


class VAEGAN(VolumeGAN, Autoencoder):
    """The generator and the encoder."""

    def __init__(self, config: VAEGANConfig) -> None:
        super().__init__(config)
        self.encoder = PosteriorStack(config, self.decoder.dense.out_features)

    def encode(self, x: Tensor) -> Posterior:
        return Posterior(*self.encoder(2 * x - 1))


class VAEGANRecipe(Recipe):
    """Encoder, generator and critic."""

    generator: VAEGAN

    def __init__(self, config: VAEGANConfig) -> None:
        self.config = config
        self.generator = VAEGAN(config)
        self.critic = volume_critic(config, spectral=True)
        self.networks = {"generator": self.generator, "critic": self.critic}

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        config = self.config
        rates = {
            "critic": (self.critic, config.critic_learning_rate),
            "encoder": (self.generator.encoder, config.learning_rate),
            "decoder": (self.generator.decoder, config.learning_rate),
        }
        return {name: adversary_adam(*each, paper_exact=config.paper_exact) for name, each in rates.items()}

    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        config, x = self.config, shown(batch.image, self.config)
        mean, log_variance = self.generator.encoder(x)
        code = draw_posterior(mean, log_variance)
        fakes = [self.generator.decoder(z) for z in (code, torch.randn_like(code))]

        d_real, d_fakes = self.critic(x), [self.critic(fake.detach()) for fake in fakes]
        seen = softplus(-d_real).mean() + softplus(d_fakes[0]).mean() + softplus(d_fakes[1]).mean()
        learn(seen, self.optimisers["critic"])

        error = mse_loss(fakes[0], x)
        kl = kl_to_prior(mean, log_variance).mean()
        adversary = self._adversary(x, fakes)
        decoder_loss = config.decoder_error * error + adversary
        encoder_loss = kl / config.latent_dim + config.encoder_error * error
        encoder, decoder = (self.optimisers[name] for name in ("encoder", "decoder"))
        # Both gradients before either step, for they are of one error.
        gradients(encoder_loss, encoder, keep=True)
        gradients(decoder_loss, decoder)
        encoder.step()
        decoder.step()
        values = {"d_real": d_real, "d_reconstructed": d_fakes[0], "d_fake": d_fakes[1]}
        return {
            "loss": decoder_loss.item(),
            "squared_error": x[0].numel() * error.item() / 4,
            "kl_real": kl.item(),
            "critic_loss": seen.item(),
            **{name: value.mean().item() for name, value in values.items()},
        }

    def _adversary(self, x: Tensor, fakes: list[Tensor]) -> Tensor:
        """Return what makes both kinds of fakes pass for real; as published, the critic's own loss with a minus."""
        if not self.config.paper_exact:
            return torch.stack([generator_loss("non_saturating", self.critic(fake)) for fake in fakes]).sum()
        values = [self.critic(images) for images in (x, *fakes)]
        return -(softplus(-values[0]) + softplus(values[1]) + softplus(values[2])).mean()

    def diagnostics(self, batch: Batch) -> dict[str, Any]:
        """Return D of held-out volumes: falling while D(real) does not, the critic learns its scans by heart."""
        return {"d_held_out": value_of(self.critic, batch.image)}


def check_batch(config: VAEGANConfig, images: int) -> None:
    """Refuse batches of one volume where batch norm follows a dense layer."""
    if images < 2 and config.norm == "batch":
        raise InputError(f"--batch-size: needs 2 or more images on each device for batch norm, got {images}")


METHOD = Method(
    name="vae-gan",
    title="3D VAE-GAN",
    config=VAEGANConfig,
    network=VAEGAN,
    recipe=VAEGANRecipe,
    view=view,
    abilities=frozenset({"encode", "reconstruct", "walk"}),
    check_batch=check_batch,
    small=(
        VAEGANConfig(dense_width=8, **SMALL),
        VAEGANConfig(dense_width=8, haar=True, norm="group", flip=True, **SMALL),
    ),
    changeable=("learning_rate", "critic_learning_rate"),
    presets={
        "vae-gan-64": Preset(
            config=VAEGANConfig(),
            schedule=Schedule(epochs=100, batch_size=4, ema_decay=0.0),
            recipe="t1-cube-64",
            source=KWON,
            budget="100 epochs on batches of 4",
        ),
        # The error of the encoder makes some 4 nats for one unit of summed squared error.
        "vae-gan-64-small": Preset(
            config=VAEGANConfig(dense_width=128, encoder_error=2600.0, learning_rate=2e-4, **FEWER),
            schedule=FEWER_STEPS,
            recipe="t1-cube-64",
            source=f"{KWON}; on Haar bands",
            budget="100 epochs on batches of 4",
        ),
    },
)
