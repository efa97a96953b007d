"""`brainlab demo`: make the default workspace of the app ready. Calling it again changes nothing."""

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brainlab import workspace as places
from brainlab.cli.common.progress import progress
from brainlab.errors import BrainlabError
from brainlab.files.folder_lock import place_in_use
from brainlab.files.packed_array import PACKED
from brainlab.workspace import SHIPPED_COHORTS, cohort_folders, workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take no flags: the workspace is the one that `BRAINLAB_WORKSPACE` names."""


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Make the workspace ready, and say what is in it and what is wrong with it."""
    return make_ready()


def make_ready() -> dict[str, Any]:
    """Copy the cohorts that ship into another workspace, unpack them, and open every cohort and run once."""
    from brainlab.runs.listing import broken_runs, list_runs

    if SHIPPED_COHORTS.parent != workspace():
        for folder in sorted(path.parent for path in SHIPPED_COHORTS.glob("*/recipe.json")):
            _copy(folder, workspace() / "cohorts" / folder.name)
    problems: list[dict[str, str]] = []
    cohorts = [_opened(path, problems) for path in progress(cohort_folders(), "Cohorts")]
    problems += [{"path": str(folder), "reason": reason} for folder, reason in broken_runs().items()]
    found = {"cohorts": [name for name in cohorts if name], "runs": [run.name for run in list_runs()]}
    problems += [{"path": str(folder), "reason": reason} for folder, reason in _missing(found)]
    result = {"ready": not problems, "workspace": str(workspace()), **found, "problems": problems}
    return {**result, "lines": _lines(result), "exit_code": 2 if problems else 0}


def _missing(found: dict[str, list[str]]) -> Iterator[tuple[Path, str]]:
    """Say what the app would have nothing to show of, and how to get it."""
    cohorts, runs = workspace() / "cohorts", workspace() / "runs"
    if places.IN_CHECKOUT:
        data = f"none here or in {SHIPPED_COHORTS}; restore those that ship ('git checkout -- data')"
        models = f"none here or in {places.MODELS}; restore those that ship ('git checkout -- models')"
    else:
        data = "none; copy those in data/default/cohorts of brainlab's repository here"
        models = "none; copy those in models of brainlab's repository here"
    if not found["cohorts"]:
        yield (
            cohorts,
            f"needs a prepared dataset that opens, found {data}, or make one "
            f"('brainlab prepare SRC {cohorts / 'NAME'} --recipe flair-40')",
        )
    if not found["runs"]:
        yield (
            runs,
            f"needs a run that opens, found {models}, or make one "
            f"('brainlab train vae-8 --data PREPARED --out {runs / 'NAME'}')",
        )


def _lines(result: dict[str, Any]) -> list[str]:
    """Return the result for people: one line a fact, and one a problem."""
    lines = [
        f"ready: {'true' if result['ready'] else 'false'}",
        f"workspace: {result['workspace']}",
        *(f"{kind}: {', '.join(result[kind]) or 'none'}" for kind in ("cohorts", "runs")),
    ]
    return [*lines, *problem_lines(result)]


def problem_lines(result: dict[str, Any]) -> list[str]:
    """Return one line for each problem of `make_ready`."""
    return [
        f"problem: {reason}" if reason.startswith(path) else f"problem: {path}: {reason}"
        for path, reason in ((problem["path"], problem["reason"]) for problem in result["problems"])
    ]


def _copy(source: Path, target: Path) -> None:
    """Copy a cohort as it ships, unless the workspace has one of that name."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}-copying")
    with place_in_use(target, "brainlab demo", chosen=False):
        if not target.exists():  # another process may have ended its copy just now
            shutil.rmtree(scratch, ignore_errors=True)
            shutil.copytree(source, scratch, ignore=_unpacked_or_hidden)
            scratch.rename(target)


def _unpacked_or_hidden(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name[0] == "." or name + PACKED in names]


def _opened(folder: Path, problems: list[dict[str, str]]) -> str | None:
    """Open a cohort and return its name; note what is wrong with one that does not open."""
    from brainlab.cohort.prepared import PreparedDataset

    try:
        return PreparedDataset.open(folder).name
    except BrainlabError as error:
        problems.append({"path": str(folder), "reason": str(error)})
        return None
