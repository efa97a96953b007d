"""How a method learns: what the training loop asks of it, and nothing else."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from brainlab.cohort.views import Batch
from brainlab.methods.generator import Generator
from brainlab.methods.translator import Translator

Network = Generator | Translator
"""What a run keeps: it draws images, or makes one sequence from others."""


def to_device(batch: Batch, device: torch.device) -> Batch:
    """Return a batch of arrays as tensors on a device."""

    def move(values: Any) -> Any:
        return None if values is None else torch.from_numpy(values).to(device)

    condition = batch.condition and {name: move(values) for name, values in batch.condition.items()}
    return Batch(move(batch.image), move(batch.target), move(batch.regions), condition, move(batch.brain))


PREPARED_SCANS = 2048
"""Training scans that a recipe may look at before its first step; more would hardly change their mean and first
components, and take more than 0.6 GB."""


@dataclass(frozen=True)
class Progress:
    """Where training stands before a step. total_steps: of the whole schedule, which may be stopped before its end."""

    step: int
    total_steps: int
    steps_per_epoch: int


class Recipe(ABC):
    """One method's networks, optimisers and objective.

    `step` learns from one batch: it clears the gradients, computes its losses, and steps its optimisers, as many of
    them and as often as the method wants. The loop adds the rest from outside: data, devices, precision, the moving
    average, gradient checks (by hooks on the optimisers), diagnostics, checkpoints.

    generator: what is shipped, a translator where the method makes one sequence from others.
    networks: everything that is trained or carries state, by name.
    looks_first: whether `prepare` has any use for scans; where not, none are read for it.
    looks_at: how many of them at most; fewer where each is large.
    settles_on: training images that `settle` looks at; 0 where there is nothing to settle.
    """

    generator: Network
    networks: dict[str, nn.Module]
    looks_first: bool = False
    looks_at: int = PREPARED_SCANS
    settles_on: int = 0

    @property
    @abstractmethod
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        """Optimisers by name, a `cached_property`: a list of presets need not wait for torch's."""

    def prepare(self, batch: Batch) -> None:  # noqa: B027 - a method may do without
        """Look at some training images once, before the first step."""

    @abstractmethod
    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        """Learn from a batch of tensors and return its losses, the one being minimised as `loss`."""

    def settle(self, generator: Network, batches: Iterator[Batch]) -> None:  # noqa: B027
        """Fit what no step learns, such as a prior of codes, in the averaged weights before they are kept.

        generator: these weights, in evaluation mode.  batches: of training images, as tensors, without gradients.
        """

    def diagnostics(self, batch: Batch) -> dict[str, Any]:
        """Return what this method is watched by beside the common figures, measured on held-out images."""
        return {}

    def state_dict(self) -> Mapping[str, Any]:
        """Return what the method must remember beside weights and optimisers: numbers, strings, tensors."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:  # noqa: B027
        """Take up the state that `state_dict` returned."""
