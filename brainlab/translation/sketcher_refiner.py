"""Sketcher-Refiner GANs: a conditional GAN, and a second one that mends what the first made (Wei, section 3.2.1).

The Refiner sees the inputs and the sketch, takes no noise, and minimises an error by region, so that it looks after
lesions. They learn one after the other, each for the same share of the training, the earlier ones fixed. More than one
Refiner in a row is the thesis' refinement in several iterations (section 3.3.3); without any it is the Sketcher alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from brainlab.cohort.views import Batch
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.recipe import Progress, Recipe
from brainlab.methods.translator import Translator, pairs
from brainlab.networks.translation.errors import ErrorName
from brainlab.networks.translation.patch_discriminator import PatchDiscriminator
from brainlab.networks.translation.unet_generator import LEVELS, UNetGenerator
from brainlab.ranges import NotNegative, Positive
from brainlab.translation.cgan import (
    CHAPTER_3,
    SMALL,
    TINY,
    Drawn,
    GANConfig,
    Opponents,
    adam,
    refuse_unjudged,
    set_rates,
)


@dataclass(frozen=True, kw_only=True)
class RefinedGANConfig(GANConfig):
    """Everything that decides a Sketcher with its Refiners and what they learn.

    error, learning_rate: of the Sketcher.
    refiners: in a row behind it.
    refiner_error: what these minimise beside their discriminators.  refiner_rate: of their Adam.
    """

    refiners: NotNegative = 1
    refiner_error: ErrorName = "weighted-l1"
    refiner_rate: Positive = 5e-5


class RefinedGAN(Translator):
    """A sketcher, then each refiner that has begun to learn: one that has not would spoil the sketch.

    network: makes a generator of so many input channels.
    """

    begun: Tensor

    def __init__(self, config: RefinedGANConfig, network: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.inputs, self.target = config.inputs, config.target
        channels = len(config.inputs) + 1
        self.stages = nn.ModuleList([Drawn(network(channels)), *(network(channels) for _ in range(config.refiners))])
        self.register_buffer("begun", torch.zeros((), dtype=torch.int64))

    def made_by(self, stages: int, x: Tensor) -> Tensor:
        """Return what the first so many stages make of inputs."""
        made = self.stages[0](x)
        for refiner in self.stages[1:stages]:
            made = refiner(torch.cat([x, made], dim=1))
        return made.float()

    def translate(self, x: Tensor) -> Tensor:
        return self.made_by(max(1, int(self.begun)), x)


class SketcherRefiner(RefinedGAN):
    """Sketcher and refiners that are 3D U-Nets."""

    multiple = 2**LEVELS
    any_size = True

    def __init__(self, config: RefinedGANConfig) -> None:
        super().__init__(config, lambda channels: UNetGenerator(channels, config.width, config.dropout))


class RefinedGANRecipe(Recipe):
    """A pair of opponents for each stage; the stages learn one after the other.

    judge: makes a discriminator.
    """

    generator: RefinedGAN

    def __init__(self, config: RefinedGANConfig, generator: RefinedGAN, judge: Callable[[], nn.Module]) -> None:
        self.config, self.generator = config, generator
        judges = {f"discriminator {stage}": judge() for stage in range(len(generator.stages))}
        errors = [config.error, *[config.refiner_error] * config.refiners]
        self.opponents = [Opponents(config, *each) for each in zip(judges.values(), errors, strict=True)]
        self.networks = {"generator": generator, **judges}

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        found: dict[str, torch.optim.Optimizer] = {}
        for stage, network in enumerate(self.generator.stages):
            found[f"generator {stage}"] = adam(network, self._rate(stage))
            found[f"discriminator {stage}"] = adam(self.networks[f"discriminator {stage}"], self._rate(stage))
        return found

    def _rate(self, stage: int) -> float:
        return self.config.refiner_rate if stage else self.config.learning_rate

    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        stage, step, steps = place_of(progress, len(self.generator.stages))
        self.generator.begun.fill_(stage + 1)
        for earlier in self.generator.stages[:stage]:
            earlier.eval()
        batch = self.varied(batch)
        network = self.generator.stages[stage]
        with torch.no_grad():
            sketch = [self.generator.made_by(stage, batch.image)] if stage else []
        seen = torch.cat([batch.image, *sketch], dim=1)
        improve, judge_better = (self.optimisers[f"{role} {stage}"] for role in ("generator", "discriminator"))
        set_rates(self.config, (improve, judge_better), self._rate(stage), step, steps)
        return self.opponents[stage].step(lambda: network(seen).float(), batch, improve, judge_better)

    def varied(self, batch: Batch) -> Batch:
        """Return a batch as it is learned from: as it is here, turned and scaled elsewhere."""
        return batch


def place_of(progress: Progress, stages: int) -> tuple[int, int, int]:
    """Return which stage learns at a step, its own step, and how many it has.

    Each has the same number, the last what is left over too.

    >>> [place_of(Progress(step, 7, 1), 2) for step in range(7)]
    [(0, 0, 3), (0, 1, 3), (0, 2, 3), (1, 0, 4), (1, 1, 4), (1, 2, 4), (1, 3, 4)]
    """
    each = max(1, progress.total_steps // stages)
    stage = min(progress.step // each, stages - 1)
    return stage, progress.step - stage * each, each if stage < stages - 1 else progress.total_steps - stage * each


def too_short(config: RefinedGANConfig, schedule: Schedule) -> str | None:
    """Say that a training would end before its last refiner has learned as long as the first stage."""
    if config.refiners and schedule.stop_after and schedule.stop_after < schedule.epochs:
        return f"ends after {schedule.stop_after} of {schedule.epochs} epochs, before the last refiner has learned"
    return None


def _recipe(config: RefinedGANConfig) -> RefinedGANRecipe:
    channels = len(config.inputs) + 1
    generator = SketcherRefiner(config)
    return RefinedGANRecipe(config, generator, lambda: PatchDiscriminator(channels, config.judged, config.judge_widths))


def without_refiners(config: RefinedGANConfig) -> dict[str, str]:
    """Name the refiners' settings as without effect where there are none."""
    return {} if config.refiners else dict.fromkeys(("refiner_error", "refiner_rate"), "with --refiners 0")


METHOD = Method(
    name="sketcher_refiner",
    title="Sketcher-Refiner GANs",
    config=RefinedGANConfig,
    network=SketcherRefiner,
    recipe=_recipe,
    view=pairs,
    abilities=frozenset({"translate"}),
    check_batch=refuse_unjudged,
    schedule_warning=too_short,
    without_effect=without_refiners,
    small=(RefinedGANConfig(**TINY), RefinedGANConfig(refiners=0, **TINY)),
    presets={
        "pet-sketcher-refiner": Preset(
            config=RefinedGANConfig(),
            schedule=Schedule(epochs=800, batch_size=1, ema_decay=0.0),
            recipe="pet-synthesis",
            source=f"{CHAPTER_3}, section 3.2",
            budget="400 epochs of each",
        ),
        "pet-sketcher-refiner-small": Preset(
            config=RefinedGANConfig(refiner_rate=5e-4, **SMALL),
            schedule=Schedule(epochs=4, batch_size=2, ema_decay=0.99),
            recipe="pet-synthesis-64",
        ),
    },
)
