"""Prepare one scan: read, place on the template, strip, average, bound."""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brainlab.cohort.intensity import UNIT
from brainlab.cohort.preparation.placement import Placement, place_on_template, placed_already
from brainlab.cohort.preparation.scan_checks import check_scan
from brainlab.cohort.preparation.series import choose_images
from brainlab.cohort.recipes import PreparationRecipe, find_recipe
from brainlab.errors import BrainlabError, UnreadableScanError
from brainlab.types import Float32Array
from brainlab.volume import Volume


@dataclass(frozen=True)
class PreparedScan:
    """One scan after a recipe.

    data: float32 [*recipe.shape] in [0, 1], or z-scores (`recipe.intensity`). native: the scan as read. placement: its
    brain mask and its place on the template. notes: warnings, one line each. sha256: of the file. seconds: it took.
    """

    data: Float32Array
    recipe: PreparationRecipe
    native: Volume
    placement: Placement
    notes: tuple[str, ...]
    sha256: str
    seconds: float


def prepare_one(
    path: Path | str,
    recipe: PreparationRecipe | str = "flair-40",
    in_template_space: bool = False,
    image_of_series: int | None = None,
) -> PreparedScan:
    """Prepare one NIfTI file, such as one that was just uploaded.

    in_template_space: the scan is skull-stripped and on the MNI152 template already: it is averaged without any
    registration. A scan on the recipe's own grid with values in [0, 1], such as a generator's, is taken as it is.
    image_of_series: of a 4D file, the image to use, counted from 0; by default see `series`.
    Raises UnreadableScanError, RegistrationError or IntensityError with the reason; warnings of reading
    are added to the error as its notes.
    """
    start = time.perf_counter()
    recipe = find_recipe(recipe)
    path = Path(path)
    native = Volume.load(path, choose_images(path, image_of_series))
    try:
        check_scan(native)
    except UnreadableScanError as error:
        raise UnreadableScanError(error.reason, path) from error
    try:
        if is_prepared(native, recipe):
            placement, data = placed_already(native), native.data
        else:
            placement = placed_already(native) if in_template_space else place_on_template(native)
            data = recipe.apply(placement.aligned).data
    except BrainlabError as error:
        for note in native.notes:
            error.add_note(note)
        raise
    return PreparedScan(
        data=data,
        recipe=recipe,
        native=native,
        placement=placement,
        notes=(*native.notes, *placement.notes),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        seconds=time.perf_counter() - start,
    )


def is_prepared(volume: Volume, recipe: PreparationRecipe) -> bool:
    """Whether a volume lies on the recipe's grid and within [0, 1], as what the recipe or a generator has made does."""
    if recipe.intensity != UNIT or volume.data.shape != recipe.shape:
        return False
    if not np.allclose(volume.affine, recipe.affine, atol=1e-3):
        return False
    return bool(volume.data.min() >= 0 and volume.data.max() <= 1)
