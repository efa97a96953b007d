"""Three convolutions that turn sequences into another, voxel by voxel and its neighbours (Wei, section 2.2.1).

    y = W_out * relu(W_3 * relu(W_2 * relu(W_1 * x)))

Each hidden layer has `filters` maps and kernels of `kernel` voxels a side; the last convolution makes the one map of
the target. There is no pooling, which would lose small lesions. With kernels of one voxel the same is the perceptron of
the thesis (section 2.2.3), which sees each voxel alone; with two layers of 7 voxels it is its two-layer network
(section 3.3.2).

The errors are means over voxels, as the thesis prints them: SGD at 5e-4 is meant for these.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from brainlab.cohort.views import Batch
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.recipe import Progress, Recipe
from brainlab.methods.translator import Translator, TranslatorConfig, pairs
from brainlab.networks.blocks import Conv3d
from brainlab.networks.learning_rate import set_learning_rate
from brainlab.networks.translation.errors import ErrorName, errors_of
from brainlab.ranges import Count, Positive, Range, ShareBelow1
from brainlab.translation.cgan import CHAPTER_3, PET

ODD = Range(lambda value: value >= 1 and value % 2 == 1, "an odd number")
Kernel = Annotated[int, ODD]


@dataclass(frozen=True, kw_only=True)
class RegressionConfig(TranslatorConfig):
    """How a network that makes the target in one step learns it.

    error: what is minimised: `mse`, `l1`, or by region `weighted-l1` (Wei, eq. 3.5) or `nwl1` (eq. 4.4), which need
        segmentations with white matter and lesions.
    optimiser: `sgd` or `adam`.  learning_rate: of it.
    momentum: of SGD.
    cosine: let the rate fall to zero along a half cosine over the whole training.
    """

    error: ErrorName = "mse"
    optimiser: Literal["sgd", "adam"] = "adam"
    learning_rate: Positive = 1e-3
    momentum: ShareBelow1 = 0.0
    cosine: bool = True


@dataclass(frozen=True, kw_only=True)
class FCNConfig(RegressionConfig):
    """Everything that decides such a network and what it learns.

    depth: hidden layers.  filters: maps of each.
    kernel: voxels along each side of their kernels.  last_kernel: of the last convolution's.
    """

    depth: Count = 3
    filters: Count = 64
    kernel: Kernel = 3
    last_kernel: Kernel = 3


class FCN(Translator):
    """Hidden convolutions with ReLU, and one to the target; sides stay as they are."""

    def __init__(self, config: FCNConfig) -> None:
        super().__init__()
        self.inputs, self.target = config.inputs, config.target
        layers: list[nn.Module] = []
        maps = len(config.inputs)
        for _ in range(config.depth):
            layers += [Conv3d(maps, config.filters, config.kernel, padding=config.kernel // 2), nn.ReLU()]
            maps = config.filters
        layers.append(Conv3d(maps, 1, config.last_kernel, padding=config.last_kernel // 2))
        self.reach = config.depth * (config.kernel // 2) + config.last_kernel // 2
        self.layers = nn.Sequential(*layers)

    def translate(self, x: Tensor) -> Tensor:
        return self.layers(x).float()


class RegressionRecipe(Recipe):
    """One optimiser over a network that makes the target in one step."""

    generator: Translator

    def __init__(self, config: RegressionConfig, network: Translator) -> None:
        self.config, self.generator = config, network
        self.networks = {"translator": network}

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        parameters, config = self.generator.parameters(), self.config
        if config.optimiser == "sgd":
            return {"translator": torch.optim.SGD(parameters, config.learning_rate, momentum=config.momentum)}
        return {"translator": torch.optim.Adam(parameters, config.learning_rate, fused=True)}

    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        optimiser, config = self.optimisers["translator"], self.config
        set_learning_rate(optimiser, config.learning_rate, progress.step, progress.total_steps, cosine=config.cosine)
        made = self.generator.translate(batch.image)
        loss = errors_of(config.error, made, batch.target, batch.regions, batch.brain).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        return {"loss": loss.item()}


def momentum_is_of_sgd(config: RegressionConfig) -> Mapping[str, str]:
    """Name the momentum as a setting without effect with Adam."""
    return {"momentum": "with --optimiser adam"} if config.optimiser == "adam" else {}


def _recipe(config: FCNConfig) -> RegressionRecipe:
    return RegressionRecipe(config, FCN(config))


CHAPTER_2 = "Wei's thesis, chapter 2"
_PUBLISHED: dict[str, Any] = {"patch": (208, 256, 40), "optimiser": "sgd", "learning_rate": 5e-4, "cosine": False}
_SCHEDULE = Schedule(epochs=300, batch_size=1, ema_decay=0.0, early_stopping=3)
_SMALL_SCHEDULE = Schedule(epochs=4, batch_size=1, ema_decay=0.99)
_TWO_LAYERS: dict[str, Any] = {"inputs": PET, "target": "DVR", "depth": 2, "kernel": 7, "last_kernel": 1, "error": "l1"}
"""Two layers of 7 voxels, and a weighted sum of their maps (section 3.3.2, after Li et al. 2014)."""
_TINY: dict[str, Any] = {"inputs": ("channel 0", "channel 1"), "target": "channel 2", "patch": (8, 8, 8)}

METHOD = Method(
    name="fcn",
    title="3D fully convolutional network",
    config=FCNConfig,
    network=FCN,
    recipe=_recipe,
    view=pairs,
    abilities=frozenset({"translate"}),
    without_effect=momentum_is_of_sgd,
    small=(
        FCNConfig(depth=1, filters=4, **_TINY),
        FCNConfig(kernel=1, error="l1", optimiser="sgd", filters=4, within="brain", **_TINY),
    ),
    presets={
        **{
            name: Preset(
                config=FCNConfig(filters=filters, **_PUBLISHED),
                schedule=_SCHEDULE,
                recipe="flair-synthesis",
                source=f"{CHAPTER_2}, section 2.2",
            )
            for name, filters in (("flair-fcn", 64), ("flair-fcn-32", 32), ("flair-fcn-96", 96))
        },
        "flair-mlp": Preset(
            config=FCNConfig(depth=2, filters=100, kernel=1, last_kernel=1, **_PUBLISHED),
            schedule=_SCHEDULE,
            recipe="flair-synthesis",
            source=f"{CHAPTER_2}, section 2.2.3",
        ),
        "pet-two-layer": Preset(
            config=FCNConfig(patch=(128, 160, 128), filters=64, learning_rate=1e-4, **_TWO_LAYERS),
            schedule=Schedule(epochs=400, batch_size=1, ema_decay=0.0),
            recipe="pet-synthesis",
            source=f"{CHAPTER_3}, section 3.3.2",
        ),
        "pet-two-layer-small": Preset(
            config=FCNConfig(patch=(32, 32, 32), overlap=0.25, filters=8, **_TWO_LAYERS),
            schedule=_SMALL_SCHEDULE,
            recipe="pet-synthesis-64",
        ),
        "flair-fcn-small": Preset(
            config=FCNConfig(filters=32),
            schedule=_SMALL_SCHEDULE,
            recipe="flair-synthesis",
        ),
        "flair-mlp-small": Preset(
            config=FCNConfig(depth=2, filters=100, kernel=1, last_kernel=1),
            schedule=_SMALL_SCHEDULE,
            recipe="flair-synthesis",
        ),
    },
)
