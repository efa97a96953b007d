"""Prepare pictures of slices: grey levels to [0, 1], padded to a square, resampled to the recipe's side."""

import dataclasses
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from brainlab.cohort.preparation.copies import content_hash
from brainlab.cohort.preparation.scan_checks import check_scan
from brainlab.cohort.recipes import PreparationRecipe
from brainlab.cohort.sources.image_files import Note
from brainlab.cohort.sources.scan_source import ScanSource
from brainlab.counted import counted
from brainlab.errors import UnreadableScanError
from brainlab.files.picture_files import WHITE, Pictures, is_deep, read_pictures
from brainlab.images.grid import Grid, upright
from brainlab.images.volume import Volume
from brainlab.types import Float32Array

MOST_SINGLE_NOTES = 3
"""Files of which a note is said one by one; of more it is counted."""


@dataclass(frozen=True)
class PreparedPictures:
    """The pages of one file after a recipe.

    data: float32 [n, *recipe.shape] in [0, 1], axes as of slices (`brainlab.images.grid`). notes: warnings, one line
    each. sha256: of the file. content: hash of its grey levels.
    """

    data: Float32Array
    notes: tuple[str, ...]
    sha256: str
    content: str


def prepare_picture(
    path: Path, recipe: PreparationRecipe, grey_range: tuple[float, float] | None = None
) -> PreparedPictures:
    """Prepare the pictures of one file.

    grey_range: levels that are black and white in a file of more than 8 bits; by default its own darkest and brightest.
    Raises UnreadableScanError for what is no picture of a slice.
    """
    read = read_pictures(path)
    notes = list(read.notes)
    pages = []
    for number, page in enumerate(read.pages):
        try:
            check_scan(Volume(page[..., None], np.eye(4)))
            pages.append(page)
        except UnreadableScanError as error:
            if len(read.pages) == 1:
                raise UnreadableScanError(error.reason, path) from error
            notes.append(f"page {number} left out: {error.reason}")
    if not pages:
        raise UnreadableScanError(f"none of its {len(read.pages)} pages shows anything: {notes[-1]}", path)
    low, high = black_and_white(read, grey_range)
    grid = Grid(recipe.shape, recipe.affine, recipe.plane)
    return PreparedPictures(
        data=np.stack([fitted((page - low) / (high - low), grid) for page in pages]),
        notes=tuple(notes),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        content=content_hash(Volume(np.concatenate([page.ravel() for page in pages])[:, None, None], np.eye(4))),
    )


def with_grey_ranges(scans: Sequence[ScanSource]) -> list[ScanSource]:
    """Return sources of pictures with their black and white, where they have more than 8 bits, whose files do not say.

    12 bits of a scanner lie in the lowest sixteenth of 16, and each slice ends at another level. So all pictures of a
    visit and sequence share one range, from the lowest level to the brightest picture's 99.5th percentile: slices of
    one scan keep their relation, as in a volume, and scanners of any scale come to [0, 1].
    """
    levels: dict[tuple[object, ...], list[tuple[float, float]]] = defaultdict(list)
    deep = {scan.relative for scan in scans if is_deep(scan.path)}
    for scan in scans:
        if scan.relative in deep:
            try:
                found = read_pictures(scan.path).darkest_and_brightest
            except UnreadableScanError:
                continue  # said when it is prepared
            levels[_visit(scan)].append(found)
    ranges = {visit: (min(low for low, _ in each), max(high for _, high in each)) for visit, each in levels.items()}
    return [
        dataclasses.replace(scan, grey_range=ranges.get(_visit(scan))) if scan.relative in deep else scan
        for scan in scans
    ]


def _visit(scan: ScanSource) -> tuple[object, ...]:
    return tuple(scan.details[name] for name in ("participant", "session", "modality"))


def gathered(notes: Iterable[Note]) -> list[Note]:
    """Return notes with those that are the same for many files counted in one line."""
    files: dict[str, list[str]] = defaultdict(list)
    for note in notes:
        files[note["reason"]].append(note["path"])
    found = []
    for reason, paths in files.items():
        if len(paths) > MOST_SINGLE_NOTES:
            found.append({"path": ".", "reason": f"{reason} ({counted(len(paths), 'file')}, such as {paths[0]})"})
        else:
            found += [{"path": path, "reason": reason} for path in paths]
    return found


def black_and_white(read: Pictures, grey_range: tuple[float, float] | None = None) -> tuple[float, float]:
    """Return the levels that are 0 and 1: those of 8 bits, else those given, else the darkest and the brightest."""
    if not read.deep:
        return 0.0, WHITE
    low, high = grey_range or read.darkest_and_brightest
    return low, max(high, low + 1e-6)


def fitted(picture: Float32Array, grid: Grid) -> Float32Array:
    """Pad a picture [rows, columns] in [0, 1] with black to a grid's proportions and resample it to a slice [*shape].

    Its pixels are taken for squares. Pillow's linear filter takes the mean over what a pixel covers where the picture
    is larger.
    """
    columns, rows = grid.shape
    high_mm, wide_mm = grid.pixel_size_mm()
    proportion = rows * high_mm / (columns * wide_mm)
    own_rows, own_columns = picture.shape
    whole = max(own_rows, round(own_columns * proportion)), max(own_columns, round(own_rows / proportion))
    spare = [(full - own) // 2 for full, own in zip(whole, picture.shape, strict=True)]
    edges = [(before, full - own - before) for before, full, own in zip(spare, whole, picture.shape, strict=True)]
    image = Image.fromarray(np.clip(np.pad(picture, edges), 0, 1).astype(np.float32))
    return upright(np.asarray(image.resize((columns, rows), Image.Resampling.BILINEAR)))
