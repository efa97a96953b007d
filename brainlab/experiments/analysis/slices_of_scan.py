"""The slices that a file holds for a run of slices: the one of a picture or of a flat NIfTI file, or a whole head's."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brainlab.cohort.preparation.prepare import prepare_one
from brainlab.cohort.recipes import PAPER_EXACT, RECIPES, PreparationRecipe
from brainlab.cohort.views import Slices
from brainlab.errors import UnreadableScanError
from brainlab.experiments.analysis.style_projection import prepare_for
from brainlab.files.picture_files import PICTURE_ENDINGS
from brainlab.images.formats.scan_file import read_scan_file
from brainlab.images.grid import Grid
from brainlab.runs.run import Run
from brainlab.types import Float32Array


@dataclass(frozen=True)
class ScanSlices:
    """Slices of one file.

    data: float32 [n, *shape] of the run's images, in [0, 1]. numbers: of each in its scan, as in the column `slice` of
    a cohort's table; empty for a file of one slice, which does not tell. notes: warnings, one line each.
    """

    data: Float32Array
    numbers: tuple[int, ...]
    notes: tuple[str, ...]


def slices_of(run: Run, path: Path) -> ScanSlices:
    """Prepare the slices of one file as a run's training data were prepared.

    A whole head, or a series of them, takes the whole recipe of the run's data, registration included, and is cut where
    the run cut its own; so a slice shows what the run has learnt there. A single slice is prepared by `prepare_for`.
    Raises InputError for a run of volumes, and a BrainlabError for what is no slice of the run's plane and no head, or
    for a head where no recipe makes the run's slices of one.
    """
    recipe, view = recipe_of_slices(run), run.view
    if recipe is None or not isinstance(view, Slices) or not _is_whole(path):
        made = prepare_for(run, path)
        return ScanSlices(made.data[None], (), made.notes)
    scan = prepare_one(path, recipe)
    if recipe.plane is not None:
        first = recipe.first_slice
        return ScanSlices(scan.data, tuple(range(first, first + len(scan.data))), scan.notes)
    grid = Grid(recipe.shape, recipe.affine)
    numbers = tuple(view.numbers(grid).tolist())
    return ScanSlices(np.stack([grid.cut(scan.data, view.plane, k) for k in numbers]), numbers, scan.notes)


def recipe_of_slices(run: Run) -> PreparationRecipe | None:
    """Return the recipe that makes a run's slices of one scan; None where there is none."""
    recorded = run.settings["recipe"]
    recipe = (PAPER_EXACT if recorded.get("paper_exact") else RECIPES).get(str(recorded.get("name", "")))
    plane = run.grid.plane
    if recipe is None or plane is None or recipe.pictures or recipe.several or recipe.z_scored:
        return None
    made = Grid(recipe.shape, recipe.affine, recipe.plane)
    return recipe if (made if recipe.plane else made.slice_grid(plane)).fits(run.grid) else None


def _is_whole(path: Path) -> bool:
    """Whether a file holds a volume, or a series of images; not where it cannot be read, as `prepare_for` says."""
    if path.name.lower().endswith(PICTURE_ENDINGS):
        return False
    try:
        shape = read_scan_file(path, series=True, flat=True).shape
    except UnreadableScanError:
        return False
    return len(shape) > 3 or min(shape) > 1
