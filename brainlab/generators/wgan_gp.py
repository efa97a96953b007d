"""A Wasserstein GAN of whole volumes with gradient penalty: a baseline of Kwon et al. (2019).

    L_D = D(G(z)) - D(x) + penalty_weight (|gradient of D| - 1)^2        L_G = -D(G(z))        z ~ N(0, 1)

with the gradient taken at random points between real and generated volumes (Gulrajani et al. 2017, equation 3).

What the published code does otherwise, and `paper_exact` repeats: it takes the norm of the gradient for each voxel in
place of each volume, so that every voxel's slope is drawn towards 1; its critic learns once for five steps of the
generator, not five times for one; and its critic has batch norm, with which a volume's value depends on its neighbours.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from brainlab.cohort.views import Batch, View, Volumes
from brainlab.generators.vae import flip_half
from brainlab.methods.generator import Generator
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.prior import NormalPrior
from brainlab.methods.recipe import Progress, Recipe
from brainlab.networks.adversarial import Critic, critic_loss, generator_loss, lipschitz_penalty, penalised_points
from brainlab.networks.cubes.stacks import DownToVector, Norm, UpStack
from brainlab.ranges import Count, Positive, Weight


@dataclass(frozen=True, kw_only=True)
class VolumeGANConfig:
    """What the adversarial baselines of whole volumes share.

    sample_shape: channel first.
    latent_dim: length of a code.
    widths: maps after each halving of the sides; a generator has the same in reverse.
    haar: let both ends work on the Haar bands of volumes; the sides are halved once more for it.
    norm: of the generator and the encoder.
    learning_rate: of Adam, of the generator and the encoder.
    critic_learning_rate: of Adam, of every critic.
    flip: mirror each training scan left to right with probability 1/2.
    paper_exact: as the published code has it, where that is wrong; see the top of the method's file.
    """

    sample_shape: tuple[Count, Count, Count, Count] = (1, 64, 64, 64)
    latent_dim: Count = 1000
    widths: tuple[Count, ...] = (64, 128, 256, 512)
    haar: bool = False
    norm: Norm = "batch"
    learning_rate: Positive = 2e-4
    critic_learning_rate: Positive = 2e-4
    flip: bool = False
    paper_exact: bool = False


@dataclass(frozen=True, kw_only=True)
class WGANGPConfig(VolumeGANConfig):
    """Everything that decides such a GAN and what it learns.

    penalty_weight: of the gradient penalty.
    critic_steps: steps of the critic for each of the generator; under `paper_exact` it is one for five.
    """

    penalty_weight: Weight = 10.0
    critic_steps: Count = 2


PUBLISHED_GENERATOR_STEPS = 5
"""Steps of the generator for one of the critic, in the published code."""


class VolumeGAN(Generator):
    """A generator of whole volumes from a normal code."""

    def __init__(self, config: VolumeGANConfig) -> None:
        super().__init__()
        self.sample_shape, self.prior = config.sample_shape, NormalPrior(config.latent_dim)
        self.decoder = UpStack(config.sample_shape, config.latent_dim, config.widths, config.norm, haar=config.haar)

    def decode(self, z: Tensor) -> Tensor:
        return (1 + self.decoder(z)) / 2


class WGANGPRecipe(Recipe):
    """Critic and generator."""

    generator: VolumeGAN

    def __init__(self, config: WGANGPConfig) -> None:
        self.config = config
        self.generator = VolumeGAN(config)
        self.critic = volume_critic(config, spectral=False)
        self.networks = {"generator": self.generator, "critic": self.critic}

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        config = self.config
        return {
            "critic": adversary_adam(self.critic, config.critic_learning_rate, paper_exact=config.paper_exact),
            "generator": adversary_adam(self.generator, config.learning_rate, paper_exact=config.paper_exact),
        }

    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        config, x = self.config, shown(batch.image, self.config)
        with torch.no_grad():
            fake = self.generator.decoder(self._noise(x))
        d_real, d_fake = self.critic(x), self.critic(fake)
        penalty = (voxel_penalty if config.paper_exact else lipschitz_penalty)(self.critic, x, fake).mean()
        loss = critic_loss("wasserstein", d_real, d_fake) + config.penalty_weight * penalty
        learn(loss, self.optimisers["critic"])
        for _ in range(self._generator_steps(progress.step)):
            fooled = generator_loss("wasserstein", self.critic(self.generator.decoder(self._noise(x))))
            learn(fooled, self.optimisers["generator"])
        return {
            "loss": loss.item(),
            "wasserstein": (d_real.mean() - d_fake.mean()).item(),
            "d_real": d_real.mean().item(),
            "d_fake": d_fake.mean().item(),
            "gradient_penalty": penalty.item(),
        }

    def diagnostics(self, batch: Batch) -> dict[str, Any]:
        """Return D of held-out volumes: falling while D(real) does not, the critic learns its scans by heart."""
        return {"d_held_out": value_of(self.critic, batch.image)}

    def _noise(self, x: Tensor) -> Tensor:
        return torch.randn(len(x), self.config.latent_dim, device=x.device)

    def _generator_steps(self, step: int) -> int:
        if self.config.paper_exact:
            return PUBLISHED_GENERATOR_STEPS
        return int((step + 1) % self.config.critic_steps == 0)


def shown(images: Tensor, config: VolumeGANConfig) -> Tensor:
    """Return training images [n, *sample_shape] in [0, 1] as the players see them: in [-1, 1], mirrored where asked."""
    return 2 * (flip_half(images) if config.flip else images) - 1


def volume_critic(config: VolumeGANConfig, *, spectral: bool) -> DownToVector:
    """Return a critic: without norm layers, for it looks at each volume by itself, or with batch norm, as published.

    spectral: divide its weights by their largest singular values, where it is not published and has no penalty.
    """
    norm: Norm = "batch" if config.paper_exact else "none"
    bounded = spectral and not config.paper_exact
    return DownToVector(config.sample_shape, config.widths, 1, norm, haar=config.haar, spectral=bounded)


def adversary_adam(network: nn.Module, learning_rate: float, *, paper_exact: bool) -> torch.optim.Adam:
    """Return Adam over a player: with momentum as published, or without, which a moving opponent makes worthless."""
    betas = (0.9, 0.999) if paper_exact else (0.0, 0.9)
    return torch.optim.Adam(network.parameters(), lr=learning_rate, betas=betas, fused=True)


def learn(loss: Tensor, *optimisers: torch.optim.Optimizer) -> None:
    """Step some players on a loss; no gradient reaches the others."""
    gradients(loss, *optimisers)
    for optimiser in optimisers:
        optimiser.step()


def gradients(loss: Tensor, *optimisers: torch.optim.Optimizer, keep: bool = False) -> None:
    """Give some players the gradients of a loss, and the others none. keep: the graph is needed again."""
    for optimiser in optimisers:
        optimiser.zero_grad(set_to_none=True)
    groups = [group for optimiser in optimisers for group in optimiser.param_groups]
    loss.backward(inputs=[weight for group in groups for weight in group["params"]], retain_graph=keep)


def value_of(critic: nn.Module, images: Tensor) -> float:
    """Return the mean that a critic gives to images in [0, 1], without learning from it."""
    was, _ = critic.training, critic.eval()
    with torch.no_grad():
        value = critic(2 * images - 1).mean().item()
    critic.train(was)
    return value


def voxel_penalty(critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
    """Return (|slope| - 1)^2 of each voxel by itself, as the published code takes it: [n, *shape]."""
    between = penalised_points(real, fake)
    (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (gradient.float().abs() - 1).square()


def view(config: VolumeGANConfig) -> View:
    """Return what is read: whole volumes."""
    return Volumes()


def without_effect(config: WGANGPConfig) -> dict[str, str]:
    """Name what the published code fixes."""
    return {"critic_steps": "with --paper-exact"} if config.paper_exact else {}


KWON = "Kwon et al. 2019 and their code; a baseline of the slice VAE paper, section 3.1"
BUDGET = "200,000 steps on batches of 4"
SMALL: dict[str, Any] = {"sample_shape": (1, 8, 16, 8), "latent_dim": 4, "widths": (8, 8)}
FEWER: dict[str, Any] = {
    "latent_dim": 100,
    "widths": (32, 64, 128),
    "haar": True,
    "norm": "group",
    "flip": True,
    "critic_learning_rate": 4e-4,
}
FEWER_STEPS = Schedule(epochs=48, batch_size=8, ema_decay=0.998)
"""Of the presets that two cores can train: on Haar bands, with a shorter code; the critic learns faster."""

METHOD = Method(
    name="wgan-gp",
    title="3D WGAN-GP",
    config=WGANGPConfig,
    network=VolumeGAN,
    recipe=WGANGPRecipe,
    view=view,
    abilities=frozenset({"walk"}),
    without_effect=without_effect,
    small=(WGANGPConfig(**SMALL), WGANGPConfig(haar=True, norm="group", flip=True, **SMALL)),
    changeable=("learning_rate", "critic_learning_rate"),
    presets={
        "wgan-gp-64": Preset(
            config=WGANGPConfig(),
            schedule=Schedule(epochs=830, batch_size=4, ema_decay=0.0),
            recipe="t1-cube-64",
            source=KWON,
            budget=BUDGET,
        ),
        "wgan-gp-64-small": Preset(
            config=WGANGPConfig(**FEWER),
            schedule=FEWER_STEPS,
            recipe="t1-cube-64",
            source=f"{KWON}; on Haar bands",
            budget=BUDGET,
        ),
    },
)
