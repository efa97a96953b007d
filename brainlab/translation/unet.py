"""The U-Net that the 3D FCN is compared with (Wei, section 2.2.3): two levels, from 16 maps, bottleneck of 64.

Each block is two convolutions of kernel 3 with ReLU. On the way down pooling halves the sides and the next block has
twice the maps; on the way up a transposed convolution of stride 2 halves the maps and doubles the sides, and what the
way down had at that size stands beside it.

The thesis prints 375.6 K parameters and not the maps of the blocks on the way up. With 32 in both, and five inputs,
there are 375,585, and no other simple choice comes as near.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.translator import Translator, pairs
from brainlab.networks.blocks import Conv3d
from brainlab.ranges import Count
from brainlab.translation.cgan import CHAPTER_3, PET
from brainlab.translation.fcn import CHAPTER_2, RegressionConfig, RegressionRecipe, momentum_is_of_sgd


@dataclass(frozen=True, kw_only=True)
class UNetConfig(RegressionConfig):
    """Everything that decides such a network and what it learns.

    maps: of the first block; each level has twice those of the one before.
    levels: halvings of the sides.
    up_maps: of the blocks on the way up.
    """

    maps: Count = 16
    levels: Count = 2
    up_maps: Count = 32


class UNet(Translator):
    """Blocks down, a bottleneck, and blocks up beside those of the way down; sides divide by 2^levels."""

    any_size = True

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.inputs, self.target, self.multiple = config.inputs, config.target, 2**config.levels
        widths = [config.maps * 2**level for level in range(config.levels + 1)]
        self.down = nn.ModuleList()
        before = len(config.inputs)
        for width in widths[:-1]:
            self.down.append(_block(before, width))
            before = width
        self.bottom = _block(before, widths[-1])
        self.rise, self.up = nn.ModuleList(), nn.ModuleList()
        before = widths[-1]
        for width in reversed(widths[:-1]):
            self.rise.append(nn.ConvTranspose3d(before, width, 2, stride=2))
            self.up.append(_block(2 * width, config.up_maps))
            before = config.up_maps
        self.out = Conv3d(before, 1, 1)
        self.pool = nn.MaxPool3d(2)

    def translate(self, x: Tensor) -> Tensor:
        beside = []
        for block in self.down:
            x = block(x)
            beside.append(x)
            x = self.pool(x)
        x = self.bottom(x)
        for rise, block in zip(self.rise, self.up, strict=True):
            x = block(torch.cat([rise(x), beside.pop()], dim=1))
        return self.out(x).float()


def _block(inputs: int, outputs: int) -> nn.Sequential:
    first, second = Conv3d(inputs, outputs, 3, padding=1), Conv3d(outputs, outputs, 3, padding=1)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU())


def _recipe(config: UNetConfig) -> RegressionRecipe:
    return RegressionRecipe(config, UNet(config))


_TINY: dict[str, Any] = {"inputs": ("channel 0", "channel 1"), "target": "channel 2", "patch": (8, 8, 8)}
_OF_PET: dict[str, Any] = {"inputs": PET, "target": "DVR", "levels": 3, "error": "l1"}

METHOD = Method(
    name="unet",
    title="3D U-Net",
    config=UNetConfig,
    network=UNet,
    recipe=_recipe,
    view=pairs,
    abilities=frozenset({"translate"}),
    without_effect=momentum_is_of_sgd,
    small=(UNetConfig(maps=4, up_maps=4, levels=1, **_TINY),),
    presets={
        "flair-unet": Preset(
            config=UNetConfig(patch=(208, 256, 40), optimiser="sgd", learning_rate=5e-4, cosine=False),
            schedule=Schedule(epochs=300, batch_size=1, ema_decay=0.0, early_stopping=3),
            recipe="flair-synthesis",
            source=f"{CHAPTER_2}, section 2.2.3",
        ),
        "pet-unet": Preset(
            config=UNetConfig(patch=(128, 160, 128), maps=32, up_maps=64, learning_rate=1e-4, **_OF_PET),
            schedule=Schedule(epochs=400, batch_size=1, ema_decay=0.0),
            recipe="pet-synthesis",
            source=f"{CHAPTER_3}, section 3.3.2",
        ),
        "pet-unet-small": Preset(
            config=UNetConfig(patch=(32, 32, 32), overlap=0.25, maps=12, up_maps=24, **_OF_PET),
            schedule=Schedule(epochs=4, batch_size=1, ema_decay=0.99),
            recipe="pet-synthesis-64",
        ),
        "flair-unet-small": Preset(
            config=UNetConfig(),
            schedule=Schedule(epochs=4, batch_size=1, ema_decay=0.99),
            recipe="flair-synthesis",
        ),
    },
)
