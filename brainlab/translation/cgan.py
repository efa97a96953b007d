"""A conditional GAN that makes one sequence of others (Wei, sections 3.2.1 and 3.2.4), its `Sketcher`.

    L_D = CE(D(x, y), real) + CE(D(x, G(x, z)), fake)
    L_G = CE(D(x, G(x, z)), real) + error_weight * error(G(x, z), y)

The generator is a 3D U-Net, which takes a channel of noise z beside the inputs x; the discriminator judges patches
that do not overlap. The cross-entropies are means over patches and not the thesis' sums, so that the weight of the
error does not depend on how many there are. The thesis prints no weight; 100 is that of Isola et al. 2017, whom it
follows.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from brainlab.cohort.views import Batch
from brainlab.errors import InputError
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.recipe import Progress, Recipe
from brainlab.methods.translator import Translator, TranslatorConfig, pairs
from brainlab.networks.learning_rate import set_learning_rate
from brainlab.networks.translation.errors import ErrorName, errors_of, refuse_without_regions
from brainlab.networks.translation.patch_discriminator import PatchDiscriminator
from brainlab.networks.translation.patch_loss import patch_cross_entropy, smoothed_labels
from brainlab.networks.translation.unet_generator import LEVELS, UNetGenerator
from brainlab.ranges import Count, Positive, ShareBelow1

PET = ("MTRmap", "FA", "RD", "AD")
"""Inputs of the thesis' chapters 3 and 4."""


@dataclass(frozen=True, kw_only=True)
class GANConfig(TranslatorConfig):
    """Everything that decides such a GAN and what it learns.

    error: beside the discriminator, what the generator minimises; see the FCN.  error_weight: of it.
    width: maps of the generator's first level.
    dropout: share of values set to 0 while training.
    judged: sides of the patches that the discriminator judges, in voxels; a power of 2 that divides the sides of the
        patches that are learned.
    judge_widths: maps after each halving of them.
    judge_steps: of the discriminator for each of the generator.
    smooth_labels: let the discriminator learn labels from 0 to .1 and .9 to 1 (section 4.3.1).
    learning_rate: of Adam for both.
    cosine: let both rates rise over the first 50 steps and fall to zero along a half cosine, those of Refiners too. The
        thesis' are constant, at which the last steps of a training of minutes undo one another.
    """

    inputs: tuple[str, ...] = PET
    target: str = "DVR"
    patch: tuple[Count, Count, Count] = (128, 160, 128)
    error: ErrorName = "l1"
    error_weight: Positive = 100.0
    width: Count = 32
    dropout: ShareBelow1 = 0.5
    judged: Count = 32
    judge_widths: tuple[Count, ...] = (32, 64, 128)
    judge_steps: Count = 1
    smooth_labels: bool = False
    learning_rate: Positive = 1e-4
    cosine: bool = False


class Drawn(nn.Module):
    """A generator that takes a channel of noise behind its inputs: normal while it learns, 0 afterwards."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, x: Tensor) -> Tensor:
        noise = torch.randn_like(x[:, :1]) if self.training else torch.zeros_like(x[:, :1])
        return self.generator(torch.cat([x, noise], dim=1))


class CGAN(Translator):
    """The generator of the GAN."""

    multiple = 2**LEVELS
    any_size = True

    def __init__(self, config: GANConfig) -> None:
        super().__init__()
        self.inputs, self.target = config.inputs, config.target
        self.sketcher = Drawn(UNetGenerator(len(config.inputs) + 1, config.width, config.dropout))

    def translate(self, x: Tensor) -> Tensor:
        return self.sketcher(x).float()


class Opponents:
    """A generator and a discriminator that learn from each other.

    make: from a batch's inputs to the synthesised target, with gradients.  error, error_weight: see `GANConfig`.
    """

    def __init__(self, config: GANConfig, judge: nn.Module, error: ErrorName) -> None:
        self.config, self.judge, self.error = config, judge, error

    def step(
        self,
        make: Callable[[], Tensor],
        batch: Batch,
        improve: torch.optim.Optimizer,
        judge_better: torch.optim.Optimizer,
    ) -> dict[str, float]:
        """Let the discriminator learn, then the generator. improve, judge_better: their optimisers."""
        refuse_without_regions(self.error, batch.regions)
        judged = 0.0
        for _ in range(self.config.judge_steps):
            made = make()
            loss = self._cross_entropy(batch, batch.target, real=True, smooth=self.config.smooth_labels)
            loss = loss + self._cross_entropy(batch, made.detach(), real=False, smooth=self.config.smooth_labels)
            judge_better.zero_grad(set_to_none=True)
            loss.backward()
            judge_better.step()
            judged = loss.item()
        if self.config.judge_steps > 1:
            made = make()
        fooled = self._cross_entropy(batch, made, real=True, smooth=False)
        error = errors_of(self.error, made, batch.target, batch.regions, batch.brain).mean()
        loss = fooled + self.config.error_weight * error
        improve.zero_grad(set_to_none=True)
        loss.backward()
        improve.step()
        return {"loss": loss.item(), "error": error.item(), "fooled": fooled.item(), "judged": judged}

    def _cross_entropy(self, batch: Batch, images: Tensor, *, real: bool, smooth: bool) -> Tensor:
        """Return the mean cross-entropy of patches that are said to be real, or fake."""
        logits = self.judge(torch.cat([batch.image, images], dim=1))
        count, judged = len(logits), len(images)
        hard = torch.full((count,), float(real), device=logits.device)
        labels = smoothed_labels(judged, count // judged, real=real, device=logits.device) if smooth else hard
        return patch_cross_entropy(logits, labels, judged).sum() / count


class CGANRecipe(Recipe):
    """A generator and its discriminator."""

    generator: CGAN

    def __init__(self, config: GANConfig) -> None:
        self.config = config
        self.generator = CGAN(config)
        judge = PatchDiscriminator(len(config.inputs) + 1, config.judged, config.judge_widths)
        self.opponents = Opponents(config, judge, config.error)
        self.networks = {"generator": self.generator, "discriminator": judge}

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {name: adam(network, self.config.learning_rate) for name, network in self.networks.items()}

    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        optimisers = self.optimisers
        set_rates(self.config, optimisers.values(), self.config.learning_rate, progress.step, progress.total_steps)
        return self.opponents.step(
            lambda: self.generator.translate(batch.image), batch, optimisers["generator"], optimisers["discriminator"]
        )


def set_rates(
    config: GANConfig, optimisers: Iterable[torch.optim.Optimizer], rate: float, step: int, total_steps: int
) -> None:
    """Set the learning rate of one step of so many. rate: the highest."""
    for optimiser in optimisers:
        warm_up = 50 if config.cosine else 1
        set_learning_rate(optimiser, rate, step, total_steps, cosine=config.cosine, warm_up=warm_up)


def refuse_unjudged(config: GANConfig, images: int) -> None:
    """Raise InputError where the discriminator's patches do not tile those that are learned."""
    if any(side % config.judged for side in config.patch):
        sides = " x ".join(map(str, config.patch))
        raise InputError(f"--judged: needs a side that divides each of --patch {sides}, got {config.judged}")


def adam(network: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
    """Return Adam over a network's parameters."""
    return torch.optim.Adam(network.parameters(), learning_rate, fused=True)


CHAPTER_3 = "Wei's thesis, chapter 3"
TINY: dict[str, Any] = {
    "inputs": ("channel 0", "channel 1"),
    "target": "channel 2",
    "patch": (8, 8, 8),
    "overlap": 0.0,
    "width": 4,
    "judged": 8,
    "judge_widths": (4,),
}
SMALL: dict[str, Any] = {
    "patch": (32, 32, 32),
    "overlap": 0.25,
    "width": 12,
    "dropout": 0.0,
    "judge_widths": (16, 32),
    "learning_rate": 5e-4,
    "cosine": True,
}

METHOD = Method(
    name="cgan",
    title="Conditional GAN",
    config=GANConfig,
    network=CGAN,
    recipe=CGANRecipe,
    view=pairs,
    abilities=frozenset({"translate"}),
    check_batch=refuse_unjudged,
    small=(GANConfig(**TINY), GANConfig(error="nwl1", judge_steps=2, smooth_labels=True, **TINY)),
    presets={
        "pet-cgan": Preset(
            config=GANConfig(),
            schedule=Schedule(epochs=400, batch_size=1, ema_decay=0.0),
            recipe="pet-synthesis",
            source=f"{CHAPTER_3}, section 3.3.2",
        ),
        "pet-cgan-small": Preset(
            config=GANConfig(**SMALL),
            schedule=Schedule(epochs=4, batch_size=1, ema_decay=0.99),
            recipe="pet-synthesis-64",
        ),
    },
)
