"""From the scans of a visit, as the scanner wrote them, to a sequence that was not taken, in the first one's space."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from brainlab.cohort.intensity import BRAIN, SCALED_BY, Z_SCORES
from brainlab.cohort.preparation.prepare import prepare_one
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.recipes import RECIPES, PreparationRecipe
from brainlab.cohort.registration.resampling import resample
from brainlab.cohort.sources.scan_source import ScanSource
from brainlab.cohort.views import places_of, refuse_unit_range
from brainlab.cohort.z_scores import scored
from brainlab.errors import InputError
from brainlab.experiments.evaluation.image_sets import held_out
from brainlab.experiments.synthesis.patchwise import to_intensities, translate
from brainlab.images.grid import Grid
from brainlab.images.volume import Volume
from brainlab.runs.run import Run
from brainlab.types import Float32Array, FloatArray, IntArray


@dataclass(frozen=True)
class Translated:
    """A sequence that a run made of the scans of one visit.

    inputs, made: z-scores on `grid`, [C, *shape] and [*shape].  intensities: what was made, [*shape], not below 0.
    grid_to_native: [4, 4], mm of the grid to mm of the first input.  native_shape, native_affine, axes: of that input,
    axes as in its file.  notes: of preparation, a line each.
    """

    inputs: Float32Array
    made: Float32Array
    intensities: Float32Array
    grid: Grid
    grid_to_native: FloatArray
    native_shape: tuple[int, int, int]
    native_affine: FloatArray
    axes: str
    notes: tuple[str, ...]

    @property
    def volume(self) -> Volume:
        """What was made in intensities, on the voxels of the first input and with the axes of its file."""
        on_grid = Volume(self.intensities, self.grid_to_native @ self.grid.affine)
        return replace(resample(on_grid, self.native_shape, self.native_affine), axes=self.axes)


def recipe_of_inputs(run: Run) -> PreparationRecipe:
    """Return the recipe that brings a run's inputs onto the first of them, without its target.

    Raises InputError where the run does not translate, or learned from data of a recipe that is not known here.
    """
    run.require("translate")
    name = run.settings["recipe"].get("name")
    if name not in RECIPES or not RECIPES[name].several:
        known = ", ".join(recipe.name for recipe in RECIPES.values() if recipe.several)
        raise InputError(
            f"{run.name}: learned from data of the recipe {name!r}, needs one of {known} to prepare scans alike; "
            "translate a prepared dataset instead"
        )
    recipe = RECIPES[name].from_inputs(run.config.inputs)
    return recipe.scaled_by_brain() if is_by_brain(run.settings["recipe"]) else recipe


def translate_visit(run: Run, source: ScanSource, recipe: PreparationRecipe) -> Translated:
    """Return what a run makes of the scans of one visit; its `volume` is in the space of the first input.

    recipe: that of `recipe_of_inputs`.
    Raises UnreadableScanError, RegistrationError or IntensityError where the scans cannot be prepared.
    """
    others = {name: other.path for name, other in source.others.items()}
    scan = prepare_one(source.path, recipe, source.in_template_space, source.image_of_series, others)
    data = scan.data if recipe.by_brain else scored(scan.data, input_numbers(run))
    made = translate(run, data)
    x, y, z = scan.native.data.shape
    return Translated(
        inputs=data,
        made=made,
        intensities=np.maximum(to_intensities(run, made), 0),
        grid=Grid(recipe.shape, recipe.affine),
        grid_to_native=scan.grid_to_native,
        native_shape=(x, y, z),
        native_affine=scan.native.affine,
        axes=scan.native.axes,
        notes=scan.notes,
    )


def refuse_other_scans(run: Run, data: PreparedDataset) -> None:
    """Raise InputError where a prepared dataset lacks one of a run's inputs, or holds no z-scores."""
    run.require("translate")
    places_of(run.config.inputs, data)
    refuse_unit_range(data)


def other_scale_warning(run: Run, data: PreparedDataset) -> str | None:
    """Say that the z-scores of a dataset are not by the means and spreads that a run learned; None where they are."""
    if is_by_brain(run.settings["recipe"]) != is_by_brain(data.recipe):
        kinds = ["z-scores of a cohort", "z-scores of each scan's brain"]
        learned, held = (kinds[is_by_brain(recipe)] for recipe in (run.settings["recipe"], data.recipe))
        return f"{run.name} learned {learned}, and {data.name} holds {held}: what it makes of them is a guess"
    if is_by_brain(data.recipe):
        return None
    own, theirs = input_numbers(run), {name: dict(values) for name, values in numbers_by_name(data.recipe).items()}
    others = [name for name in own if theirs.get(name) != own[name]]
    if not others:
        return None
    return (
        f"{data.name} has z-scores of {', '.join(others)} by other means than {run.name} learned, so that brightness "
        "may be off; prepare the scans with --scale-by and the run's data"
    )


def translate_row(run: Run, data: PreparedDataset, row: int) -> Float32Array:
    """Return what a run makes of one row of a prepared dataset, as intensities [X, Y, Z].

    Raises InputError where the dataset lacks one of its inputs.
    """
    places = places_of(run.config.inputs, data)
    return to_intensities(run, translate(run, data.batch(np.array([row]))[0, places]))


def rows_of_split(run: Run, data: PreparedDataset, split: str | None) -> IntArray:
    """Return the rows of a dataset's own split, `test` or `train`, `all`, or `held-out`: people the run does not know.

    None: of a run that held out a fold of this dataset `held-out`, since it learned from the dataset's own test split;
    else `test`.
    Raises InputError where there are none.
    """
    if split is None:
        own = data.sha256 == run.settings.get("data", {}).get("sha256")
        split = "held-out" if own and "fold" in run.settings.get("training", {}) else "test"
    if split == "held-out":
        rows = held_out(run, data)
    else:
        rows = data.indices(None if split == "all" else split)
    if not len(rows):
        raise InputError(f"{data.folder}: no scans in the split '{split}'; choose another with --split")
    return rows


def input_numbers(run: Run) -> dict[str, dict[str, float]]:
    """Return mean and standard deviation of each input in the run's training data, by which scans become z-scores."""
    by_name = numbers_by_name(run.settings["recipe"])
    wanted = [name.removesuffix("map").casefold() for name in run.config.inputs]
    if missing := [name for name in wanted if name not in by_name]:
        raise InputError(f"{run.folder}: config.json: needs mean and sd of {', '.join(missing)}; train the run again")
    return {name: dict(by_name[name]) for name in wanted}


def is_by_brain(recipe: Mapping[str, Any]) -> bool:
    """Whether scans of a `recipe.json` are z-scores of their own brains."""
    return recipe.get(SCALED_BY) == BRAIN


def numbers_by_name(recipe: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    """Return mean and standard deviation of each sequence of a `recipe.json`, by its name in small letters."""
    return {name.removesuffix("map").casefold(): values for name, values in recipe.get(Z_SCORES, {}).items()}
