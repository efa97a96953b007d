"""Prepare a whole cohort: scan by scan, in parallel, resumable, whole or not there at all."""

import dataclasses
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib.externals.loky.process_executor import TerminatedWorkerError

from brainlab.cohort.prepare import PreparedScan, prepare_one
from brainlab.cohort.prepared import participant_split, write_prepared
from brainlab.cohort.recipes import PreparationRecipe
from brainlab.cohort.scan_table import COLUMNS
from brainlab.cohort.sources import Found, ScanSource
from brainlab.errors import BrainlabError, InputError, IntensityError, UnreadableScanError
from brainlab.volume import Volume

Track = Callable[[Iterable[Any], int], Iterable[Any]]
"""Wraps an iteration over a known number of scans, to show how far it is."""


@dataclass(frozen=True)
class Report:
    """What came of a preparation; the fields are those of the command's JSON object."""

    scans: int
    shape: list[int]
    failed: list[dict[str, str]]
    warnings: list[dict[str, str]]
    seconds_per_scan: float | None


@dataclass(frozen=True)
class _Outcome:
    """One scan, done or failed. data: [*shape] in the stored type, until it lies in `file`."""

    relative: str
    seconds: float
    data: npt.NDArray[Any] | None = None
    file: Path | None = None
    sha256: str = ""
    notes: list[str] = field(default_factory=list)
    stage: str = ""
    reason: str = ""


def prepare_cohort(
    found: Found,
    out: Path,
    recipe: PreparationRecipe,
    jobs: int = 1,
    scheduler: str | None = None,
    keep_intermediate: bool = False,
    dtype: str = "uint8",
    track: Track = lambda items, total: items,
) -> Report:
    """Prepare every scan and write the dataset that is left after the failures; nothing is written if none is left.

    Each finished scan is kept in a hidden folder beside `out` until the dataset is whole, so that a run that was
    killed goes on where it stopped. The folder's name depends on the source files' place, the recipe and the type.

    jobs: processes on this machine. scheduler: address of a Dask scheduler whose workers see the same files instead.
    keep_intermediate: also write brain mask, registered scan and its mask under `out/intermediate/`.
    Raises InputError when `out` holds something else, OSError when the disk is full.
    """
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / "recipe.json").is_file())):
        raise InputError(f"{out}: exists and is not a prepared dataset; choose another place")
    work = _work_folder(found.scans, out, recipe, dtype)
    work.mkdir(parents=True, exist_ok=True)
    pictures = work / "intermediate" if keep_intermediate else None
    outcomes = _run(found.scans, recipe, dtype, work, pictures, jobs, scheduler, track)
    done = [
        (source, outcome) for source, outcome in zip(found.scans, outcomes, strict=True) if outcome.file is not None
    ]
    if done:
        rows = pd.DataFrame([_row(source, outcome) for source, outcome in done])
        extra = [name for name in rows.columns if name not in COLUMNS]
        write_prepared(
            out,
            (_unit_range(cast(Path, outcome.file)) for _, outcome in done),
            rows.reindex(columns=[*COLUMNS, *extra]),
            _record(recipe, [source for source, _ in done]),
            dtype,
            pictures if pictures is not None and pictures.is_dir() else None,
        )
    shutil.rmtree(work, ignore_errors=True)
    return Report(
        scans=len(done),
        shape=list(recipe.shape),
        failed=[{"path": o.relative, "stage": o.stage, "reason": o.reason} for o in outcomes if o.file is None],
        warnings=found.warnings + [{"path": o.relative, "reason": note} for o in outcomes for note in o.notes],
        seconds_per_scan=round(float(np.mean([o.seconds for o in outcomes])), 3) if outcomes else None,
    )


def _run(
    scans: list[ScanSource],
    recipe: PreparationRecipe,
    dtype: str,
    work: Path,
    pictures: Path | None,
    jobs: int,
    scheduler: str | None,
    track: Track,
) -> list[_Outcome]:
    """Prepare the scans that an earlier run did not finish, and return all outcomes in the order of `scans`."""
    outcomes: dict[str, _Outcome] = {}
    for source in scans:
        if (kept := _kept(work, source, pictures)) is not None:
            outcomes[source.relative] = kept
    waiting = [source for source in scans if source.relative not in outcomes]
    tasks = ((source, recipe, dtype, pictures) for source in waiting)
    by_name = {source.relative: source for source in waiting}
    for outcome in track(_spread(tasks, jobs, scheduler), len(waiting)):
        outcomes[outcome.relative] = _keep(work, by_name[outcome.relative], outcome)
    return [outcomes[source.relative] for source in scans]


def _spread(tasks: Iterable[tuple[Any, ...]], jobs: int, scheduler: str | None) -> Iterator[_Outcome]:
    """Run tasks here, in processes of this machine, or on a Dask cluster."""
    if scheduler is None and jobs == 1:
        yield from (_attempt(*task) for task in tasks)
        return
    calls = (joblib.delayed(_attempt)(*task) for task in tasks)
    try:
        if scheduler is None:
            yield from joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(calls)
            return
        with _dask_client(scheduler), joblib.parallel_config(backend="dask"):
            yield from joblib.Parallel()(calls)
    except TerminatedWorkerError as error:
        raise BrainlabError(
            "a worker process died, perhaps for want of memory; run again with fewer --jobs (finished scans are kept)"
        ) from error


def _dask_client(scheduler: str) -> Any:
    """Connect to a Dask scheduler."""
    try:
        from dask.distributed import Client  # an optional package, only for clusters
    except ImportError as error:
        raise InputError("--scheduler needs the packages dask and distributed; install them with pip") from error
    try:
        return Client(scheduler, timeout=10)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(f"--scheduler {scheduler}: no Dask scheduler answers there ({error})") from error


def _attempt(source: ScanSource, recipe: PreparationRecipe, dtype: str, pictures: Path | None) -> _Outcome:
    """Prepare one scan; whatever is wrong with it becomes an outcome with the stage and the reason."""
    start = time.perf_counter()
    stage, notes = "register", []
    try:
        scan = prepare_one(source.path, recipe, source.in_template_space)
        if pictures is not None:
            _write_intermediate(pictures / intermediate_name(source.relative), scan)
        stored = np.rint(scan.data * 255).astype(np.uint8) if dtype == "uint8" else scan.data.astype(dtype)
        return _Outcome(source.relative, scan.seconds, stored, sha256=scan.sha256, notes=list(scan.notes))
    except BrainlabError as error:
        reason, notes = str(error), list(getattr(error, "__notes__", []))
        if isinstance(error, UnreadableScanError):
            stage, reason = "read", error.reason
        elif isinstance(error, IntensityError):
            stage = "intensity"
    except (RuntimeError, ValueError, ArithmeticError, MemoryError, np.linalg.LinAlgError) as error:
        # SimpleITK raises RuntimeError with many lines for whatever it cannot do; one scan must not end the batch
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[-200:]}"
    return _Outcome(source.relative, time.perf_counter() - start, notes=notes, stage=stage, reason=reason)


def intermediate_name(relative: str) -> str:
    """Return the folder name of a scan's intermediate images: its path without extension, / as __."""
    folder, _, name = relative.rpartition("/")
    for ending in (".nii.gz", ".img.gz", ".nii", ".img", ".hdr"):
        name = name[: -len(ending)] if name.lower().endswith(ending) else name
    return f"{folder}/{name}".strip("/").replace("/", "__")


def _write_intermediate(folder: Path, scan: PreparedScan) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    native_mask = scan.placement.native_mask.astype(np.float32)
    Volume(native_mask, scan.native.affine).save(folder / "brain_mask_native.nii.gz")
    scan.placement.on_template().save(folder / "mni.nii.gz")
    scan.placement.template_mask(scan.native).save(folder / "mni_mask.nii.gz")


def _work_folder(scans: list[ScanSource], out: Path, recipe: PreparationRecipe, dtype: str) -> Path:
    place = os.path.commonpath([source.path.resolve().parent for source in scans])
    key = json.dumps([place, recipe.record(), dtype, version("brainlab")], sort_keys=True)
    return out.parent / f".{out.name}.work-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def _kept_path(work: Path, source: ScanSource) -> Path:
    """Name a finished scan's file after everything that its result depends on."""
    try:
        status = source.path.stat()
        stamp = [status.st_size, status.st_mtime_ns]
    except OSError:
        stamp = []
    key = json.dumps([str(source.path.resolve()), source.relative, stamp, source.in_template_space])
    return work / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.npz"


def _keep(work: Path, source: ScanSource, outcome: _Outcome) -> _Outcome:
    """Put a finished scan on disk, so that neither memory nor lost work grows with the cohort."""
    if outcome.data is None:
        return outcome
    path = _kept_path(work, source)
    scratch = path.with_suffix(".part")
    facts = json.dumps({"seconds": outcome.seconds, "sha256": outcome.sha256, "notes": outcome.notes})
    with scratch.open("wb") as stream:
        np.savez(stream, data=outcome.data, facts=np.array(facts))
    return dataclasses.replace(outcome, data=None, file=scratch.replace(path))


def _kept(work: Path, source: ScanSource, pictures: Path | None) -> _Outcome | None:
    """Return what an earlier run finished, if it has all that this one is asked for."""
    path = _kept_path(work, source)
    last_picture = "mni_mask.nii.gz"
    if not path.is_file() or (
        pictures and not (pictures / intermediate_name(source.relative) / last_picture).is_file()
    ):
        return None
    with np.load(path, allow_pickle=False) as values:
        return _Outcome(source.relative, file=path, **json.loads(str(values["facts"])))


def _unit_range(path: Path) -> npt.NDArray[np.float32]:
    """Read a finished scan as float32 in [0, 1]."""
    with np.load(path, allow_pickle=False) as values:
        stored = values["data"]
    return stored.astype(np.float32) / np.float32(255) if stored.dtype == np.uint8 else stored.astype(np.float32)


def _row(source: ScanSource, outcome: _Outcome) -> dict[str, Any]:
    details = dict(source.details)
    return {**details, "split": participant_split(str(details["participant"])), "sha256": outcome.sha256}


def _record(recipe: PreparationRecipe, scans: list[ScanSource]) -> dict[str, Any]:
    packages = ("brainlab", "nibabel", "SimpleITK", "nilearn", "numpy", "scipy")
    return {
        **recipe.record(),
        "template": "MNI152 ICBM 2009a (nilearn), 182x218x182 at 1 mm",
        "simulated": any(source.simulated for source in scans),
        "versions": {name: version(name) for name in packages},
    }
