"""Images projected into the styles of a run: a dataset's, or slices from files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brainlab.cohort.preparation.single_slice import PreparedSlice, prepare_slice
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.sources.image_files import file_stem, find_images, is_prepared_dataset
from brainlab.errors import InputError
from brainlab.experiments.export import scan_name
from brainlab.images.formats.scan_file import SLICE_ENDINGS
from brainlab.images.provenance import Provenance
from brainlab.images.provenance_files import origin_of
from brainlab.latent.styles.projection import Projection, ProjectionSettings, project
from brainlab.latent.styles.style_space import StyleSpace
from brainlab.methods.prior import SeededNoise
from brainlab.runs.image_provenance import of_scan
from brainlab.runs.matching.own_recipe import own_recipe_warning
from brainlab.runs.run import Run
from brainlab.types import Float32Array, Watch

DRAWS = 4096
"""Codes whose styles tell how styles differ: eight for each of the 512 dimensions of the published network."""


@dataclass(frozen=True)
class Targets:
    """Images to project, read in parts.

    names: one for the files of each. read: some of them, [n, *shape] in [0, 1], and what was noticed, a line each.
    origins: where these come from, as far as their dataset or their files say.
    """

    names: list[str]
    read: Callable[[slice], tuple[Float32Array, list[str]]]
    origins: Callable[[slice], list[Provenance]]


def style_space(run: Run) -> StyleSpace:
    """Return the styles of a run as codes, learnt from draws of its prior.

    Raises InputError where the run has no styles.
    """
    run.require("styles")
    draws = run.model().prior.draw(DRAWS, SeededNoise(0)).numpy()
    return StyleSpace.of(run.style(draws), run.mean_style())


def project_images(
    run: Run,
    images: Float32Array,
    space: StyleSpace,
    settings: ProjectionSettings | None = None,
    watch: Watch | None = None,
) -> Projection:
    """Project images [n, *shape] in [0, 1] into the styles of a run; of several channels the first counts.

    space: what `style_space` returned. Raises InputError where the run has no styles, or images of another shape.
    """
    run.require("styles")
    if images.shape[1:] != run.shape:
        wanted = ", ".join(map(str, run.shape))
        raise InputError(f"{run.name}: projection needs images [n, {wanted}], got {list(images.shape)}")
    return project(images, run.style_gradient, space, len(run.levels), settings, watch)


def prepare_for(run: Run, path: Path) -> PreparedSlice:
    """Prepare the slice of one file, a picture or NIfTI, as a run's recipe asks.

    Raises InputError for a run of volumes, and an error that names the file for what is no slice.
    """
    if run.grid.plane is None:
        raise InputError(f"{run.name}: needs a run of slices, got one of volumes; choose another")
    return prepare_slice(path, run.grid, str(run.settings["recipe"].get("name", "")))


def targets(run: Run, source: Path, split: str | None = "test") -> Targets:
    """Find the images to project: those of a prepared dataset's split (None for all), or the slices of files.

    source: a prepared dataset, a picture or NIfTI slice, or a folder of these, which is searched with all below it.
    Raises InputError where there are none, or the dataset has others than the run's.
    """
    if is_prepared_dataset(source):
        data = run.see(PreparedDataset.open(source))
        rows = data.indices(split)
        if not len(rows):
            raise InputError(f"{source}: no scans in the split '{split}'; choose another with --split")
        names = [scan_name(data.scans.iloc[int(row)], int(row)) for row in rows]
        unlike = own_recipe_warning(run, data)
        return Targets(
            names,
            lambda part: (data.batch(rows[part])[:, 0], [unlike] if unlike and not part.start else []),
            lambda part: [of_scan(data, int(row)) for row in rows[part]],
        )
    if source.is_dir():
        paths = find_images(source, SLICE_ENDINGS).paths
        names = [f"{number:04d}_{file_stem(path.name)}" for number, path in enumerate(paths)]
    else:
        paths, names = [source] if source.is_file() else [], [file_stem(source.name)]
    if not paths:
        raise InputError(f"{source}: needs a prepared dataset, a slice or a folder of slices, got none; give one")

    def read(part: slice) -> tuple[Float32Array, list[str]]:
        made = [prepare_for(run, path) for path in paths[part]]
        notes = [f"{path}: {note}" for path, one in zip(paths[part], made, strict=True) for note in one.notes]
        return np.stack([one.data for one in made]), notes

    return Targets(names, read, lambda part: [origin_of(path) for path in paths[part]])
