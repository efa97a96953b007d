"""The introspective variational autoencoder of the FLAIR paper (section 3.3): the encoder is the critic.

    L_E = KL(E(x)) + [m - KL(E(G(z)))]+ + L_AE(x)
    L_G = KL(E(G(z))) + L_AE(x)                        z ~ N(0, 1)

with L_AE the weighted squared error of the reconstruction. It starts as a VAE (`warm_up_epochs`); then the margin m is
set to `margin_factor` times the KL of real scans measured at that moment, because a margin below it never pushes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from brainlab.cohort.views import Batch
from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.generators import vae
from brainlab.generators.vae import FLAIR, VAE, GaussianAutoencoder, VAEConfig, adam, centre, flip_half, view
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.processes import mean_of_processes
from brainlab.methods.recipe import Progress, Recipe
from brainlab.networks.learning_rate import set_learning_rate
from brainlab.networks.losses import draw_posterior, hinge_below, kl_to_prior
from brainlab.ranges import Count, NotNegative, Positive, PositiveOrNone, ShareAbove0, Weight

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@dataclass(frozen=True, kw_only=True)
class Introspection:
    """Settings of the adversarial part, whatever the networks.

    reconstruction_weight: of L_AE in nats for one unit of summed squared error.
    learning_rate: of both Adam optimisers while training as a VAE, betas (0.9, 0.99).
    cosine: let the learning rate fall to zero along a half cosine over the adversarial part.
    flip: mirror each training scan left to right with probability 1/2.
    warm_up_epochs: epochs trained as a plain VAE first; 0 needs a `margin`.
    margin: m itself, in nats; None takes `margin_factor` times the KL of real scans at the end of the warm-up.
    margin_factor: margin m over the KL of real scans at the end of the warm-up.
    fake_weight: weight of the hinge in L_E; 1 as the paper.
    decoder_fake_weight: weight of KL(E(G(z))) in L_G; 1 as the paper. Nats of KL are few beside the weighted squared
        error of 76,800 voxels, so that with 1 the decoder all but ignores its critic.
    adversarial_reconstruction_weight: in place of `reconstruction_weight` after the warm-up; None keeps that one.
    margin_follows: keep the margin at `margin_factor` times a running mean of the KL of real scans, instead of fixing
        it at the end of the warm-up: that KL goes on rising, and a margin left behind no longer pushes.
    reconstructions_too: also treat reconstructions as fakes, as the original IntroVAE does (Huang et al. 2018,
        algorithm 1); the FLAIR paper's formula has samples only.
    fake_share: samples drawn, and reconstructions shown to the critic, for each scan of a batch; 1 as the paper.
    adversarial_learning_rate: of both Adam optimisers, betas (0.5, 0.99), after the warm-up.
    paper_exact: let batch norm go on with the statistics of each batch in the adversarial part, as published; otherwise
        it keeps those of the warm-up.
    """

    reconstruction_weight: Positive = 4.0
    learning_rate: Positive = 1e-3
    cosine: bool = True
    flip: bool = True
    warm_up_epochs: NotNegative = 6
    margin: PositiveOrNone = None
    margin_factor: Positive = 2.0
    fake_weight: Weight = 1.0
    decoder_fake_weight: Weight = 4.0
    adversarial_reconstruction_weight: PositiveOrNone = 1.0
    margin_follows: bool = False
    fake_share: ShareAbove0 = 0.5
    reconstructions_too: bool = True
    adversarial_learning_rate: Positive = 1e-3
    paper_exact: bool = False


@dataclass(frozen=True, kw_only=True)
class IntroVAEConfig(Introspection, VAEConfig):
    """A VAE's settings and those of the adversarial part.

    warm_up_epochs: 1 or more.
    paper_exact: also the paper's layers, as of a VAE.
    """

    warm_up_epochs: Count = 6


def fake_count(fake_share: float, scans: int) -> int:
    """Return how many samples are drawn for a batch of scans."""
    return max(1, round(fake_share * scans))


class IntrospectiveRecipe(Recipe):
    """Encoder and decoder with an optimiser each, playing against each other after the warm-up."""

    generator: GaussianAutoencoder

    def __init__(self, config: Introspection, generator: GaussianAutoencoder) -> None:
        if not config.warm_up_epochs and config.margin is None:
            raise InputError("--margin: needs a number where --warm-up-epochs is 0, got none; give one, or warm up")
        if not config.warm_up_epochs and not config.paper_exact:
            raise InputError("--warm-up-epochs: needs 1 or more without --paper-exact, got 0; batch norm learns there")
        self.config = config
        self.margin = 0.0
        self.real_kl = 0.0
        self.generator = generator
        self.networks = {"autoencoder": generator}

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        players = {"encoder": self.generator.encoder, "decoder": self.generator.decoder}
        return {name: adam(player, self.config.learning_rate) for name, player in players.items()}

    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        x = flip_half(batch.image) if self.config.flip else batch.image
        warm_up = self.config.warm_up_epochs * progress.steps_per_epoch
        if progress.step < warm_up:
            return self._warm_up(x, progress)
        if progress.step == warm_up:
            self._start_adversary()
        self._freeze_statistics()
        return self._adversarial(x, progress.step - warm_up, progress.total_steps - warm_up)

    def state_dict(self) -> dict[str, Any]:
        return {"margin": self.margin, "real_kl": self.real_kl}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.margin, self.real_kl = float(state["margin"]), float(state["real_kl"])

    def _warm_up(self, x: Tensor, progress: Progress) -> dict[str, float]:
        """One step as a VAE; keeps a running mean of the KL of real scans, from which the margin is set."""
        for optimiser in self.optimisers.values():
            set_learning_rate(optimiser, self.config.learning_rate, progress.step, progress.total_steps, cosine=False)
            optimiser.zero_grad(set_to_none=True)
        mean, log_variance = self.generator.gaussian(x)
        reconstruction = self.generator.decode(draw_posterior(mean, log_variance))
        error = self.generator.error(reconstruction, x).mean()
        kl = kl_to_prior(mean, log_variance).mean()
        loss = self.config.reconstruction_weight * error + kl
        loss.backward()
        for optimiser in self.optimisers.values():
            optimiser.step()
        self._remember(kl.item())
        return {"loss": loss.item(), "squared_error": error.item(), "kl_real": kl.item()}

    def _remember(self, kl: float) -> None:
        """Keep a running mean of the KL of real scans over about 50 steps."""
        kl = mean_of_processes(kl)
        self.real_kl = 0.98 * self.real_kl + 0.02 * kl if self.real_kl else kl

    def _start_adversary(self) -> None:
        """Fix the margin and forget the momenta of the warm-up, which belong to another game."""
        self.margin = self.config.margin or self.config.margin_factor * self.real_kl
        for optimiser in self.optimisers.values():
            optimiser.state.clear()
            for group in optimiser.param_groups:
                group["betas"] = (0.5, 0.99)

    def _freeze_statistics(self) -> None:
        """Let batch norm use the statistics of the warm-up from now on, which the averages over a batch no longer move.

        Real, reconstructed and sampled scans then go through one and the same function, in training and after it.
        """
        if self.config.paper_exact:
            return
        for module in self.generator.modules():
            if isinstance(module, _BATCH_NORMS):
                module.eval()

    def _adversarial(self, x: Tensor, step: int, total_steps: int) -> dict[str, float]:
        """One step of both players; steps are counted from the end of the warm-up.

        The decoder's weights do not change before its own step, so its two passes serve both players: the gradient of
        L_AE reaches the encoder through a leaf copy of the code. Only E(G(z)) is computed again, by the stepped
        encoder. (Reusing the first one, as published, is an error in current torch: its weights changed in place.)
        """
        config, encode, decode = self.config, self.generator.gaussian, self.generator.decode
        for optimiser in self.optimisers.values():
            set_learning_rate(
                optimiser,
                config.adversarial_learning_rate,
                step,
                total_steps,
                cosine=config.cosine,
            )
            optimiser.zero_grad(set_to_none=True)

        mean, log_variance = encode(x)
        z = draw_posterior(mean, log_variance)
        leaf = z.detach().requires_grad_()
        count = fake_count(config.fake_share, len(x))
        # In parts, so that the critic's gradient later goes back through the part that it sees and no more.
        parts = [decode(part) for part in leaf.split(count)]
        reconstruction = torch.cat(parts)
        fake = decode(torch.randn_like(z[:count]))
        error = self.generator.error(reconstruction, x).mean()
        weight = config.adversarial_reconstruction_weight or config.reconstruction_weight
        (weight * error).backward(retain_graph=config.reconstructions_too)

        kl_real = kl_to_prior(mean, log_variance).mean()
        fakes = torch.cat([fake, parts[0]]) if config.reconstructions_too else fake
        seen = kl_to_prior(*encode(fakes.detach()))
        hinge = hinge_below(seen, self.margin).mean()
        torch.autograd.backward([kl_real + config.fake_weight * hinge, z], [None, leaf.grad])
        self.optimisers["encoder"].step()

        self.generator.encoder.requires_grad_(False)
        kl_fake = kl_to_prior(*encode(fakes)).mean()
        (config.decoder_fake_weight * kl_fake).backward()
        self.generator.encoder.requires_grad_(True)
        self.optimisers["decoder"].step()

        self._remember(kl_real.item())
        if config.margin_follows:
            self.margin = config.margin_factor * self.real_kl
        losses = {
            "loss": (weight * error + kl_real + config.fake_weight * hinge).item(),
            "squared_error": error.item(),
            "kl_real": kl_real.item(),
            "kl_fake": seen[:count].mean().item(),
            "kl_fake_after": kl_fake.item(),
            "hinge_saturated": (seen > self.margin).float().mean().item(),
            "margin": self.margin,
        }
        if config.reconstructions_too:
            losses["kl_reconstructed"] = seen[count:].mean().item()
        return losses


class IntroVAERecipe(IntrospectiveRecipe):
    """The game with the FLAIR paper's networks, centred on some training scans first."""

    generator: VAE
    config: IntroVAEConfig

    def __init__(self, config: IntroVAEConfig) -> None:
        super().__init__(config, VAE(config))
        self.looks_first = not config.paper_exact

    def prepare(self, batch: Batch) -> None:
        """Centre the network on some training scans."""
        centre(self.generator, self.config, batch.image)


def check_batch(config: IntroVAEConfig, images: int) -> None:
    """As of a VAE; under `paper_exact` fakes too go through batch norm's own statistics, in parts of two or more."""
    vae.check_batch(config, images)
    check_fakes(config, images)


def check_fakes(config: Introspection, images: int) -> None:
    """Refuse batches whose fakes batch norm cannot take, where it goes by the statistics of each batch."""
    fakes = fake_count(config.fake_share, images)
    if config.paper_exact and (fakes < 2 or images % fakes == 1):
        raise InputError(
            f"--fake-share: needs to cut batches of {images} into parts of 2 or more for batch norm, "
            f"got {config.fake_share}"
        )


def game_without_effect(config: Introspection) -> dict[str, str]:
    """Name the settings of the warm-up where there is none, and the factor of a margin that is given itself."""
    found: dict[str, str] = {}
    if config.margin is not None and not config.margin_follows:
        found["margin_factor"] = "beside a --margin that does not follow"
    if not config.warm_up_epochs:
        found["learning_rate"] = "without a warm-up (--warm-up-epochs 0), where --adversarial-learning-rate counts"
        if config.adversarial_reconstruction_weight is not None:
            found["reconstruction_weight"] = (
                "without a warm-up (--warm-up-epochs 0), where --adversarial-reconstruction-weight counts"
            )
    return found


def without_effect(config: IntroVAEConfig) -> dict[str, str]:
    """As of a VAE and of the game."""
    return vae.without_effect(config) | game_without_effect(config)


class WarmedUp(Protocol):
    """A config of a method that starts as another."""

    @property
    def warm_up_epochs(self) -> int: ...


def schedule_warning(config: WarmedUp, schedule: Schedule) -> str | None:
    """Say of a training that it ends with its warm-up: what comes out is a plain VAE under another name."""
    trained = min(schedule.epochs, schedule.stop_after or schedule.epochs)
    if config.warm_up_epochs < trained:
        return None
    return (
        f"the warm-up (--warm-up-epochs {config.warm_up_epochs}) lasts for the whole training of "
        f"{counted(trained, 'epoch')}, so that a plain VAE comes out; train longer, or warm up for fewer epochs"
    )


_GAME: dict[str, Any] = {"even_voxels": True, "warm_up_epochs": 4, "adversarial_learning_rate": 5e-4}
_FEW: dict[str, Any] = {"adversarial_reconstruction_weight": 3.0}
_MANY: dict[str, Any] = {
    "bright_weight": 10.0,
    "reconstruction_weight": 12.0,
    "adversarial_reconstruction_weight": 9.0,
    "decoder_fake_weight": 12.0,
}

METHOD = Method(
    name="introvae",
    title="IntroVAE",
    config=IntroVAEConfig,
    network=VAE,
    recipe=IntroVAERecipe,
    view=view,
    abilities=frozenset({"encode", "reconstruct", "walk"}),
    check_batch=check_batch,
    schedule_warning=schedule_warning,
    without_effect=without_effect,
    small=tuple(IntroVAEConfig(sample_shape=shape, warm_up_epochs=1, **vae.SMALL) for shape in vae.SMALL_SHAPES),
    changeable=("learning_rate", "adversarial_learning_rate"),
    # After two epochs of the game samples are as sharp as scans (`ivae-32`: four fifths); with more they turn to
    # speckle. `linear_rank` and `bright_weight` as in the VAEs.
    presets={
        "ivae-32": Preset(
            config=IntroVAEConfig(latent_dim=32, linear_rank=32, **_GAME, **_FEW),
            schedule=Schedule(epochs=12, stop_after=6),
            recipe="flair-40",
            source=FLAIR,
        ),
        "ivae-256": Preset(
            config=IntroVAEConfig(latent_dim=256, linear_rank=128, **_GAME, **_MANY),
            schedule=Schedule(epochs=12, stop_after=6),
            recipe="flair-40",
            source=FLAIR,
        ),
    },
)
