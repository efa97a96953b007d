"""Prepare one scan, or the scans of one visit: read, place on the template, sample on the recipe's grid, bound."""

import dataclasses
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from brainlab.cohort.intensity import UNIT
from brainlab.cohort.preparation.gridding import cut_note, grid_to_scan, sample
from brainlab.cohort.preparation.scan_checks import check_scan
from brainlab.cohort.preparation.series import choose_images
from brainlab.cohort.preparation.visits import Visit, place_visit
from brainlab.cohort.recipes import PreparationRecipe, find_recipe
from brainlab.cohort.registration.air import above_air
from brainlab.cohort.registration.placement import Placement, place_on_template, placed_already
from brainlab.cohort.sampling import SampledGrid
from brainlab.cohort.steps import BlockMeans
from brainlab.cohort.z_scores import Numbers, cohort_numbers, scored
from brainlab.errors import BrainlabError, InputError, UnreadableScanError
from brainlab.images.formats.scan_file import files_of
from brainlab.images.volume import Volume
from brainlab.types import BoolArray, Float32Array, FloatArray


@dataclass(frozen=True)
class PreparedScan:
    """One scan, or one visit, after a recipe.

    data: float32 [*recipe.shape], [C, *shape] of several channels, or [n, *shape] of slices: in [0, 1], or not scaled
    yet where the recipe makes z-scores of a cohort. native: the scan as read, of several the first. placement: its
    brain mask and its place on the template. grid_to_native: [4, 4], mm of the recipe's grid to mm of the scan. notes:
    warnings, one line each. sha256: of the file, or of header and voxels one after the other. others_sha256: of those
    of the other channels. seconds: it took. scales: by channel, mean and standard deviation of the brain where these
    became 0 and 1. brain: of several channels, the voxels of the brain [*shape].
    """

    data: Float32Array
    recipe: PreparationRecipe
    native: Volume
    placement: Placement
    grid_to_native: FloatArray
    notes: tuple[str, ...]
    sha256: str
    seconds: float
    others_sha256: dict[str, str] = field(default_factory=dict)
    scales: Numbers = field(default_factory=dict)
    brain: BoolArray | None = None


def prepare_one(
    path: Path | str,
    recipe: PreparationRecipe | str = "flair-40",
    in_template_space: bool = False,
    image_of_series: int | None = None,
    others: Mapping[str, Path] | None = None,
) -> PreparedScan:
    """Prepare one file of a scan, such as one that was just uploaded, or one for each channel of a recipe.

    in_template_space: the scan is skull-stripped and on the MNI152 template already: it is averaged without any
    registration. A scan on the recipe's own grid with values in [0, 1], such as a generator's, is taken as it is.
    image_of_series: of a 4D file, the image to use, counted from 0; by default see `series`.
    others: of a recipe of several sequences, the files of all but the first, which is `path`.
    Raises UnreadableScanError, RegistrationError or IntensityError with the reason; warnings of reading
    are added to the error as its notes.
    """
    start = time.perf_counter()
    recipe, path, others = find_recipe(recipe), Path(path), dict(others or {})
    if set(others) != set(recipe.channels[1:]):
        raise InputError(f"{path}: {recipe.name} needs {', '.join(recipe.modalities)}, a file for each")
    native = _read(path, recipe, image_of_series)
    notes, scales, brain = list(native.notes), Numbers(), None
    try:
        if recipe.several:
            scans = {recipe.channels[0]: native}
            for name in recipe.channels[1:]:
                scans[name] = _read(others[name], recipe, image_of_series, f"{name}: ")
                notes += [f"{name}: {note}" for note in scans[name].notes]
            visit = place_visit(scans, recipe.mask_from or recipe.channels[0], in_template_space)
            placement, (data, matrix, scales, brain) = visit.placement, _channels(visit, recipe)
            notes += visit.notes
        elif is_prepared(native, recipe):
            placement, data, matrix = placed_already(native), native.data, np.eye(4)
        else:
            placement = placed_already(native) if in_template_space else place_on_template(native)
            data, matrix, more = _single(native, placement, recipe, in_template_space)
            placement = dataclasses.replace(placement, notes=(*placement.notes, *more))
    except BrainlabError as error:
        for note in notes:
            error.add_note(note)
        raise
    return PreparedScan(
        data=np.ascontiguousarray(data),
        recipe=recipe,
        native=native,
        placement=placement,
        grid_to_native=matrix,
        notes=(*notes, *placement.notes),
        sha256=_sha256(path),
        seconds=time.perf_counter() - start,
        others_sha256={name: _sha256(place) for name, place in others.items()},
        scales=scales,
        brain=brain,
    )


def is_prepared(volume: Volume, recipe: PreparationRecipe) -> bool:
    """Whether a volume lies on the recipe's grid and within [0, 1], as what the recipe or a generator has made does."""
    if recipe.intensity != UNIT or volume.data.shape != recipe.shape:
        return False
    if not np.allclose(volume.affine, recipe.affine, atol=1e-3):
        return False
    return bool(volume.data.min() >= 0 and volume.data.max() <= 1)


def _read(path: Path, recipe: PreparationRecipe, image_of_series: int | None, which: str = "") -> Volume:
    """Read a scan. Raises UnreadableScanError, its reason led by `which`, for what is none."""
    try:
        volume = Volume.load(path, choose_images(path, image_of_series, recipe.weighted))
        check_scan(volume)
    except UnreadableScanError as error:
        raise UnreadableScanError(f"{which}{error.reason}", path) from error
    return volume


def _single(
    native: Volume, placement: Placement, recipe: PreparationRecipe, in_template_space: bool
) -> tuple[Float32Array, FloatArray, tuple[str, ...]]:
    """Return the image or the slices of one scan, the matrix from the grid to the scan, and notes."""
    if isinstance(recipe.grid, BlockMeans):
        return recipe.apply(placement.aligned).data, placement.template_to_native, ()
    grid = _sampled_grid(recipe)
    matrix = grid_to_scan(grid, native, placement)
    scan = native if in_template_space else above_air(native)[0]
    if grid.stripped:
        scan = Volume(np.where(placement.native_mask, scan.data, np.float32(0)), scan.affine)
    image = recipe.apply(sample(scan, grid, matrix))
    return recipe.cut(image.data), matrix, cut_note(grid, native, placement, matrix)


def _channels(visit: Visit, recipe: PreparationRecipe) -> tuple[Float32Array, FloatArray, Numbers, BoolArray]:
    """Return the image [C, X, Y, Z] of a visit, the matrix from the grid to its first scan, how it was scaled, and the
    brain's voxels [X, Y, Z].
    """
    grid = _sampled_grid(recipe)
    matrix = grid_to_scan(grid, visit.first, visit.placement)
    brain = sample(visit.mask, grid, matrix).data > 0.5
    shown = brain if grid.stripped else np.array(True)
    images, scales = [], Numbers()
    for name, scan in visit.scans.items():
        image = sample(scan, grid, visit.from_first[name] @ matrix)
        image = recipe.apply(Volume(np.where(shown, image.data, np.float32(0)), image.affine), name)
        images.append(image.data)
        if recipe.by_brain:
            scales |= cohort_numbers([image.data[brain][None]], [name])
    data = np.stack(images)
    return scored(data, scales) if recipe.by_brain else data, matrix, scales, brain


def _sampled_grid(recipe: PreparationRecipe) -> SampledGrid:
    if not isinstance(recipe.grid, SampledGrid):
        raise InputError(f"recipe {recipe.name}: is for pictures; choose one for scans")
    return recipe.grid


def _sha256(path: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files_of(path))).hexdigest()
