"""Finished scans on disk, so that neither memory nor lost work grows with the cohort, and a killed run goes on."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from brainlab.cohort.preparation.intermediate import is_whole
from brainlab.cohort.preparation.series import b_value_file
from brainlab.cohort.recipes import PreparationRecipe
from brainlab.cohort.sources.scan_source import ScanSource
from brainlab.cohort.z_scores import Numbers, scored
from brainlab.errors import UNREADABLE_ARRAY
from brainlab.images.formats.scan_file import files_of
from brainlab.images.pictures import to_unit
from brainlab.images.provenance import Kind
from brainlab.types import UInt8Array

KEPT_FORMAT = 5
"""Goes up when finished scans are kept in another way, so that those of an older version are made again."""


@dataclass(frozen=True)
class Outcome:
    """One scan, done or failed.

    data: [*shape], [C, *shape] or slices [n, *shape] in the stored type, until it lies in `file`. sha256: of its file.
    labels: uint8, its segmentation on the same grid, likewise. label_numbers: those that occur in it. origin: where it
    comes from. others: of the files of its other channels. content: hash of its voxels. images: rows of the table it
    makes. scales: see `PreparedScan`.
    """

    relative: str
    seconds: float
    data: npt.NDArray[Any] | None = None
    labels: UInt8Array | None = None
    label_numbers: list[int] = field(default_factory=list)
    file: Path | None = None
    sha256: str = ""
    others: dict[str, str] = field(default_factory=dict)
    content: str = ""
    images: int = 1
    scales: Numbers = field(default_factory=dict)
    origin: Kind = "prepared"
    notes: list[str] = field(default_factory=list)
    stage: str = ""
    reason: str = ""


def work_folder(scans: list[ScanSource], out: Path, recipe: PreparationRecipe, dtype: str) -> Path:
    """Return where finished scans are kept, named after their place, the recipe and the type."""
    place = os.path.commonpath([source.path.resolve().parent for source in scans])
    key = json.dumps([place, recipe.record(), dtype, version("brainlab"), KEPT_FORMAT], sort_keys=True)
    return out.parent / f".{out.name}.work-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def _kept_path(work: Path, source: ScanSource) -> Path:
    """Name a finished scan's file after everything that its result depends on."""
    stamp = []
    paths = [source.path, *(other.path for other in source.others.values())]
    paths += [source.segmentation] if source.segmentation else []
    files = [file for path in paths for file in files_of(path)]
    for file in (*files, *filter(None, map(b_value_file, paths))):
        try:
            status = file.stat()
            stamp.append([status.st_size, status.st_mtime_ns])
        except OSError:
            stamp.append([])
    key = json.dumps(
        [
            [str(path.resolve()) for path in paths],
            source.relative,
            stamp,
            source.in_template_space,
            source.image_of_series,
            source.grey_range,
        ]
    )
    return work / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.npz"


def keep(work: Path, source: ScanSource, outcome: Outcome) -> Outcome:
    """Put a finished scan on disk, so that neither memory nor lost work grows with the cohort."""
    if outcome.data is None:
        return outcome
    path = _kept_path(work, source)
    scratch = path.with_suffix(".part")
    names = ("seconds", "sha256", "others", "content", "images", "scales", "origin", "notes", "label_numbers")
    facts = json.dumps({name: getattr(outcome, name) for name in names})
    arrays = {"data": outcome.data, "facts": np.array(facts)}
    arrays |= {} if outcome.labels is None else {"labels": outcome.labels}
    with scratch.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)
    return dataclasses.replace(outcome, data=None, labels=None, file=scratch.replace(path))


def kept(work: Path, source: ScanSource, pictures: Path | None) -> Outcome | None:
    """Return what an earlier run finished, if it has all that this one is asked for."""
    path = _kept_path(work, source)
    if not path.is_file() or (pictures is not None and not is_whole(pictures)):
        return None
    try:
        with np.load(path, allow_pickle=False) as values:
            return Outcome(source.relative, file=path, **json.loads(str(values["facts"])))
    except (*UNREADABLE_ARRAY, LookupError):
        return None


def stored_image(path: Path) -> npt.NDArray[np.float32]:
    """Read a finished scan as float32: in [0, 1], or what becomes a z-score."""
    with np.load(path, allow_pickle=False) as values:
        stored = values["data"]
    return to_unit(stored) if stored.dtype == np.uint8 else stored.astype(np.float32)


def stored_images(path: Path, recipe: PreparationRecipe, numbers: Numbers | None) -> Iterator[npt.NDArray[np.float32]]:
    """Return the images of a finished scan, one a row of the table."""
    stored = stored_image(path)
    image = stored if numbers is None else scored(stored, numbers)
    yield from image if recipe.plane else [image]


def segmentations_of(path: Path, recipe: PreparationRecipe) -> Iterator[UInt8Array]:
    """Return the labels of a finished scan's images, one array a row of the table."""
    with np.load(path, allow_pickle=False) as values:
        labels = values["labels"]
    yield from labels if recipe.plane else [labels]
