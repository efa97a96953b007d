"""The soft introspective variational autoencoder (Daniel and Tamar 2021, arXiv:2012.13253).

The IntroVAE's hinge on the KL of fakes becomes an exponential of their evidence bound, which needs no margin:

    L_E = s (b_rec rec(x) + b_kl KL(x)) + 1/4 sum over f in {G(E(x)), G(z)} of exp(-2 s (b_rec rec(f) + b_neg KL(f)))
    L_D = s (b_rec rec(x) + 1/2 sum over f of (b_kl KL(f) + gamma b_rec rec(f)))

with rec the summed squared error, KL that of the posterior, and s one over the number of pixels or voxels. The networks
are the residual ones with group norm: fakes and real images share no statistics, which with batch norm spoil what is
generated once training has ended.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from brainlab.cohort.views import Batch
from brainlab.generators.introvae import schedule_warning
from brainlab.generators.residual_introvae import SMALL, SMALL_SHAPES, ResidualAutoencoder, ResidualConfig, view
from brainlab.generators.vae import adam, flip_half, volumes_have_no_plane
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.recipe import Progress, Recipe
from brainlab.networks.learning_rate import set_learning_rate
from brainlab.networks.losses import draw_posterior, kl_to_prior, squared_error
from brainlab.ranges import NotNegative, Positive, Weight


@dataclass(frozen=True, kw_only=True)
class SoftIntroVAEConfig(ResidualConfig):
    """Settings of the networks and of both losses.

    reconstruction_weight: b_rec, in nats for one unit of summed squared error.
    kl_weight: b_kl.
    fake_kl_weight: b_neg, of the KL of fakes in the encoder's exponential. Raise it where a loss is not finite.
    fake_reconstruction_weight: gamma, as published.
    warm_up_epochs: epochs trained as a plain VAE first.
    learning_rate: of both Adam optimisers.
    cosine: let the learning rate fall to zero along a half cosine over the whole training.
    """

    norm: Literal["batch", "group", "none"] = "group"
    reconstruction_weight: Positive = 4.0
    kl_weight: Positive = 1.0
    fake_kl_weight: Positive = 256.0
    fake_reconstruction_weight: Weight = 1e-8
    warm_up_epochs: NotNegative = 2
    learning_rate: Positive = 2e-4
    cosine: bool = False


class SoftIntroVAERecipe(Recipe):
    """Encoder and decoder with an optimiser each."""

    generator: ResidualAutoencoder

    def __init__(self, config: SoftIntroVAEConfig) -> None:
        self.config = config
        self.generator = ResidualAutoencoder(config)
        self.networks = {"autoencoder": self.generator}
        self.players = {"encoder": self.generator.encoder, "decoder": self.generator.decoder}

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {name: adam(player, self.config.learning_rate) for name, player in self.players.items()}

    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        config = self.config
        for optimiser in self.optimisers.values():
            set_learning_rate(
                optimiser, config.learning_rate, progress.step, progress.total_steps, cosine=config.cosine
            )
        x = flip_half(batch.image) if config.flip else batch.image
        if progress.step < config.warm_up_epochs * progress.steps_per_epoch:
            return self._warm_up(x)
        return self._encoder_step(x) | self._decoder_step(x)

    def _warm_up(self, x: Tensor) -> dict[str, float]:
        """One step of both players as a VAE."""
        mean, log_variance = self.generator.gaussian(x)
        error = squared_error(self.generator.decode(draw_posterior(mean, log_variance)), x).mean()
        kl = kl_to_prior(mean, log_variance).mean()
        loss = self.config.reconstruction_weight * error + self.config.kl_weight * kl
        self._learn(loss / x[0].numel(), "encoder", "decoder")
        return {"loss": loss.item(), "squared_error": error.item(), "kl_real": kl.item()}

    def _encoder_step(self, x: Tensor) -> dict[str, float]:
        config, scale = self.config, 1 / x[0].numel()
        mean, log_variance = self.generator.gaussian(x)
        z = draw_posterior(mean, log_variance)
        reconstruction = self.generator.decode(z)
        error, kl = squared_error(reconstruction, x).mean(), kl_to_prior(mean, log_variance).mean()
        loss = config.reconstruction_weight * error + config.kl_weight * kl
        pushed = torch.zeros((), device=x.device)
        kls = {}
        fakes = {"reconstructed": reconstruction.detach(), "fake": self.generator.decode(torch.randn_like(z)).detach()}
        for name, fake in fakes.items():
            fake_error, fake_kl = self._bound(fake)
            bound = config.reconstruction_weight * fake_error + config.fake_kl_weight * fake_kl
            pushed = pushed + 0.25 * torch.exp(-2 * scale * bound).mean()
            kls[f"kl_{name}"] = fake_kl.mean().item()
        self._learn(scale * loss + pushed, "encoder")
        found = {"loss": loss.item(), "squared_error": error.item(), "kl_real": kl.item(), "pushed": pushed.item()}
        return found | kls

    def _decoder_step(self, x: Tensor) -> dict[str, float]:
        config, scale = self.config, 1 / x[0].numel()
        with torch.no_grad():
            z = draw_posterior(*self.generator.gaussian(x))
        reconstruction = self.generator.decode(z)
        loss = config.reconstruction_weight * squared_error(reconstruction, x).mean()
        for fake in (reconstruction, self.generator.decode(torch.randn_like(z))):
            mean, log_variance = self.generator.gaussian(fake)
            again = self.generator.decode(draw_posterior(mean, log_variance).detach())
            fake_error = squared_error(again, fake.detach()).mean()
            loss = loss + 0.5 * config.kl_weight * kl_to_prior(mean, log_variance).mean()
            loss = loss + 0.5 * config.fake_reconstruction_weight * config.reconstruction_weight * fake_error
        self._learn(scale * loss, "decoder")
        return {"loss_decoder": loss.item()}

    def _bound(self, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Return squared error and KL of each fake under the encoder: [n], [n]."""
        mean, log_variance = self.generator.gaussian(fake)
        again = self.generator.decode(draw_posterior(mean, log_variance))
        return squared_error(again, fake), kl_to_prior(mean, log_variance)

    def _learn(self, loss: Tensor, *names: str) -> None:
        """Step some players; the gradients of the other one are not even computed."""
        chosen = [weights for name in names for weights in self.players[name].parameters()]
        for name in names:
            self.optimisers[name].zero_grad(set_to_none=True)
        loss.backward(inputs=chosen)
        for name in names:
            self.optimisers[name].step()


def without_effect(config: SoftIntroVAEConfig) -> dict[str, str]:
    """Name the plane where volumes are read."""
    return volumes_have_no_plane(config.sample_shape)


SOURCE = "Daniel and Tamar 2021, arXiv:2012.13253"

METHOD = Method(
    name="soft-introvae",
    title="Soft IntroVAE",
    config=SoftIntroVAEConfig,
    network=ResidualAutoencoder,
    recipe=SoftIntroVAERecipe,
    view=view,
    schedule_warning=schedule_warning,
    abilities=frozenset({"encode", "reconstruct", "walk"}),
    without_effect=without_effect,
    small=tuple(SoftIntroVAEConfig(warm_up_epochs=1, sample_shape=shape, **SMALL) for shape in SMALL_SHAPES),
    changeable=("learning_rate", "fake_kl_weight"),
    presets={
        # Folded twice, so that two cores show it some 60,000 slices in two hours.
        "soft-ivae-128": Preset(
            config=SoftIntroVAEConfig(folds=2, widths=(64, 128, 128)),
            schedule=Schedule(epochs=5, batch_size=16),
            recipe="ixi-slices-128",
            source=SOURCE,
        ),
        # Some 4,000 scans.
        "soft-ivae-256": Preset(
            config=SoftIntroVAEConfig(
                sample_shape=(1, 40, 48, 40), folds=1, widths=(64, 128), fake_kl_weight=1600.0, learning_rate=5e-4
            ),
            schedule=Schedule(epochs=8, batch_size=16),
            recipe="flair-40",
            source=SOURCE,
        ),
    },
)
