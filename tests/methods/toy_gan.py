"""A GAN for slices, in one file: `BRAINLAB_METHODS=toy_gan.py brainlab train toy-gan --data PREPARED --out RUN`."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from brainlab.cohort.views import Batch, Slices
from brainlab.methods.generator import Generator
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.prior import NormalPrior
from brainlab.methods.recipe import Progress, Recipe
from brainlab.ranges import Count, Positive


@dataclass(frozen=True, kw_only=True)
class ToyGANConfig:
    latent_dim: Count = 16
    sides: tuple[Count, Count] = (40, 48)
    width: Count = 32
    generator_rate: Positive = 2e-4
    critic_rate: Positive = 4e-4


class ToyGenerator(Generator):
    def __init__(self, config: ToyGANConfig) -> None:
        super().__init__()
        self.sample_shape, self.prior = (1, *config.sides), NormalPrior(config.latent_dim)
        bottom, width = (config.width, *(side // 4 for side in config.sides)), config.width
        self.layers = nn.Sequential(
            nn.Linear(config.latent_dim, torch.Size(bottom).numel()),
            nn.Unflatten(1, bottom),
            *(nn.ReLU(), nn.ConvTranspose2d(width, width, 4, 2, 1)),
            *(nn.ReLU(), nn.ConvTranspose2d(width, 1, 4, 2, 1)),
        )

    def decode(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.layers(z))


class ToyGANRecipe(Recipe):
    def __init__(self, config: ToyGANConfig) -> None:
        features = config.width * config.sides[0] * config.sides[1] // 4
        layers = (nn.Conv2d(1, config.width, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(features, 1))
        self.generator, self.critic = ToyGenerator(config), nn.Sequential(*layers)
        self.networks = {"generator": self.generator, "critic": self.critic}
        self.rates = {"generator": config.generator_rate, "critic": config.critic_rate}

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {name: torch.optim.Adam(self.networks[name].parameters(), rate) for name, rate in self.rates.items()}

    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        fake = self.generator.decode(torch.randn(len(batch), *self.generator.prior.code_shape).to(batch.image))
        critic = softplus(-self.critic(batch.image)).mean() + softplus(self.critic(fake.detach())).mean()
        self._learn("critic", critic)
        fooled = softplus(-self.critic(fake)).mean()
        self._learn("generator", fooled)
        return {"loss": fooled.item(), "critic": critic.item()}

    def _learn(self, player: str, loss: Tensor) -> None:
        self.optimisers[player].zero_grad()
        loss.backward(inputs=list(self.networks[player].parameters()))
        self.optimisers[player].step()


METHOD = Method(
    name="toy-gan",
    title="Toy GAN",
    config=ToyGANConfig,
    network=ToyGenerator,
    recipe=ToyGANRecipe,
    view=lambda config: Slices("axial", 0.4, 0.6),
    presets={"toy-gan": Preset(config=ToyGANConfig(), schedule=Schedule(epochs=30))},
    small=(ToyGANConfig(sides=(16, 8), width=4, latent_dim=3),),
    changeable=("generator_rate", "critic_rate"),
)
