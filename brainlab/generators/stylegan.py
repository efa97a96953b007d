"""The style-based GAN of the DWI comparison (sections 2.5 and 3.2), for slices.

A critic D and a generator G play, on images from -1 to 1:

    wasserstein      D: D(G(z)) - D(x) + penalty_weight * (|D'(between)| - 1)^2 + drift * D(x)^2
                     G: -D(G(z))
    non_saturating   D: softplus(D(G(z))) + softplus(-D(x)) + penalty_weight / 2 * |D'(x)|^2
                     G: softplus(-D(G(z)))

The paper names the Wasserstein distance (equations 11 and 12) but not what keeps its critic Lipschitz. Here it is the
gradient penalty of progressive GANs, from which the paper takes its networks. The second pair, with R1 on every 16th
step, is how later style-based GANs are trained, and a step takes two thirds of the time.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor

from brainlab.cohort.views import Batch, Slices, View
from brainlab.errors import InputError
from brainlab.generators.vae import flip_half
from brainlab.methods.generator import StyleBased
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.prior import NormalPrior
from brainlab.methods.recipe import Progress, Recipe
from brainlab.networks.adversarial import critic_loss, generator_loss, lipschitz_penalty, squared_gradient
from brainlab.networks.augmentation import augment
from brainlab.networks.halving import halved
from brainlab.networks.style import StyleCritic, StyleSynthesis, he_normal, mapping
from brainlab.ranges import Count, NotNegative, Positive, Share, ShareAbove0, Weight


@dataclass(frozen=True, kw_only=True)
class StyleGANConfig:
    """Everything that decides a style-based GAN and what it learns.

    latent_dim: length of a code and of a style; 512 as the paper.
    mapping_layers: dense layers between them; 2 as the paper.
    sample_shape: channel first.
    plane: which slices are read.
    widths: maps at each size, from the smallest up, each size twice the one before; in the critic the other way round.
        The paper takes those of progressive GANs: 4 to 128 pixels a side.
    haar: make and judge the four Haar bands of an image at half its size, which costs a quarter.
    first_gain: factor on the He weights with which the last convolution starts; 1 as the paper. The first images then
        lie far outside the range, and a critic tells them from real ones before it has learned what these show; with
        0.1 they start within it.
    bounded: show the critic images that are nearly cut to their range, as they are once trained: what lies outside it
        counts by a twentieth. Black background and white clipped by a percentile then need no exact value; without, a
        generator that is short of training makes grey backgrounds. The paper names no such thing.
    loss: see above.
    penalty_weight: of the gradient penalty, 10 as progressive GANs; or gamma of R1, often .0002 * pixels / batch size.
    penalty_interval: steps from one penalty to the next, which counts for all of them.
    drift: weight of D(x)^2, which keeps the critic's values near 0, as progressive GANs have it.
    deviation_group: images over which the critic sees a standard deviation; 0 shows it none.
    augment_probability: with which what the critic sees is moved, and cut (`networks/augmentation.py`).
    flip: mirror each training scan left to right with probability 1/2.
    learning_rate: of both Adam optimisers, betas (0, 0.99); 1e-4 as the paper.
    mapping_rate: share of it by which the mapping learns.
    """

    latent_dim: Count = 512
    mapping_layers: Count = 2
    sample_shape: tuple[int, ...] = (1, 128, 128)
    plane: Literal["axial", "coronal", "sagittal"] = "axial"
    widths: tuple[Count, ...] = (512, 512, 512, 512, 256, 128)
    haar: bool = False
    first_gain: ShareAbove0 = 1.0
    bounded: bool = False
    loss: Literal["wasserstein", "non_saturating"] = "wasserstein"
    penalty_weight: Weight = 10.0
    penalty_interval: Count = 1
    drift: Weight = 1e-3
    deviation_group: NotNegative = 4
    augment_probability: Share = 0.0
    flip: bool = False
    learning_rate: Positive = 1e-4
    mapping_rate: ShareAbove0 = 1.0


BACKGROUND = -1.0
"""Of the images that the critic sees."""


OUTSIDE = 0.05
"""What an excess beyond the range counts for where a generator is bounded: enough to find the way back."""

MEAN_RATE = 0.005
"""Share by which the mean style moves towards that of a batch; 0.005 as Karras et al. 2019."""


class StyleGenerator(StyleBased):
    """Mapping and synthesis, whose codes know truncation.

    The mapping sees a code's direction alone. The code's length, over its usual one of sqrt(latent_dim), is how far its
    style is from the mean style:

        w = mean + |z| / sqrt(d) * (f(z sqrt(d) / |z|) - mean)

    So a draw with truncation 0.7 has 0.7 of its style's departure (Karras et al. 2019, appendix B), a code of zeros is
    the mean image, and on the way from one to the other the image changes evenly. Codes stay standard normal, whatever
    the mapping learns.
    """

    def __init__(self, config: StyleGANConfig) -> None:
        super().__init__()
        if len(config.sample_shape) != 3:
            raise InputError(f"--sample-shape: needs slices [channels, 2 sides], got {config.sample_shape}")
        if config.flip and config.plane == "sagittal":
            raise InputError("--flip: needs slices that show left and right, got sagittal ones; use --no-flip")
        self.sample_shape, self.prior = config.sample_shape, NormalPrior(config.latent_dim)
        self.bounded = config.bounded
        self.mapping = mapping(config.latent_dim, config.mapping_layers)
        he_normal(self.mapping)
        channels, bottom = config.sample_shape[0], bottom_sides(config)
        self.synthesis = StyleSynthesis(
            channels, bottom, config.widths, config.latent_dim, haar=config.haar, gain=config.first_gain
        )
        self.levels = self.synthesis.sizes
        self.register_buffer("mean_style", torch.zeros(config.latent_dim))

    def style(self, z: Tensor) -> Tensor:
        """Return the styles [n, latent_dim] of codes [n, latent_dim]; in training the mean style follows them."""
        length = z.square().mean(1, keepdim=True).sqrt()  # 1 for a draw from the prior, about
        styles = self.mapping(z / length.clamp(min=1e-8)).float()
        if self.training:
            self.mean_style.lerp_(styles.detach().mean(0), MEAN_RATE)
        return torch.lerp(self.mean_style.expand_as(styles), styles, length)

    def signal(self, z: Tensor) -> Tensor:
        """Return the images of codes as the critic sees them: -1 is background, 1 full scale, and more may come."""
        images = self.synthesis(self.at_all_levels(self.style(z)))
        if not self.bounded:
            return images
        inside = images.clamp(-1, 1)
        return inside + OUTSIDE * (images - inside)

    def from_styles(self, styles: Tensor) -> Tensor:
        return ((1 + self.synthesis(styles)) / 2).clamp(0, 1)


def bottom_sides(config: StyleGANConfig) -> tuple[int, ...]:
    """Return the sides of the smallest maps. Raises InputError where the images' sides do not divide."""
    bottom = halved(config.sample_shape, len(config.widths), fixed=int(config.haar), unhalved=1)
    if max(bottom) == 1:
        raise InputError(f"--widths: needs fewer, got {len(config.widths)}; a map of one value has no spread to set")
    return bottom


class StyleGANRecipe(Recipe):
    """Critic and generator, one step of each for a batch."""

    generator: StyleGenerator

    def __init__(self, config: StyleGANConfig) -> None:
        self.config = config
        self.generator = StyleGenerator(config)
        self.critic = StyleCritic(
            config.sample_shape[0],
            bottom_sides(config),
            config.widths,
            haar=config.haar,
            group=config.deviation_group,
        )
        self.networks = {"generator": self.generator, "critic": self.critic}

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        synthesis, mapping = self.generator.synthesis, self.generator.mapping
        return {
            "critic": _adam([(self.critic, 1.0)]),
            "generator": _adam([(synthesis, 1.0), (mapping, self.config.mapping_rate)]),
        }

    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        """Both players' losses are taken on the same fakes: the critic's step leaves the generator as it was."""
        config, x = self.config, 2 * batch.image - 1
        real = self._shown(flip_half(x) if config.flip else x)
        made = self.generator.signal(torch.randn(len(x), config.latent_dim, device=x.device))

        penalised = config.penalty_weight > 0 and progress.step % config.penalty_interval == 0
        fake = self._shown(made.detach())
        d_real, d_fake = self.critic(real.requires_grad_(penalised)), self.critic(fake)
        loss = critic_loss(config.loss, d_real, d_fake)
        if config.loss == "wasserstein":
            loss = loss + config.drift * d_real.square().mean()
        penalty = {}
        if penalised:
            found = self._penalty(real, fake, d_real)
            loss = loss + config.penalty_interval * config.penalty_weight * found
            penalty["gradient_penalty"] = found.item()
        self._learn("critic", loss)

        fooled = generator_loss(config.loss, self.critic(self._shown(made)))
        self._learn("generator", fooled)
        return {
            "loss": fooled.item(),
            "critic_loss": loss.item(),
            "wasserstein": (d_real.mean() - d_fake.mean()).item(),
            "d_real": d_real.mean().item(),
            "d_fake": d_fake.mean().item(),
            **penalty,
        }

    def diagnostics(self, batch: Batch) -> dict[str, Any]:
        """Return D of held-out images: falling from epoch to epoch while D(real) does not, the critic learns by heart.

        The two are no pair: D(real) is the epoch's mean over augmented images, this the critic's at its end over plain
        ones.
        """
        with torch.no_grad():
            return {"d_held_out": self.critic(2 * batch.image - 1).mean().item()}

    def _shown(self, images: Tensor) -> Tensor:
        return augment(images, self.config.augment_probability, BACKGROUND)

    def _penalty(self, real: Tensor, fake: Tensor, d_real: Tensor) -> Tensor:
        if self.config.loss == "wasserstein":
            return lipschitz_penalty(self.critic, real, fake).mean()
        return squared_gradient(d_real, real).mean() / 2

    def _learn(self, player: str, loss: Tensor) -> None:
        optimiser = self.optimisers[player]
        for group in optimiser.param_groups:
            group["lr"] = self.config.learning_rate * group["share"]
        optimiser.zero_grad(set_to_none=True)
        loss.backward(inputs=[weight for group in optimiser.param_groups for weight in group["params"]])
        optimiser.step()


def _adam(parts: list[tuple[torch.nn.Module, float]]) -> torch.optim.Adam:
    """Return Adam over networks, each with the share of the learning rate by which it learns."""
    groups = [{"params": list(network.parameters()), "share": share} for network, share in parts]
    return torch.optim.Adam(groups, betas=(0.0, 0.99), fused=True)


def view(config: StyleGANConfig) -> View:
    """Return what is read: slices of one plane."""
    return Slices(config.plane)


def without_effect(config: StyleGANConfig) -> dict[str, str]:
    """Name the settings of another loss, and of a penalty that has no weight."""
    found = {"drift": "with --loss non_saturating"} if config.loss == "non_saturating" else {}
    return found if config.penalty_weight else found | {"penalty_interval": "with --penalty-weight 0"}


_SMALL: dict[str, Any] = {"sample_shape": (1, 16, 8), "latent_dim": 4, "widths": (8, 4)}
DWI = "DWI comparison, sections 2.5 and 3.2"
BUDGET = "48 hours on a GTX 1080: 200 epochs of 52,754 slices of 2,029 people"

METHOD = Method(
    name="stylegan",
    title="StyleGAN",
    config=StyleGANConfig,
    network=StyleGenerator,
    recipe=StyleGANRecipe,
    view=view,
    abilities=frozenset({"walk", "styles"}),
    without_effect=without_effect,
    small=(
        StyleGANConfig(**_SMALL),
        StyleGANConfig(
            haar=True,
            first_gain=0.1,
            bounded=True,
            loss="non_saturating",
            penalty_weight=0.2,
            penalty_interval=3,
            augment_probability=0.5,
            flip=True,
            mapping_rate=0.1,
            **_SMALL,
        ),
    ),
    # Epochs are made for some 50,000 slices. The paper prints no batch size; 16 is that of progressive GANs at this
    # size. The moving averages forget half within 11,000 and 7,400 images.
    presets={
        "dwi-stylegan": Preset(
            config=StyleGANConfig(),
            schedule=Schedule(epochs=200, batch_size=16, ema_decay=0.999),
            recipe="dwi-slices-128",
            source=DWI,
            budget=BUDGET,
        ),
        "dwi-stylegan-small": Preset(
            config=StyleGANConfig(
                latent_dim=64,
                widths=(128, 128, 128, 64, 32),
                haar=True,
                first_gain=0.1,
                bounded=True,
                loss="non_saturating",
                penalty_weight=0.2,
                penalty_interval=16,
                augment_probability=0.5,
                flip=True,
                learning_rate=2e-4,
                mapping_rate=0.1,
            ),
            schedule=Schedule(epochs=4, batch_size=16, ema_decay=0.9985),
            recipe="dwi-slices-128",
            source=f"{DWI}, with fewer maps",
            budget=BUDGET,
        ),
    },
)
