"""Heads that a visitor brings to the explorer: prepared at once, and held in memory only.

Nothing of a patient's head is written to the workspace; the upload lies in a temporary file while it is read. Whoever
wants to keep a scan brings it in as a cohort.
"""

import hashlib
import tempfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import ClassVar

import numpy as np

from app.volumes import Source, load, to_bytes
from brainlab.cohort.prepare import PreparedScan, prepare_one
from brainlab.cohort.recipes import RECIPES, PreparationRecipe
from brainlab.cohort.resampling import resample
from brainlab.errors import BrainlabError, InputError
from brainlab.experiments.runs import Run
from brainlab.types import FloatArray, UInt8Array
from brainlab.volume import Volume

KEPT = 32
"""Heads in memory; the one that was not asked for longest goes first."""


@dataclass(frozen=True)
class Head:
    """What is kept of an upload. data: [*shape] of the run. notes: what was noticed while it was read, a line each.

    native_shape, native_affine, template_to_native: where it lay before it was placed on the template.
    """

    name: str
    data: UInt8Array
    notes: tuple[str, ...]
    native_shape: tuple[int, int, int]
    native_affine: FloatArray
    template_to_native: FloatArray
    seconds: float


@dataclass(frozen=True)
class Uploaded:
    """One head that was brought; `key` is the hash of its file and of how it was prepared."""

    key: str
    needs_model: ClassVar[bool] = False

    def array(self) -> UInt8Array:
        return self.head.data

    @property
    def head(self) -> Head:
        """The head itself; InputError where it is held no longer."""
        with _lock:
            if self.key not in _heads:
                raise InputError("this upload is no longer held; upload it again")
            _heads.move_to_end(self.key)
            return _heads[self.key]


_heads: OrderedDict[str, Head] = OrderedDict()
_lock = Lock()
_preparing = Lock()
"""One registration at a time: several at once would only be slower, and take the cores from those who drag."""


def take(name: str, content: bytes | memoryview, run: Run, in_template_space: bool = False) -> Uploaded:
    """Prepare an uploaded NIfTI file for a run and hold it; the same file is prepared once.

    in_template_space: it is skull-stripped and on the MNI152 template already.
    Raises a BrainlabError that names the upload where it is no head that can be placed on the template.
    """
    recipe = recipe_of(run)
    key = hashlib.sha256(f"{recipe.name}:{in_template_space}:".encode() + bytes(content)).hexdigest()
    with _preparing:
        with _lock:
            if key in _heads:
                return Uploaded(key)
        made = _prepare(Path(name).name, content, recipe, in_template_space)
        with _lock:
            _heads[key] = Head(
                name=Path(name).name,
                data=to_bytes(made.data),
                notes=made.notes,
                native_shape=made.native.data.shape,
                native_affine=made.native.affine,
                template_to_native=made.placement.template_to_native,
                seconds=made.seconds,
            )
            while len(_heads) > KEPT:
                _heads.popitem(last=False)
    return Uploaded(key)


def recipe_of(run: Run) -> PreparationRecipe:
    """Return the recipe that makes images of a run's grid; InputError where there is none."""
    for recipe in RECIPES.values():
        if recipe.shape == tuple(run.shape) and np.allclose(recipe.affine, run.affine, atol=1e-3):
            return recipe
    raise InputError(f"{run.name}: no recipe makes scans for it; choose a run of {', '.join(RECIPES)}")


def in_own_space(source: Source, head: Head, affine: FloatArray) -> Volume:
    """Return a volume of the run's grid in the head's own space, on its own voxels, linearly between.

    affine: of the run's grid. With it a model's brain lies over the scan as it came from the scanner.
    """
    volume = Volume(load(source).astype(np.float32) / np.float32(255), affine)
    return _to_head(volume, head)


def change_in_own_space(after: Source, before: Source, head: Head, affine: FloatArray) -> Volume:
    """Return `after` less `before`, in [-1, 1], on the head's own voxels: what an edit changed, where it lies in it."""
    change = (load(after).astype(np.float32) - load(before).astype(np.float32)) / np.float32(255)
    return _to_head(Volume(change, affine), head)


def _to_head(volume: Volume, head: Head) -> Volume:
    return resample(volume, head.native_shape, head.native_affine, np.linalg.inv(head.template_to_native))


def _prepare(
    name: str, content: bytes | memoryview, recipe: PreparationRecipe, in_template_space: bool
) -> PreparedScan:
    """Prepare from a temporary file; a message names the upload in its place."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            return prepare_one(path, recipe, in_template_space)
        except BrainlabError as error:
            said = str(error).replace(f"{path}: ", "").replace(str(path), name)
            raise InputError(f"{name}: {said}") from error
