"""The images that a file holds for a run: a head as a volume, or the slices that a run of slices takes of a file."""

from pathlib import Path

import numpy as np

from brainlab.cohort.preparation.prepare import prepare_one
from brainlab.cohort.recipes import RECIPES, PreparationRecipe
from brainlab.errors import InputError
from brainlab.experiments.analysis.slices_of_scan import ScanSlices, slices_of
from brainlab.runs.run import Run


def read_images(run: Run, path: Path, *, in_template_space: bool = False) -> ScanSlices:
    """Prepare what a file holds as a run's training data were prepared.

    in_template_space: it is a head that is skull-stripped and on the MNI152 template already, so that nothing is
        registered.
    Returns one image of a head for a run of volumes, and for one of slices what `slices_of` does.
    Raises InputError where no recipe makes the run's images of one file, or `in_template_space` is said of slices, and
    a BrainlabError that names the file where it is none that can be prepared.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; give a scan or a prepared dataset")
    if run.grid.plane is not None:
        if in_template_space:
            raise InputError(f"--in-template-space: needs a run of volumes, got {run.name}; leave it out")
        return slices_of(run, path)
    made = prepare_one(path, needed_recipe(run), in_template_space)
    return ScanSlices(made.data[None], (), made.notes)


def needed_recipe(run: Run) -> PreparationRecipe:
    """Return the recipe that makes volumes of a run's grid of one scan; raise InputError where there is none."""
    if (found := recipe_of_volumes(run)) is not None:
        return found
    known = (recipe.name for recipe in RECIPES.values() if recipe.alone)
    raise InputError(f"{run.name}: no recipe makes scans for it; choose a run of {', '.join(known)}")


def recipe_of_volumes(run: Run) -> PreparationRecipe | None:
    """Return the recipe that makes volumes of a run's grid of one scan; None where there is none."""
    return next((recipe for recipe in RECIPES.values() if _makes(recipe, run)), None)


def _makes(recipe: PreparationRecipe, run: Run) -> bool:
    return recipe.alone and recipe.shape == tuple(run.shape) and np.allclose(recipe.affine, run.affine, atol=1e-3)
