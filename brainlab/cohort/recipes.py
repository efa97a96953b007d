"""Preparation recipes by name: each states a paper's preprocessing as a grid and a tuple of steps."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from brainlab.cohort.intensity import INTENSITY, UNIT, Z_SCORE
from brainlab.cohort.steps import BlockMeans, BoundAbove, Step, UnitRange, ZScore
from brainlab.errors import InputError
from brainlab.types import FloatArray
from brainlab.volume import Volume

PLACED = (
    "affine registration of the skull-stripped MNI152 template (Mattes mutual information)",
    "brain mask from the template, refined on the scan's intensities; all else set to 0",
    "resampled to 182x218x182 at 1 mm, first voxel at -91, -126, -72 mm (RAS)",
)
"""What comes before the steps of every recipe, in words: see `preparation.placement`."""


@dataclass(frozen=True, kw_only=True)
class PreparationRecipe:
    """From the template's 1 mm grid (182x218x182) to a small volume.

    blocks: the grid of the result.
    steps: what is done to the intensities of the block means, in order.
    modalities: BIDS suffixes of the scans it is made for; a dataset without any of them is taken as it is.
    """

    name: str
    summary: str
    modalities: tuple[str, ...]
    blocks: BlockMeans
    steps: tuple[Step, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of a prepared volume."""
        return self.blocks.shape

    @property
    def affine(self) -> FloatArray:
        """The 4x4 matrix from prepared voxels to mm (RAS)."""
        return self.blocks.affine

    @property
    def intensity(self) -> str:
        """What prepared values are: UNIT, in [0, 1], or Z_SCORE."""
        return Z_SCORE if any(isinstance(step, ZScore) for step in self.steps) else UNIT

    def apply(self, aligned: Volume) -> Volume:
        """Return the prepared volume of a brain that lies on the template, its axes along those of space."""
        volume = self.blocks.apply(aligned)
        for step in self.steps:
            volume = step.apply(volume)
        return volume

    def record(self) -> dict[str, Any]:
        """Return what `recipe.json` keeps of the recipe, without versions and data."""
        steps = (self.blocks, *self.steps)
        numbers = {name: value for step in steps for name, value in dataclasses.asdict(step).items()}  # type: ignore[call-overload]
        return {
            "name": self.name,
            "summary": self.summary,
            "modalities": self.modalities,
            **numbers,
            "steps": (*PLACED, *(step.words for step in steps)),
            "shape": list(self.shape),
            "affine": self.affine.tolist(),
            **({} if self.intensity == UNIT else {INTENSITY: self.intensity}),
        }


def _flair(name: str, block_mm: int, summary: str) -> PreparationRecipe:
    """The FLAIR IntroVAE paper's preprocessing (section 3), with blocks of any size."""
    return PreparationRecipe(
        name=name,
        summary=summary,
        modalities=("FLAIR",),
        blocks=BlockMeans(trim=((11, 171), (13, 205), (0, 160)), block_mm=block_mm),
        steps=(BoundAbove(upper_percentile=99.5), UnitRange()),
    )


RECIPES = {
    recipe.name: recipe
    for recipe in (
        _flair("flair-40", 4, "40x48x40 at 4 mm, as in the FLAIR IntroVAE paper"),
        _flair("flair-80", 2, "80x96x80 at 2 mm: flair-40 with finer blocks, for those with a GPU"),
    )
}


def find_recipe(name: str | PreparationRecipe) -> PreparationRecipe:
    """Return a recipe by name, or the one given. Raises InputError that lists the known ones."""
    if isinstance(name, PreparationRecipe):
        return name
    if name not in RECIPES:
        raise InputError(f"recipe '{name}' is not known; choose one of: {', '.join(RECIPES)}")
    return RECIPES[name]
