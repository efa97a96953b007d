"""The linear voxel model: the target as a weighted sum of the inputs at a voxel and about it, in least squares.

    y(v) = b + sum over channels c and offsets o of w(c, o) x(c, v + o)

In translation between MR sequences it is often as good as a network, so that each is to be compared with it. There is
nothing to descend: each step adds the voxels of a patch to the normal equations and solves them, so that after one
epoch the weights are those of all patches.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from brainlab.cohort.views import Batch
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.processes import sum_over_processes
from brainlab.methods.recipe import Progress, Recipe
from brainlab.methods.translator import Translator, TranslatorConfig, pairs
from brainlab.networks.blocks import Conv3d
from brainlab.networks.translation.errors import errors_of
from brainlab.ranges import Weight
from brainlab.translation.cgan import PET
from brainlab.translation.fcn import Kernel


@dataclass(frozen=True, kw_only=True)
class LinearConfig(TranslatorConfig):
    """Everything that decides such a model.

    kernel: voxels along each side of the neighbourhood that a voxel is made from.
    ridge: of the least squares, a share of the mean square of the inputs.
    """

    kernel: Kernel = 3
    ridge: Weight = 1e-6


class Linear(Translator):
    """One convolution; beyond the edge the nearest voxel counts."""

    def __init__(self, config: LinearConfig) -> None:
        super().__init__()
        self.inputs, self.target, self.kernel = config.inputs, config.target, config.kernel
        self.reach = config.kernel // 2
        self.weights = Conv3d(len(config.inputs), 1, config.kernel)

    def neighbourhoods(self, x: Tensor) -> Tensor:
        """Return each voxel's neighbourhood: [n, C, X, Y, Z] -> [n * X * Y * Z, C * kernel^3]."""
        x = self._padded(x)
        for axis in (2, 3, 4):
            x = x.unfold(axis, self.kernel, 1)  # [n, C, X, Y, Z, kernel, ...]
        return x.permute(0, 2, 3, 4, 1, 5, 6, 7).flatten(4).flatten(0, 3)

    def translate(self, x: Tensor) -> Tensor:
        return self.weights(self._padded(x)).float()

    def _padded(self, x: Tensor) -> Tensor:
        return pad(x, [self.kernel // 2] * 6, mode="replicate")


class LinearRecipe(Recipe):
    """The normal equations of all voxels so far."""

    generator: Linear

    def __init__(self, config: LinearConfig) -> None:
        self.config, self.generator = config, Linear(config)
        self.networks = {"translator": self.generator}
        size = len(config.inputs) * config.kernel**3 + 1
        self.squares = torch.zeros(size, size, dtype=torch.float64, device="cpu")
        self.products = torch.zeros(size, dtype=torch.float64, device="cpu")

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {}

    @torch.no_grad()
    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        error = errors_of("mse", self.generator.translate(batch.image), batch.target, brain=batch.brain).mean().item()
        if progress.step < progress.steps_per_epoch:  # later epochs hold the same voxels
            self.add(batch)
            self.solve()
        return {"loss": error}

    @torch.no_grad()
    def add(self, batch: Batch) -> None:
        """Add the voxels of a batch to the normal equations."""
        x = self.generator.neighbourhoods(batch.image).double().cpu()
        x = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], dim=1)
        y = batch.target.flatten().double().cpu()  # its one channel changes no order
        if batch.brain is not None:
            counted = batch.brain.flatten().cpu()
            x, y = x[counted], y[counted]
        self.squares += sum_over_processes(x.T @ x)
        self.products += sum_over_processes(x.T @ y)

    @torch.no_grad()
    def solve(self) -> None:
        """Take the weights of least squared error over all voxels so far."""
        scale = self.squares.diagonal()[:-1].mean()
        ridge = torch.full((len(self.products),), self.config.ridge * float(scale), dtype=torch.float64)
        ridge[-1] = 0.0
        found = torch.linalg.lstsq(self.squares + ridge.diag(), self.products[:, None], driver="gelsd").solution[:, 0]
        weights = self.generator.weights
        weights.weight.copy_(found[:-1].view_as(weights.weight))
        if weights.bias is not None:
            weights.bias.copy_(found[-1:])

    def state_dict(self) -> Mapping[str, Any]:
        return {"squares": self.squares, "products": self.products}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.squares, self.products = state["squares"], state["products"]


_TINY: dict[str, Any] = {"inputs": ("channel 0", "channel 1"), "target": "channel 2", "patch": (8, 8, 8)}

METHOD = Method(
    name="linear",
    title="Linear voxel model",
    config=LinearConfig,
    network=Linear,
    recipe=LinearRecipe,
    view=pairs,
    abilities=frozenset({"translate"}),
    small=(LinearConfig(**_TINY), LinearConfig(kernel=1, **_TINY)),
    presets={
        "flair-linear": Preset(
            config=LinearConfig(),
            schedule=Schedule(epochs=1, batch_size=1, ema_decay=0.0),
            recipe="flair-synthesis",
        ),
        "pet-linear": Preset(
            config=LinearConfig(inputs=PET, target="DVR", patch=(32, 32, 32), overlap=0.0),
            schedule=Schedule(epochs=1, batch_size=1, ema_decay=0.0),
            recipe="pet-synthesis",
        ),
    },
    changeable=(),
)
