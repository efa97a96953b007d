"""Cohorts and runs, opened once for all sessions and routes, and again when their files change."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from brainlab import workspace as places
from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import BrainlabError, InputError
from brainlab.runs.matching.own_recipe import own_recipe_warning
from brainlab.types import Float32Array
from brainlab.workspace import cohort_folders, run_folders, workspace

if TYPE_CHECKING:
    from brainlab.latent.slice_coordinates import SliceCoordinates
    from brainlab.latent.styles.style_space import StyleSpace
    from brainlab.methods.method import Ability
    from brainlab.runs.run import Run
    from brainlab.runs.training_codes import TrainingCodes

T = TypeVar("T")


def cohorts() -> dict[str, PreparedDataset]:
    """Prepared datasets of the workspace that open, by name."""
    return _openable(cohort_folders(), "recipe.json", _cohort)


def cohort(name: str) -> PreparedDataset:
    """One prepared dataset by name, also as a run sees it; raises InputError where the workspace has none of it."""
    found = cohorts()
    if name not in found:
        found |= {other: data for run in runs().values() for other, data in fitting(run).items()}
    return _named(found, name, "cohort")


def runs() -> "dict[str, Run]":
    """Runs that load, by name, in the order of the papers' presets; of two of one name the one that ships."""
    from brainlab.runs.methods import presets

    found = _openable(run_folders(), "weights.safetensors", _run)
    order = {preset: place for place, preset in enumerate(presets())}
    return dict(sorted(found.items(), key=lambda item: order.get(item[1].preset, len(order))))


def run(name: str) -> "Run":
    """One run by name; raises InputError when there is none."""
    return _named(runs(), name, "run")


def training_codes(name: str) -> "TrainingCodes | None":
    """Codes that a run keeps of the people it was trained on; None where it keeps none, or they are damaged."""
    found = run(name)
    path = found.folder / "training_codes.npz"
    return _training_codes(name, found.sha256, path.stat().st_mtime_ns) if path.is_file() else None


def drawn_code(name: str, seed: int, truncation: float) -> Float32Array:
    """The first code that a run draws from a seed."""
    from brainlab.methods.prior import SeededNoise

    return run(name).draw_code(SeededNoise(seed), truncation)


def style_space(name: str) -> "StyleSpace":
    """The styles of a run as codes; worked out once for its weights. Raises InputError where it has none."""
    return _style_space(name, run(name).sha256)


def slice_coordinates(name: str) -> "SliceCoordinates":
    """The coordinates of a run that codes volumes slice by slice. Raises InputError where it has none."""
    return _slice_coordinates(name, run(name).sha256)


def unopened_cohorts() -> list[tuple[str, str]]:
    """Folders of the workspace's cohorts that cannot be opened: name and reason, so that none vanishes silently."""
    return _unopened([workspace() / "cohorts"], "recipe.json", _cohort)


def unopened_runs() -> list[tuple[str, str]]:
    """Folders of runs that cannot be opened, or not yet: name and reason."""
    folders = [places.MODELS, workspace() / "runs"]
    others = [places.MODELS / name for name in (places.FEATURES, places.RECORDS)]
    return _unopened(folders, "weights.safetensors", _run, others)


def fitting(found: "Run") -> dict[str, PreparedDataset]:
    """Cohorts that a run can read, as it sees them: those that it cuts into slices have a name that says so.

    Those of the run's own recipe come first: another sequence may have slices of the same shape.
    """
    seen = [found.see(data) for data in cohorts().values() if found.fits(data)]
    return {data.name: data for data in sorted(seen, key=lambda data: own_recipe_warning(found, data) is not None)}


def runs_that(*abilities: "Ability") -> "dict[str, Run]":
    """Runs that load and have all of some abilities, by name."""
    return {name: run for name, run in runs().items() if run.abilities.issuperset(abilities)}


def explorable() -> "dict[str, Run]":
    """Runs that the explorer can show, by name.

    They have codes to move along or coordinates over slices, or edit scans on request.
    """
    return runs_that("walk") | runs_that("stack") | runs_that("encode", "condition")


def _openable(folders: list[Path], stamp_file: str, open_one: Callable[[Path, int], T]) -> dict[str, T]:
    """Open each folder that can be opened; pages list the others by `unopened_cohorts` and `unopened_runs`."""
    found: dict[str, T] = {}
    for folder in folders:
        try:
            found.setdefault(folder.name, open_one(folder, (folder / stamp_file).stat().st_mtime_ns))
        except (BrainlabError, OSError):
            continue
    return found


def _unopened(
    parents: list[Path], stamp_file: str, open_one: Callable[[Path, int], Any], others: Sequence[Path] = ()
) -> list[tuple[str, str]]:
    """Try each folder that lies at these places, and say of those that fail why. others: folders of another kind."""
    reasons = []
    for folder in (path for place in parents for path in sorted(place.glob("[!.]*/"))):
        if folder in others:
            continue
        stamp = folder / stamp_file
        try:
            open_one(folder, stamp.stat().st_mtime_ns if stamp.is_file() else 0)
        except (BrainlabError, OSError) as error:
            reasons.append((folder.name, str(error)))
    return reasons


@lru_cache(maxsize=32)
def _cohort(folder: Path, stamp: int) -> PreparedDataset:
    return PreparedDataset.open(folder)


@lru_cache(maxsize=64)
def _run(folder: Path, stamp: int) -> "Run":
    # Torch takes most of the time in which a server starts; one that only takes readers' answers does without.
    from brainlab.runs.run import load_run

    return load_run(folder)


@lru_cache(maxsize=8)
def _training_codes(name: str, sha256: str, stamp: int) -> "TrainingCodes | None":
    from brainlab.runs.training_codes import read_training_codes

    try:
        return read_training_codes(run(name))
    except InputError:
        return None


@lru_cache(maxsize=8)
def _style_space(name: str, sha256: str) -> "StyleSpace":
    from brainlab.experiments.analysis.style_projection import style_space

    return style_space(run(name))


@lru_cache(maxsize=8)
def _slice_coordinates(name: str, sha256: str) -> "SliceCoordinates":
    from brainlab.experiments.analysis.slice_coordinates import slice_coordinates

    return slice_coordinates(run(name))


def _named(found: dict[str, T], name: str, kind: str) -> T:
    if name not in found:
        raise InputError(f"no {kind} named {name} here; there are {', '.join(found) or 'none'}")
    return found[name]
