"""Preparation recipes by name: each states a paper's preprocessing as a grid and a tuple of steps (docs/recipes.md)."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from brainlab.cohort.bias_field import CorrectBias
from brainlab.cohort.intensity import BRAIN, CHANNELS, INTENSITY, SCALED_BY, UNIT, Z_SCORE
from brainlab.cohort.sampling import PictureSquare, SampledGrid, Space
from brainlab.cohort.steps import BlockMeans, BoundAbove, ClipPercentiles, DivideBy127, DivideByMaximum, Step, UnitRange
from brainlab.errors import InputError
from brainlab.images.grid import PLANES, Scalar, normal_axis
from brainlab.images.volume import Volume
from brainlab.types import FloatArray

REGISTERED = "affine registration of the MNI152 template: searched by mutual information, refined by its tissues"
STRIPPED = "brain mask from the template, refined on the scan's intensities; all else set to 0"
ON_TEMPLATE = "resampled to 182x218x182 at 1 mm, first voxel at -91, -126, -72 mm (RAS)"
COREGISTERED = "affine registration of the other sequences of the visit (Mattes mutual information)"
SCORED = (
    "z-scores by sequence: mean and standard deviation of all voxels of the training participants' images, or of the "
    "dataset that was named"
)
"""What comes before and after the steps, in words: see `registration.placement` and `registration.coregistration`."""

QUANTITIES = ("DVR", "MTRmap", "FA", "RD", "AD")
"""Sequences whose values mean the same on every scanner."""
SCORED_BY_BRAIN = "z-scores by scan: mean and standard deviation of its own brain's voxels"


@dataclass(frozen=True, kw_only=True)
class PreparationRecipe:
    """From the scan or the scans of a visit, or from pictures, to images of one grid.

    grid: that of the result: block means of the stripped scan on the template's 1 mm grid (182x218x182), a grid on
    which the scan itself is sampled, or a square for pictures.
    steps: what is done to the intensities on that grid, in order.
    modalities: sequences of the scans it is made for; a dataset without any of them is taken as it is.
    several: whether an image has all of `modalities` as channels, brought onto the first of them.
    mask_from: where there are several, the sequence that the brain is found on.
    plane: of the slices that the result is cut into; None for volumes.
    z_scored: whether values become z-scores of the cohort at the end.
    by_brain: whether these are of each scan's own brain, and not of the cohort.
    weighted: whether the diffusion-weighted images of a series are meant, and not those without weighting.
    paper_exact: whether it keeps an error of the published code.
    """

    name: str
    summary: str
    modalities: tuple[str, ...]
    grid: BlockMeans | SampledGrid | PictureSquare
    steps: tuple[Step, ...]
    several: bool = False
    mask_from: str | None = None
    plane: str | None = None
    z_scored: bool = False
    by_brain: bool = False
    weighted: bool = False
    paper_exact: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a prepared image, without channels: three sides of a volume, two of a slice."""
        if self.plane is None or self.pictures:
            return self.grid.shape
        return tuple(side for axis, side in enumerate(self.grid.shape) if axis != normal_axis(self.plane))

    @property
    def first_slice(self) -> int:
        """Number in its scan of the first slice that is made of it."""
        return self.grid.kept[0] if isinstance(self.grid, SampledGrid) and self.grid.kept else 0

    @property
    def affine(self) -> FloatArray:
        """The 4x4 matrix from prepared voxels to mm (RAS)."""
        return self.grid.affine

    @property
    def intensity(self) -> str:
        """What prepared values are: UNIT, in [0, 1], or Z_SCORE."""
        return Z_SCORE if self.z_scored else UNIT

    @property
    def dtype(self) -> str:
        """In what type values are stored where the user names none."""
        return "float16" if self.z_scored else "uint8"

    @property
    def pictures(self) -> bool:
        """Whether it reads pictures and no scans."""
        return isinstance(self.grid, PictureSquare)

    @property
    def alone(self) -> bool:
        """Whether one scan makes one volume by itself: no slices, channels or z-scores of a cohort."""
        return self.plane is None and not self.several and not self.z_scored

    @property
    def channels(self) -> tuple[str, ...]:
        """Sequences of the channels of an image; empty where it has one, of any sequence."""
        return self.modalities if self.several else ()

    def apply(self, image: Volume, sequence: str | None = None) -> Volume:
        """Return the prepared image of a brain that lies on the template, its axes along those of space.

        Of recipes without block means `image` lies on the grid already.
        """
        if isinstance(self.grid, BlockMeans):
            image = self.grid.apply(image)
        for step in self.steps:
            if step.concerns(sequence):
                image = step.apply(image)
        return image

    def cut(self, volume: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Return a volume [X, Y, Z] on the grid as it is stored: as it is, or as its slices [n, *shape]."""
        return volume if self.plane is None else np.moveaxis(volume, normal_axis(self.plane), 0)

    def record(self) -> dict[str, Any]:
        """Return what `recipe.json` keeps of the recipe, without versions and data."""
        parts = (self.grid, *self.steps)
        numbers = {name: value for part in parts for name, value in dataclasses.asdict(part).items()}  # type: ignore[arg-type]
        return {
            "name": self.name,
            "summary": self.summary,
            "modalities": self.modalities,
            **numbers,
            "steps": self.words,
            "shape": list(self.shape),
            "affine": self.affine.tolist(),
            **({"plane": self.plane} if self.plane else {}),
            **({CHANNELS: self.channels, "mask_from": self.mask_from} if self.several else {}),
            **({} if self.intensity == UNIT else {INTENSITY: self.intensity}),
            **({SCALED_BY: BRAIN} if self.by_brain else {}),
            **({"paper_exact": True} if self.paper_exact else {}),
        }

    @property
    def words(self) -> tuple[str, ...]:
        """All that is done, in order."""
        before: tuple[str, ...] = ()
        if isinstance(self.grid, BlockMeans):
            before = (REGISTERED, STRIPPED, ON_TEMPLATE)
        elif isinstance(self.grid, SampledGrid):
            before = (REGISTERED, STRIPPED) if self.grid.stripped else (REGISTERED,)
            before += (COREGISTERED,) if self.several else ()
        after = ((SCORED_BY_BRAIN if self.by_brain else SCORED),) if self.z_scored else ()
        return (*before, self.grid.words, *(step.words for step in self.steps), *after)

    def of_sequences(self, names: Sequence[str]) -> "PreparationRecipe":
        """Return the recipe for some of its sequences, in its own order. Raises InputError for any other."""
        if not self.several:
            raise InputError(f"--modalities: {self.name} prepares one sequence; choose files with --include")
        known = {name.casefold(): name for name in self.modalities}
        known |= {name.removesuffix("map").casefold(): name for name in self.modalities}
        if wrong := [name for name in names if name.casefold() not in known]:
            raise InputError(
                f"--modalities {wrong[0]}: {self.name} is for {', '.join(self.modalities)}; choose of these"
            )
        chosen = {known[name.casefold()] for name in names}
        if self.modalities[0] not in chosen or len(chosen) < 2:
            raise InputError(
                f"--modalities: {self.name} needs {self.modalities[0]}, which the others are brought onto, and at "
                f"least one other, got {', '.join(names)}"
            )
        kept = tuple(name for name in self.modalities if name in chosen)
        return dataclasses.replace(
            self, modalities=kept, mask_from=self.mask_from if self.mask_from in chosen else self.modalities[0]
        )

    def from_inputs(self, names: Sequence[str]) -> "PreparationRecipe":
        """Return the recipe for some of its sequences, brought onto the first of them: of what a target is made from.

        Raises InputError for a sequence that is not one of the recipe's.
        """
        known = {name.removesuffix("map").casefold(): name for name in self.modalities}
        keys = [name.removesuffix("map").casefold() for name in names]
        if wrong := [name for name, key in zip(names, keys, strict=True) if key not in known]:
            raise InputError(f"{self.name}: needs sequences of {', '.join(self.modalities)}, got {', '.join(wrong)}")
        kept = tuple(known[key] for key in keys)
        return dataclasses.replace(
            self, modalities=kept, mask_from=self.mask_from if self.mask_from in kept else kept[0]
        )

    def scaled_by_brain(self) -> "PreparationRecipe":
        """Return the recipe with z-scores of each scan's own brain.

        Raises InputError where it makes no z-scores, or where its sequences are quantities: scaled by the brain that
        they are measured in, they would lose what tells people and visits apart.
        """
        if not self.z_scored:
            raise InputError(f"--scale-by: {self.name} scales each scan by itself; leave it out")
        if measured := [name for name in self.modalities if name in QUANTITIES]:
            raise InputError(
                f"--scale-by brain: {', '.join(measured)} are quantities with units of their own, which differ between "
                "people; leave it out"
            )
        return dataclasses.replace(self, by_brain=True)

    def of_plane(self, plane: str) -> "PreparationRecipe":
        """Return the recipe for pictures of another plane. Raises InputError where it makes its slices itself."""
        if not self.pictures:
            raise InputError(f"--plane: says what pictures show; {self.name} is for scans, leave it out")
        if plane not in PLANES:
            raise InputError(f"--plane {plane}: choose one of {', '.join(PLANES)}")
        return dataclasses.replace(self, plane=plane)


def flair_blocks(block_mm: int) -> BlockMeans:
    """Return the FLAIR IntroVAE paper's part of the template (section 3), in blocks of any size."""
    return BlockMeans(trim=((11, 171), (13, 205), (0, 160)), block_mm=block_mm)


def _flair(name: str, block_mm: int, summary: str) -> PreparationRecipe:
    """The FLAIR IntroVAE paper's preprocessing (section 3)."""
    return PreparationRecipe(
        name=name,
        summary=summary,
        modalities=("FLAIR",),
        grid=flair_blocks(block_mm),
        steps=(BoundAbove(upper_percentile=99.5), UnitRange()),
    )


def _dwi() -> PreparationRecipe:
    """The DWI paper's preprocessing (section 3.1): 40 slices less the 6 top and 8 bottom ones; it strips no skull.

    It names no voxel size: 224 mm across hold a head, and 40 slices of 4 mm the brain from -72 to 88 mm.
    """
    return PreparationRecipe(
        name="dwi-slices-128",
        summary="26 axial slices of 128x128 a scan on the template, as in the DWI comparison",
        modalities=("dwi",),
        grid=SampledGrid(
            space=Space.TEMPLATE,
            whole=(128, 128, 40),
            voxel_mm=(1.75, 1.75, 4.0),
            centre_mm=(0.0, -18.0, 8.0),
            stripped=False,
            kept=(8, 34),
        ),
        steps=(BoundAbove(upper_percentile=95.0), DivideByMaximum()),
        plane="axial",
        weighted=True,
    )


def _ixi(*, paper_exact: bool = False) -> PreparationRecipe:
    """The IXI thesis' preprocessing (section 3.2): slices 160 to 190 of 256, halved to 128x128.

    The thesis counts slices of its scanners' images (.9375 mm apart), where 160 lies just above the eyes. The same
    28 mm are found here by the brain, so that other images than IXI's give the same part of the head.
    """
    return PreparationRecipe(
        name="ixi-slices-128",
        summary="30 axial slices of 128x128 a scan with the skull, from above the eyes, as in the IXI thesis",
        modalities=("T1w",),
        grid=SampledGrid(
            space=Space.OWN,
            whole=(128, 128, 256),
            voxel_mm=(1.875, 1.875, 0.9375),
            centre_mm=(0.0, -18.0, -30.0),
            stripped=False,
            kept=(160, 190),
        ),
        steps=(UnitRange(), DivideBy127()) if paper_exact else (UnitRange(),),
        plane="axial",
        paper_exact=paper_exact,
    )


def _cube(side: int) -> PreparationRecipe:
    """The slice VAE paper's preprocessing (section 3.2): 256 voxels of .7 mm, or fewer that fill the same cube."""
    voxel_mm = 256 * 0.7 / side
    return PreparationRecipe(
        name=f"t1-cube-{side}",
        summary=f"{side}x{side}x{side} at {voxel_mm:g} mm, upright, as in the slice VAE paper",
        modalities=("T1w",),
        grid=SampledGrid(
            space=Space.UPRIGHT,
            whole=(side, side, side),
            voxel_mm=(voxel_mm, voxel_mm, voxel_mm),
            centre_mm=(0.0, -18.0, 8.0),
            stripped=True,
        ),
        steps=(CorrectBias(), ClipPercentiles(low_percentile=1.0, high_percentile=99.0)),
    )


def _flair_synthesis() -> PreparationRecipe:
    """Wei, chapter 2 (section 2.2.3): all sequences on the FLAIR, which is cut to 208x256x40 around the brain."""
    return PreparationRecipe(
        name="flair-synthesis",
        summary="FLAIR, T1w, T2w, PDw, T1SE and DIR as channels of 208x256x40, as in Wei's thesis, chapter 2",
        modalities=("FLAIR", "T1w", "T2w", "PDw", "T1SE", "DIR"),
        grid=SampledGrid(
            space=Space.OWN,
            whole=(208, 256, 40),
            voxel_mm=(0.9, 0.9, 3.0),
            centre_mm=(0.0, -18.0, 10.0),
            stripped=False,
        ),
        steps=(CorrectBias(),),
        several=True,
        mask_from="FLAIR",
        z_scored=True,
    )


def _pet_synthesis(name: str, whole: tuple[int, int, int], voxel_mm: float, summary: str) -> PreparationRecipe:
    """Wei, chapters 3 and 4: MR maps on the PET; patches are cut of these volumes later.

    N4 is for the MR images (section 3.2.3); the brain is found on one of them, since PET shows little anatomy.
    """
    return PreparationRecipe(
        name=name,
        summary=f"DVR (PET), MTR, FA, RD and AD as channels of {summary}",
        modalities=("DVR", "MTRmap", "FA", "RD", "AD"),
        grid=SampledGrid(
            space=Space.OWN,
            whole=whole,
            voxel_mm=(voxel_mm, voxel_mm, voxel_mm),
            centre_mm=(0.0, -18.0, 8.0),
            stripped=True,
        ),
        steps=(CorrectBias(bias_kept=("DVR",)),),
        several=True,
        mask_from="MTRmap",
        z_scored=True,
    )


def _pictures(side: int) -> PreparationRecipe:
    """Pictures for people who have no scans."""
    return PreparationRecipe(
        name=f"slices-{side}",
        summary=f"{side}x{side} of a folder of PNG, JPEG or TIFF pictures of slices",
        modalities=(),
        grid=PictureSquare(side=side),
        steps=(),
        plane="axial",
    )


RECIPES = {
    recipe.name: recipe
    for recipe in (
        _flair("flair-40", 4, "40x48x40 at 4 mm, as in the FLAIR IntroVAE paper"),
        _flair("flair-80", 2, "80x96x80 at 2 mm: flair-40 with finer blocks, for those with a GPU"),
        _dwi(),
        _ixi(),
        *(_cube(side) for side in (64, 128, 256)),
        _flair_synthesis(),
        _pet_synthesis("pet-synthesis", (128, 160, 128), 1.22, "128x160x128, as in Wei's thesis, chapters 3 and 4"),
        _pet_synthesis(
            "pet-synthesis-64",
            (64, 80, 64),
            2.44,
            "64x80x64: pet-synthesis at the 2.5 mm that PET resolves, for two cores",
        ),
        *(_pictures(side) for side in (64, 128, 256)),
    )
}
PAPER_EXACT = {recipe.name: recipe for recipe in (_ixi(paper_exact=True),)}
"""Recipes with an error of the published code, by the name of the one without."""


def find_recipe(name: str | PreparationRecipe, paper_exact: bool = False) -> PreparationRecipe:
    """Return a recipe by name, or the one given. Raises InputError that lists the known ones."""
    if isinstance(name, PreparationRecipe):
        return name
    if name not in RECIPES:
        raise InputError(f"recipe '{name}' is not known; choose one of: {', '.join(RECIPES)}")
    if paper_exact and name not in PAPER_EXACT:
        raise InputError(f"--paper-exact: {name} has no error of a published code to keep; leave it out")
    return PAPER_EXACT[name] if paper_exact else RECIPES[name]
