"""Heads and slices that a visitor brings to the explorer: prepared at once, and held in memory only.

Nothing of a patient's head is written to the workspace; the upload lies in a temporary file while it is read, and an
export while it is made. Whoever wants to keep a scan brings it in as a cohort.
"""

import dataclasses
import hashlib
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import ClassVar

import numpy as np

from app.data.volumes import Source, load, signed_change
from brainlab.cohort.preparation.prepare import prepare_one
from brainlab.cohort.recipes import PreparationRecipe
from brainlab.cohort.registration.resampling import resample
from brainlab.errors import BrainlabError, InputError, UnreadableScanError
from brainlab.experiments.analysis.images_of_file import needed_recipe, recipe_of_volumes
from brainlab.experiments.analysis.slices_of_scan import slices_of
from brainlab.images.formats.scan_file import SLICE_ENDINGS
from brainlab.images.grid import Grid
from brainlab.images.pictures import to_bytes, to_unit
from brainlab.images.provenance import NOT_REAL, Provenance
from brainlab.images.provenance_files import origin_of
from brainlab.images.volume import Volume
from brainlab.runs.run import Run
from brainlab.types import FloatArray, UInt8Array

KEPT = 32
"""Heads in memory; the one that was not asked for longest goes first."""


@dataclass(frozen=True)
class Head:
    """What is kept of an upload. data: an image on `grid`. notes: what was noticed while it was read, a line each.

    native_shape, native_affine, axes, grid_to_native: where it lay before it was prepared, and the order of its file's
    axes. origin: what its file says of itself.
    """

    data: UInt8Array
    grid: Grid
    notes: tuple[str, ...]
    native_shape: tuple[int, int, int]
    native_affine: FloatArray
    axes: str
    grid_to_native: FloatArray
    origin: Provenance


@dataclass(frozen=True)
class Uploaded:
    """One head that was brought.

    key: hash of its file and of how it was prepared. name: what this visitor's file is called; another visitor's may
    have the same content and must not show this name, so it is no part of what an upload is known by.
    """

    key: str
    name: str = field(compare=False, repr=False)
    needs_model: ClassVar[bool] = False

    @property
    def grid(self) -> Grid:
        return self.head.grid

    @property
    def provenance(self) -> Provenance:
        return self.head.origin

    def array(self) -> UInt8Array:
        return self.head.data

    @property
    def head(self) -> Head:
        """The head itself; InputError where it is held no longer."""
        found = _known(self.key)
        if not isinstance(found, Head):
            raise InputError("this upload is no longer held; upload it again")
        return found


@dataclass(frozen=True)
class OwnSlices:
    """What is kept of an uploaded slice, or of the slices of an uploaded head.

    data: [n, *shape] on `grid`. numbers: of each in its head, empty for one slice. notes: what was noticed while they
    were read, a line each. origin: what their file says of itself.
    """

    data: UInt8Array
    numbers: tuple[int, ...]
    grid: Grid
    notes: tuple[str, ...]
    origin: Provenance


@dataclass(frozen=True)
class UploadedSlice:
    """One slice that was brought, or one of a head that was: key and name as of `Uploaded`; place: among those held."""

    key: str
    name: str = field(compare=False, repr=False)
    place: int = 0
    needs_model: ClassVar[bool] = False

    @property
    def grid(self) -> Grid:
        return self.file.grid

    @property
    def provenance(self) -> Provenance:
        return self.file.origin

    def array(self) -> UInt8Array:
        return self.file.data[self.place]

    @property
    def file(self) -> OwnSlices:
        """All slices of its file; InputError where they are held no longer."""
        found = _known(self.key)
        if not isinstance(found, OwnSlices):
            raise InputError("this upload is no longer held; upload it again")
        return found


_heads: OrderedDict[str, Head | OwnSlices | BrainlabError] = OrderedDict()
"""Heads, and why others were refused, so that a refusal is not worked out again with every rerun."""
_lock = Lock()
_preparing = Lock()
"""One registration at a time: several at once would only be slower, and take the cores from those who drag."""


def take(name: str, content: bytes | memoryview, run: Run, in_template_space: bool = False) -> Uploaded:
    """Prepare the uploaded file of a scan for a run and hold it; the same file is prepared once.

    in_template_space: it is skull-stripped and on the MNI152 template already.
    Raises a BrainlabError that names the upload where it is no head that can be placed on the template.
    """
    name = Path(name).name
    recipe = needed_recipe(run)
    digest = hashlib.sha256(f"{recipe.name}:{in_template_space}:".encode())
    digest.update(content)
    key = digest.hexdigest()
    _hold(key, name, lambda: _prepare(content, recipe, in_template_space))
    return Uploaded(key, name)


def take_slices(name: str, content: bytes | memoryview, run: Run) -> list[UploadedSlice]:
    """Prepare an uploaded slice, a picture or NIfTI, or a head, for a run of slices, and hold what the run takes of it.

    The same file is prepared once. Returns the one slice, or those of the head, from the lowest up.
    Raises a BrainlabError that names the upload where it is no slice of the run's plane, and no head.
    """
    name = Path(name).name
    ending = next((end for end in SLICE_ENDINGS if name.lower().endswith(end)), None)
    if ending is None:
        raise InputError(
            f"{name}: needs a name that ends in {', '.join(SLICE_ENDINGS)}; save the slice as one of these"
        )
    made_by = run.settings["recipe"]
    recipe = f"{made_by.get('name', '')}:{made_by.get('paper_exact', False)}:{run.view}"
    digest = hashlib.sha256(f"slice:{recipe}:{run.grid}:{run.affine.tolist()}:{ending}:".encode())
    digest.update(content)
    key = digest.hexdigest()
    held = _hold(key, name, lambda: _prepare_slices(content, run, ending))
    return [UploadedSlice(key, name, place) for place in range(len(held.data))]


def file_types(endings: Iterable[str]) -> list[str]:
    """Return endings of names as an uploader is told them: the last part of each, without its dot."""
    return list(dict.fromkeys(ending.rpartition(".")[2] for ending in endings))


def _hold(key: str, name: str, prepare: Callable[[], Head | OwnSlices | BrainlabError]) -> Head | OwnSlices:
    """Prepare an upload unless that was done, hold it, and return it.

    Raises InputError, by its name, where it was refused.
    """
    if _known(key) is None:
        with _preparing:
            if _known(key) is None:  # it was not prepared while this waited
                _keep(key, prepare())
    found = _known(key)
    if found is None:  # others have brought more than is kept meanwhile
        raise InputError(f"{name}: this upload is no longer held; upload it again")
    if isinstance(found, BrainlabError):
        raise InputError(f"{name}: {found}")
    return found


def _known(key: str) -> Head | OwnSlices | BrainlabError | None:
    with _lock:
        if key in _heads:
            _heads.move_to_end(key)
        return _heads.get(key)


def _keep(key: str, head: Head | OwnSlices | BrainlabError) -> None:
    with _lock:
        _heads[key] = head
        while len(_heads) > KEPT:
            _heads.popitem(last=False)


def takes_upload(run: Run) -> bool:
    """Whether a run's encoder can be given what a visitor brings: a slice, or a head that a recipe prepares for it."""
    if not run.can("encode") or run.generator.sample_shape[0] != 1:
        return False
    return run.grid.plane is not None or recipe_of_volumes(run) is not None


def in_own_space(source: Source, head: Head, affine: FloatArray) -> Volume:
    """Return a volume of the run's grid in the head's own space, on its own voxels, linearly between.

    affine: of the run's grid. With it a model's brain lies over the scan as it came from the scanner.
    """
    volume = Volume(to_unit(load(source)), affine)
    return _to_head(volume, head)


def change_in_own_space(after: Source, before: Source, head: Head, affine: FloatArray) -> Volume:
    """Return `after` less `before`, in [-1, 1], on the head's own voxels: what an edit changed, where it lies in it."""
    return _to_head(Volume(signed_change(after, before), affine), head)


def _to_head(volume: Volume, head: Head) -> Volume:
    placed = resample(volume, head.native_shape, head.native_affine, np.linalg.inv(head.grid_to_native))
    return dataclasses.replace(placed, axes=head.axes)


def _prepare(content: bytes | memoryview, recipe: PreparationRecipe, in_template_space: bool) -> Head | BrainlabError:
    """Prepare from a temporary file, whose name is ours: an upload's may be too long, or no name at all."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload.nii.gz"
        path.write_bytes(content)
        try:
            made, origin = prepare_one(path, recipe, in_template_space), origin_of(path)
        except UnreadableScanError as error:
            return InputError(error.reason)
        except BrainlabError as error:
            return error
    return Head(
        data=to_bytes(made.data),
        grid=Grid(recipe.shape, recipe.affine),
        notes=(*made.notes, *_own_account(origin)),
        native_shape=made.native.data.shape,
        native_affine=made.native.affine,
        axes=made.native.axes,
        grid_to_native=made.grid_to_native,
        origin=origin,
    )


def _own_account(origin: Provenance) -> tuple[str, ...]:
    """Return a note on an upload that is no real scan by what its file says; empty of any other."""
    return (f"Not a real scan according to its file: {origin.kind} by brainlab.",) if origin.kind in NOT_REAL else ()


def _prepare_slices(content: bytes | memoryview, run: Run, ending: str) -> OwnSlices | BrainlabError:
    """Prepare from a temporary file, as `_prepare` does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"upload{ending}"
        path.write_bytes(content)
        try:
            made, origin = slices_of(run, path), origin_of(path)
        except UnreadableScanError as error:
            return InputError(error.reason)
        except BrainlabError as error:
            return error
    return OwnSlices(to_bytes(made.data), made.numbers, run.grid, (*made.notes, *_own_account(origin)), origin)
