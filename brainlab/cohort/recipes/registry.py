"""Preparation recipes by name: each states a paper's preprocessing as a grid and a tuple of steps (docs/recipes.md)."""

from brainlab.cohort.bias_field import CorrectBias
from brainlab.cohort.recipes.recipe import PreparationRecipe
from brainlab.cohort.sampling import PictureSquare, SampledGrid, Space
from brainlab.cohort.steps import BlockMeans, BoundAbove, ClipPercentiles, DivideBy127, DivideByMaximum, UnitRange
from brainlab.errors import InputError


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


def _sequences() -> PreparationRecipe:
    """Any sequences of a visit on a grid that holds a head; not of a paper."""
    return PreparationRecipe(
        name="sequences",
        summary="the sequences that you name as channels of 176x208x176 at 1 mm, on the first of them",
        modalities=(),
        grid=SampledGrid(
            space=Space.OWN,
            whole=(176, 208, 176),
            voxel_mm=(1.0, 1.0, 1.0),
            centre_mm=(0.0, -18.0, 8.0),
            stripped=False,
        ),
        steps=(CorrectBias(),),
        several=True,
        free=True,
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
        _sequences(),
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
