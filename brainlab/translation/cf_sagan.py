"""CF-SAGAN: Sketcher and Refiner whose networks attend to the whole patch (Wei, sections 4.2.2 to 4.3.1).

As `sketcher_refiner`, with generators of residual blocks and flexible self-attention, discriminators likewise, the
normalised weighted L1 for the Refiner (equation 4.4), smoothed labels, two steps of the discriminator for each of the
generator, and patches of 64^3 voxels that are turned and scaled.

What the thesis says of turning leaves the axis open: here it is that through the head from bottom to top, about which
patches of square sides are turned without resampling. Scaling by 1.25 and .75 is about the middle of a patch, inputs
and target linearly, regions to the nearest; what lies beyond the edge is the edge.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from brainlab.cohort.views import Batch
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.translator import pairs
from brainlab.networks.translation.cf_generator import BLOCKS, CFGenerator
from brainlab.networks.translation.errors import ErrorName
from brainlab.networks.translation.patch_discriminator import PatchDiscriminator
from brainlab.ranges import Count
from brainlab.translation.cgan import TINY, refuse_unjudged
from brainlab.translation.sketcher_refiner import (
    RefinedGAN,
    RefinedGANConfig,
    RefinedGANRecipe,
    too_short,
    without_refiners,
)

SCALES = (0.75, 1.0, 1.25)
"""Of patches that are learned from, each equally often."""


@dataclass(frozen=True, kw_only=True)
class CFSAGANConfig(RefinedGANConfig):
    """Everything that decides such GANs and what they learn.

    pool: voxels a side of the blocks that attention takes as one place.
    vary: turn patches by quarters and scale them.
    """

    patch: tuple[Count, Count, Count] = (64, 64, 64)
    width: Count = 16
    refiner_error: ErrorName = "nwl1"
    judge_steps: Count = 2
    smooth_labels: bool = True
    pool: Count = 1
    vary: bool = True


class CFSAGAN(RefinedGAN):
    """Sketcher and refiners with attention."""

    multiple = 2**BLOCKS

    def __init__(self, config: CFSAGANConfig) -> None:
        super().__init__(config, lambda channels: CFGenerator(channels, config.width, config.pool, config.dropout))


class CFSAGANRecipe(RefinedGANRecipe):
    """As of Sketcher-Refiner GANs, from patches that are turned and scaled."""

    config: CFSAGANConfig

    def __init__(self, config: CFSAGANConfig) -> None:
        channels = len(config.inputs) + 1

        def judge() -> PatchDiscriminator:
            return PatchDiscriminator(channels, config.judged, config.judge_widths, residual=True, pool=config.pool)

        super().__init__(config, CFSAGAN(config), judge)

    def varied(self, batch: Batch) -> Batch:
        if not self.config.vary:
            return batch
        quarters = int(torch.randint(4, ()))
        scale = SCALES[int(torch.randint(len(SCALES), ()))]

        def labels(x: Tensor | None) -> Tensor | None:
            return None if x is None else scaled(turned(x, quarters), scale, nearest=True)

        return dataclasses.replace(
            batch,
            image=scaled(turned(batch.image, quarters), scale),
            target=scaled(turned(batch.target, quarters), scale),
            regions=labels(batch.regions),
            brain=labels(batch.brain),
        )


def turned(x: Tensor, quarters: int) -> Tensor:
    """Turn volumes [n, c, X, Y, Z] by quarters about the third axis; where X and Y differ, by halves only."""
    square = x.shape[2] == x.shape[3]
    return torch.rot90(x, quarters if square else quarters // 2 * 2, dims=(2, 3))


def scaled(x: Tensor, scale: float, *, nearest: bool = False) -> Tensor:
    """Enlarge volumes [n, c, X, Y, Z] about their middle, in place of what lies further out; below 1 make them smaller.

    nearest: take the nearest voxel, and keep the type, for labels.
    """
    if scale == 1:
        return x
    matrix = torch.eye(3, 4, device=x.device) / scale
    grid = affine_grid(matrix.expand(len(x), 3, 4), [len(x), 1, *x.shape[2:]], align_corners=False)
    mode = "nearest" if nearest else "bilinear"
    return grid_sample(x.float(), grid, mode=mode, padding_mode="border", align_corners=False).to(x.dtype)


CHAPTER_4 = "Wei's thesis, chapter 4"
_SMALL_SCHEDULE = Schedule(epochs=4, batch_size=2, ema_decay=0.99)
_SMALL: dict[str, Any] = {
    "patch": (32, 32, 32),
    "overlap": 0.25,
    "width": 8,
    "dropout": 0.0,
    "judge_widths": (16, 32),
    "judge_steps": 1,
    "learning_rate": 5e-4,
    "refiner_rate": 5e-4,
    "cosine": True,
    "vary": False,
    "error_weight": 400.0,
}
"""Two epochs of simulated PET each: turned and scaled patches take longer to learn from (error of the Refiner .028 in
place of .022), and at a weight of 100 the Refiner's small error leaves the discriminator to decide."""
_TINY = TINY | {"patch": (16, 16, 16), "width": 2, "judge_widths": (8,)}

METHOD = Method(
    name="cf_sagan",
    title="Conditional flexible self-attention GAN",
    config=CFSAGANConfig,
    network=CFSAGAN,
    recipe=CFSAGANRecipe,
    view=pairs,
    abilities=frozenset({"translate"}),
    check_batch=refuse_unjudged,
    schedule_warning=too_short,
    without_effect=without_refiners,
    small=(CFSAGANConfig(**_TINY),),
    presets={
        "pet-cf-sagan": Preset(
            config=CFSAGANConfig(refiners=0),
            schedule=Schedule(epochs=370, batch_size=1, ema_decay=0.0),
            recipe="pet-synthesis",
            source=f"{CHAPTER_4}, section 4.3.2",
        ),
        "pet-refiner-cf-sagan": Preset(
            config=CFSAGANConfig(),
            schedule=Schedule(epochs=740, batch_size=1, ema_decay=0.0),
            recipe="pet-synthesis",
            source=f"{CHAPTER_4}, section 4.2",
            budget="370 epochs of each",
        ),
        "pet-cf-sagan-small": Preset(
            config=CFSAGANConfig(refiners=0, **_SMALL), schedule=_SMALL_SCHEDULE, recipe="pet-synthesis-64"
        ),
        "pet-refiner-cf-sagan-small": Preset(
            config=CFSAGANConfig(**_SMALL), schedule=_SMALL_SCHEDULE, recipe="pet-synthesis-64"
        ),
    },
)
