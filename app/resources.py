"""Cohorts and runs, opened once for all sessions and routes, and again when their files change."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import BrainlabError, InputError
from brainlab.experiments.runs import Run, load_run
from brainlab.generators.presets import PRESETS
from brainlab.workspace import cohort_folders, run_folders

T = TypeVar("T")


def cohorts() -> dict[str, PreparedDataset]:
    """Prepared datasets of the workspace that open, by name."""
    return _openable(cohort_folders(), "recipe.json", _cohort)


def cohort(name: str) -> PreparedDataset:
    """One prepared dataset by name; raises InputError when the workspace has none of that name."""
    return _named(cohorts(), name, "cohort")


def runs() -> dict[str, Run]:
    """Runs that load, by name, in the order of the papers' presets; of two of one name the one that ships."""
    found = _openable(run_folders(), "weights.safetensors", _run)
    order = {preset: place for place, preset in enumerate(PRESETS)}
    return dict(sorted(found.items(), key=lambda item: order.get(item[1].preset, len(order))))


def run(name: str) -> Run:
    """One run by name; raises InputError when there is none."""
    return _named(runs(), name, "run")


def fitting(found: Run) -> dict[str, PreparedDataset]:
    """Cohorts on the grid that a run works on."""
    return {name: data for name, data in cohorts().items() if data.shape == tuple(found.shape)}


def _openable(folders: list[Path], stamp_file: str, open_one: Callable[[Path, int], T]) -> dict[str, T]:
    """Open each folder that can be opened; a damaged one is left out, and its page says what is missing."""
    found: dict[str, T] = {}
    for folder in folders:
        try:
            found.setdefault(folder.name, open_one(folder, (folder / stamp_file).stat().st_mtime_ns))
        except (BrainlabError, OSError):
            continue
    return found


@lru_cache(maxsize=32)
def _cohort(folder: Path, stamp: int) -> PreparedDataset:
    return PreparedDataset.open(folder)


@lru_cache(maxsize=64)
def _run(folder: Path, stamp: int) -> Run:
    return load_run(folder)


def _named(found: dict[str, T], name: str, kind: str) -> T:
    if name not in found:
        raise InputError(f"no {kind} named {name} here; there are {', '.join(found) or 'none'}")
    return found[name]
