"""Preparation recipes by name: each states a paper's preprocessing in numbers."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainlab.cohort.template import grid_affine
from brainlab.errors import InputError
from brainlab.types import FloatArray


@dataclass(frozen=True, kw_only=True)
class PreparationRecipe:
    """From the template's 1 mm grid (182x218x182) to a small volume in [0, 1].

    trim: first and one-past-last 1 mm voxel kept along each axis.
    block_mm: edge of the cubes whose mean is one voxel.
    upper_percentile: brighter voxels are set to this percentile of the small volume, zeros of the background included.
    modalities: BIDS suffixes of the scans it is made for; a dataset without any of them is taken as it is.
    steps: what is done, in words, for the record.
    """

    name: str
    summary: str
    trim: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
    block_mm: int
    upper_percentile: float
    modalities: tuple[str, ...]
    steps: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of a prepared volume."""
        x, y, z = ((stop - start) // self.block_mm for start, stop in self.trim)
        return x, y, z

    @property
    def affine(self) -> FloatArray:
        """The 4x4 matrix from prepared voxels to mm (RAS): the centre of each block."""
        affine = np.diag([self.block_mm, self.block_mm, self.block_mm, 1.0])
        first = grid_affine() @ [*(start for start, _ in self.trim), 1.0]
        affine[:3, 3] = first[:3] + (self.block_mm - 1) / 2
        return affine

    def record(self) -> dict[str, Any]:
        """Return what `recipe.json` keeps of the recipe, without versions and data."""
        values = dataclasses.asdict(self)
        return {**values, "shape": list(self.shape), "affine": self.affine.tolist()}


def _flair(name: str, block_mm: int, summary: str) -> PreparationRecipe:
    """The FLAIR IntroVAE paper's preprocessing (section 3), with blocks of any size."""
    return PreparationRecipe(
        name=name,
        summary=summary,
        trim=((11, 171), (13, 205), (0, 160)),
        block_mm=block_mm,
        upper_percentile=99.5,
        modalities=("FLAIR",),
        steps=(
            "affine registration of the skull-stripped MNI152 template (Mattes mutual information)",
            "brain mask from the template, refined on the scan's intensities; all else set to 0",
            "resampled to 182x218x182 at 1 mm, first voxel at -91, -126, -72 mm (RAS)",
            "trimmed to 160x192x160: [11:171, 13:205, 0:160]",
            f"mean of {block_mm}x{block_mm}x{block_mm} blocks",
            "upper bound at the 99.5th percentile, minimum shifted to 0, divided by the maximum",
        ),
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
