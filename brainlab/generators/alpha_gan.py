"""Adversarial autoencoders of whole volumes: alpha-GAN (Rosca et al. 2017), and alpha-WGAN of Kwon et al. (2019).

An encoder gives codes, which a critic of codes compares with draws from the prior; a generator gives volumes of both
kinds of codes, which a critic of volumes compares with real ones:

    L_E,G = reconstruction_weight |x - G(E(x))|_1 + f(C(E(x))) + f(D(G(E(x)))) + f(D(G(z)))       z ~ N(0, 1)

with |.|_1 a mean over voxels in [-1, 1] and f what a player minimises whose images or codes are meant to pass
for real:
cross-entropy (alpha-GAN), or -D under two gradient penalties, on the way from each kind of fake to real ones
(alpha-WGAN; Kwon et al. 2019, equations 2-4). The critics learn first and the others then, on one and the same fakes.

What the published code does otherwise, and `paper_exact` repeats: the generator steps twice on one gradient; the
critics have batch norm, with which a value depends on its neighbours; and in the alpha-WGAN the encoder's loss lacks
its critic's part, so that nothing draws its codes to the prior.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import l1_loss

from brainlab.cohort.views import Batch
from brainlab.errors import InputError
from brainlab.generators.wgan_gp import (
    BUDGET,
    FEWER,
    FEWER_STEPS,
    KWON,
    SMALL,
    VolumeGAN,
    VolumeGANConfig,
    adversary_adam,
    learn,
    shown,
    value_of,
    view,
    volume_critic,
)
from brainlab.methods.generator import Autoencoder, Posterior
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.recipe import Progress, Recipe
from brainlab.networks.adversarial import AdversarialLoss, critic_loss, generator_loss, lipschitz_penalty
from brainlab.networks.cubes.stacks import CodeCritic, DownToVector
from brainlab.ranges import Count, Weight


@dataclass(frozen=True, kw_only=True)
class AlphaGANConfig(VolumeGANConfig):
    """Everything that decides such a GAN and what it learns.

    loss: `non_saturating` is the alpha-GAN, `wasserstein` the alpha-WGAN.
    reconstruction_weight: of the mean absolute error over voxels in [-1, 1].
    penalty_weight: of each gradient penalty; `wasserstein` only. (The other keeps its critics smooth by spectral norm.)
    code_width: units of the code critic's two hidden layers.
    """

    loss: AdversarialLoss = "wasserstein"
    reconstruction_weight: Weight = 10.0
    penalty_weight: Weight = 10.0
    code_width: Count = 4096


class AlphaGAN(VolumeGAN, Autoencoder):
    """The generator and the encoder; codes have no spread."""

    def __init__(self, config: AlphaGANConfig) -> None:
        super().__init__(config)
        shape, widths = config.sample_shape, config.widths
        self.encoder = DownToVector(shape, widths, config.latent_dim, config.norm, haar=config.haar)

    def encode(self, x: Tensor) -> Posterior:
        return Posterior(self.encoder(2 * x - 1))


class AlphaGANRecipe(Recipe):
    """Encoder and generator against a critic of volumes and one of codes."""

    generator: AlphaGAN

    def __init__(self, config: AlphaGANConfig) -> None:
        self.config = config
        self.generator = AlphaGAN(config)
        self.critic = volume_critic(config, spectral=config.loss == "non_saturating")
        self.code_critic = CodeCritic(config.latent_dim, config.code_width, batch_norm=config.paper_exact)
        self.networks = {"generator": self.generator, "critic": self.critic, "code_critic": self.code_critic}

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        config = self.config
        rates = {
            "critic": (self.critic, config.critic_learning_rate),
            "code_critic": (self.code_critic, config.critic_learning_rate),
            "encoder": (self.generator.encoder, config.learning_rate),
            "decoder": (self.generator.decoder, config.learning_rate),
        }
        return {name: adversary_adam(*each, paper_exact=config.paper_exact) for name, each in rates.items()}

    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        config, x = self.config, shown(batch.image, self.config)
        code = self.generator.encoder(x)
        z = torch.randn_like(code)
        reconstruction, drawn = self.generator.decoder(code), self.generator.decoder(z)

        seen = self._critic_step(x, reconstruction.detach(), drawn.detach())
        code_loss = self._code_critic_step(z, code.detach())

        error = l1_loss(reconstruction, x)
        loss = config.reconstruction_weight * error
        for fake in (reconstruction, drawn):
            loss = loss + generator_loss(config.loss, self.critic(fake))
        if not (config.paper_exact and config.loss == "wasserstein"):
            loss = loss + generator_loss(config.loss, self.code_critic(code))
        learn(loss, self.optimisers["encoder"], self.optimisers["decoder"])
        if config.paper_exact:
            self.optimisers["decoder"].step()
        return {"loss": loss.item(), "absolute_error": error.item(), **seen, "code_critic_loss": code_loss}

    def _critic_step(self, x: Tensor, reconstruction: Tensor, drawn: Tensor) -> dict[str, float]:
        """Real volumes count twice, for there are two kinds of fakes."""
        config = self.config
        d_real = self.critic(x)
        d_fakes = [self.critic(fake) for fake in (reconstruction, drawn)]
        loss = torch.stack([critic_loss(config.loss, d_real, d_fake) for d_fake in d_fakes]).sum()
        penalty = {}
        if config.loss == "wasserstein":
            found = (
                lipschitz_penalty(self.critic, x, reconstruction).mean()
                + lipschitz_penalty(self.critic, x, drawn).mean()
            )
            loss = loss + config.penalty_weight * found
            penalty["gradient_penalty"] = found.item()
        learn(loss, self.optimisers["critic"])
        values = {"d_real": d_real, "d_reconstructed": d_fakes[0], "d_fake": d_fakes[1]}
        return {"critic_loss": loss.item(), **{name: value.mean().item() for name, value in values.items()}, **penalty}

    def _code_critic_step(self, z: Tensor, code: Tensor) -> float:
        """Draws of the prior are what is real here."""
        config = self.config
        loss = critic_loss(config.loss, self.code_critic(z), self.code_critic(code))
        if config.loss == "wasserstein":
            loss = loss + config.penalty_weight * lipschitz_penalty(self.code_critic, z, code).mean()
        learn(loss, self.optimisers["code_critic"])
        return loss.item()

    def diagnostics(self, batch: Batch) -> dict[str, Any]:
        """Return D of held-out volumes, and mean and spread of their codes, 0 and 1 where they follow the prior."""
        with torch.no_grad():
            code = self.generator.eval().encode(batch.image).mean
        self.generator.train()
        return {
            "d_held_out": value_of(self.critic, batch.image),
            "code_mean": code.mean().item(),
            "code_spread": code.square().mean().sqrt().item(),
        }


def check_batch(config: AlphaGANConfig, images: int) -> None:
    """Refuse batches of one volume where a code critic has batch norm."""
    if config.paper_exact and images < 2:
        raise InputError(f"--batch-size: needs 2 or more images on each device with --paper-exact, got {images}")


def without_effect(config: AlphaGANConfig) -> dict[str, str]:
    """Name what only the Wasserstein loss has."""
    return {} if config.loss == "wasserstein" else {"penalty_weight": "with --loss non_saturating"}


_PAPER = Schedule(epochs=830, batch_size=4, ema_decay=0.0)
_WGAN = "Kwon et al. 2019 and their code; slice VAE paper, section 3.1"
_ALPHA: dict[str, Any] = {"loss": "non_saturating"}

# Widths at 128 and 256 are ours, with one and two more halvings: neither paper prints them. At 256 the slice VAE paper
# has instance norm in place of batch norm.
METHOD = Method(
    name="alpha-gan",
    title="3D alpha-GAN",
    config=AlphaGANConfig,
    network=AlphaGAN,
    recipe=AlphaGANRecipe,
    view=view,
    abilities=frozenset({"encode", "reconstruct", "walk"}),
    check_batch=check_batch,
    without_effect=without_effect,
    small=(
        AlphaGANConfig(code_width=8, **SMALL),
        AlphaGANConfig(code_width=8, haar=True, norm="group", flip=True, **_ALPHA, **SMALL),
    ),
    changeable=("learning_rate", "critic_learning_rate"),
    presets={
        "alpha-gan-64": Preset(
            config=AlphaGANConfig(**_ALPHA), schedule=_PAPER, recipe="t1-cube-64", source=KWON, budget=BUDGET
        ),
        "alpha-gan-64-small": Preset(
            config=AlphaGANConfig(code_width=512, **_ALPHA, **FEWER),
            schedule=FEWER_STEPS,
            recipe="t1-cube-64",
            source=f"{KWON}; on Haar bands",
            budget=BUDGET,
        ),
        "alpha-wgan-64": Preset(
            config=AlphaGANConfig(), schedule=_PAPER, recipe="t1-cube-64", source=_WGAN, budget=BUDGET
        ),
        "alpha-wgan-64-small": Preset(
            config=AlphaGANConfig(code_width=512, **FEWER),
            schedule=FEWER_STEPS,
            recipe="t1-cube-64",
            source=f"{_WGAN}; on Haar bands",
            budget=BUDGET,
        ),
        "alpha-wgan-128": Preset(
            config=AlphaGANConfig(sample_shape=(1, 128, 128, 128), widths=(32, 64, 128, 256, 512)),
            schedule=_PAPER,
            recipe="t1-cube-128",
            source=_WGAN,
            budget=BUDGET,
        ),
        "alpha-wgan-256": Preset(
            config=AlphaGANConfig(sample_shape=(1, 256, 256, 256), widths=(16, 32, 64, 128, 256, 512), norm="instance"),
            schedule=_PAPER,
            recipe="t1-cube-256",
            source=_WGAN,
            budget=BUDGET,
        ),
    },
)
