"""A plain autoencoder for slices, in one file: it encodes, but knows no spread of its codes."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from brainlab.cohort.views import Batch, Slices
from brainlab.methods.generator import Autoencoder, Posterior
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.prior import NormalPrior
from brainlab.methods.recipe import Progress, Recipe
from brainlab.ranges import Count, Positive, Weight


@dataclass(frozen=True, kw_only=True)
class ToyAutoencoderConfig:
    latent_dim: Count = 12
    sides: tuple[Count, Count] = (40, 48)
    width: Count = 64
    learning_rate: Positive = 1e-3
    code_weight: Weight = 0.02


class ToyAutoencoder(Autoencoder):
    def __init__(self, config: ToyAutoencoderConfig) -> None:
        super().__init__()
        self.sample_shape, self.prior = (1, *config.sides), NormalPrior(config.latent_dim)
        pixels = config.sides[0] * config.sides[1]
        self.encoder = nn.Sequential(
            nn.Flatten(), nn.Linear(pixels, config.width), nn.ReLU(), nn.Linear(config.width, config.latent_dim)
        )
        self.decoder = nn.Sequential(
            nn.Linear(config.latent_dim, config.width), nn.ReLU(), nn.Linear(config.width, pixels)
        )

    def encode(self, x: Tensor) -> Posterior:
        return Posterior(self.encoder(x))

    def decode(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.decoder(z)).unflatten(1, self.sample_shape)


class ToyAutoencoderRecipe(Recipe):
    generator: ToyAutoencoder

    def __init__(self, config: ToyAutoencoderConfig) -> None:
        self.generator, self.config = ToyAutoencoder(config), config
        self.networks = {"autoencoder": self.generator}

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"autoencoder": torch.optim.Adam(self.generator.parameters(), self.config.learning_rate)}

    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        codes = self.generator.encode(batch.image).mean
        error = (self.generator.decode(codes) - batch.image).square().flatten(1).sum(1).mean()
        loss = error + self.config.code_weight * codes.square().sum(1).mean()
        self.optimisers["autoencoder"].zero_grad()
        loss.backward()
        self.optimisers["autoencoder"].step()
        return {"loss": loss.item(), "squared_error": error.item()}


METHOD = Method(
    name="toy-autoencoder",
    title="Toy autoencoder",
    config=ToyAutoencoderConfig,
    network=ToyAutoencoder,
    recipe=ToyAutoencoderRecipe,
    view=lambda config: Slices("axial", 0.4, 0.6),
    abilities=frozenset({"encode", "reconstruct", "walk"}),
    presets={"toy-autoencoder": Preset(config=ToyAutoencoderConfig(), schedule=Schedule(epochs=20))},
    small=(ToyAutoencoderConfig(sides=(16, 8), width=8, latent_dim=3),),
)
