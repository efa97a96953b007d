"""What the training loop knows of a method: this protocol, and nothing else."""

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn


class Recipe(Protocol):
    """One method's networks, optimisers and objective.

    `step` learns from one batch: it clears the gradients, computes its losses, and steps its optimisers, as many of
    them and as often as the method wants. The loop adds the rest from outside: data, devices, precision, the moving
    average, gradient checks (by hooks on the optimisers), diagnostics, checkpoints.
    """

    generator: Any
    """What is shipped: a module with `latent_dim` and `decode`, and `encode` where the method has an encoder."""
    networks: dict[str, nn.Module]
    """Everything that is trained or carries state, by name."""
    optimisers: dict[str, torch.optim.Optimizer]

    looks_first: bool
    """Whether `prepare` has any use for scans; where not, none are read for it."""

    def prepare(self, images: Tensor) -> None:
        """Look at some training scans [n, *sample_shape] once, before the first step."""
        ...

    def step(self, batch: Tensor) -> dict[str, float]:
        """Learn from a batch [n, *sample_shape] in [0, 1] and return its losses, the one being minimised as `loss`."""
        ...

    def state_dict(self) -> Mapping[str, Any]:
        """Return what the method must remember beside weights and optimisers: numbers, strings, tensors."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up the state that `state_dict` returned."""
        ...
