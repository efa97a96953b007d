"""Prepare a whole cohort: scan by scan, in parallel, resumable, whole or not there at all."""

import contextlib
import dataclasses
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from brainlab.cohort.intensity import Z_SCORE, Z_SCORES, scale_columns
from brainlab.cohort.origin import ORIGIN, origin_record
from brainlab.cohort.preparation.copies import content_hash, without_copies
from brainlab.cohort.preparation.intermediate import intermediate_names, write_intermediate
from brainlab.cohort.preparation.kept_scans import (
    Outcome,
    keep,
    kept,
    segmentations_of,
    stored_image,
    stored_images,
    work_folder,
)
from brainlab.cohort.preparation.origins import origin_of_scan, unreal_notes
from brainlab.cohort.preparation.pictures import gathered, prepare_picture, with_grey_ranges
from brainlab.cohort.preparation.prepare import prepare_one
from brainlab.cohort.preparation.segmentation import carried_labels
from brainlab.cohort.prepared import check_replaceable, participant_split, write_prepared
from brainlab.cohort.recipes import PreparationRecipe, find_recipe
from brainlab.cohort.scan_table import COLUMNS
from brainlab.cohort.segmentations import BRAIN_ALONE, LABELS
from brainlab.cohort.sources.discovery import Found
from brainlab.cohort.sources.scan_source import ScanSource
from brainlab.cohort.sources.segmentation_files import Segmentations, find_segmentations
from brainlab.cohort.views import SLICE
from brainlab.cohort.z_scores import Numbers, cohort_numbers, mean_numbers, numbers_of
from brainlab.errors import (
    BrainlabError,
    InputError,
    IntensityError,
    SegmentationError,
    UnreadableScanError,
    naming_path,
)
from brainlab.files.folder_lock import place_in_use
from brainlab.images.pictures import to_bytes
from brainlab.images.provenance import Kind, Provenance
from brainlab.workers.workers import HERE, Workers

FINISHED_ARE_KEPT = "finished scans are kept"

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


def prepare_cohort(
    found: Found,
    out: Path | str,
    recipe: PreparationRecipe | str,
    workers: Workers = HERE,
    keep_intermediate: bool = False,
    dtype: str | None = None,
    overwrite: bool = False,
    track: Track = lambda items, total: items,
    image_of_series: int | None = None,
    scale_by: Path | str | None = None,
    segmentations: Path | str | None = None,
) -> Report:
    """Prepare every scan and write the dataset that is left after the failures; nothing is written if none is left.

    Each finished scan is kept in a hidden folder beside `out` until the dataset is whole, so that a run that was
    killed goes on where it stopped. The folder's name depends on the source files' place, the recipe and the type.

    workers: who prepares the scans; the bytes do not depend on them.
    keep_intermediate: also write brain mask, registered scan and its mask under `out/intermediate/`.
    dtype: by default the recipe's own. overwrite: replace a prepared dataset that holds other scans, or was made by
    another recipe. image_of_series: of 4D files, the image to use, counted from 0; by default see `series`.
    scale_by: an earlier dataset of z-scores, whose means and standard deviations are used instead of this cohort's.
    segmentations: a BIDS derivatives folder with a label image of each scan (`segmentation_files`); they go through the
    same geometry into `segmentations.npy`, and a scan without one that fits fails. Of several sequences without a
    folder, these hold the brain that was found.
    Of scans with equal voxels one is kept. Raises InputError when `out` holds something else, or when another
    preparation writes there; OSError that names `out` when the disk is full.
    """
    out, recipe = Path(out), find_recipe(recipe)
    if out.resolve() == Path.cwd():
        raise InputError(f"{out}: is the folder you are in, which would be replaced; name a new one")
    out = out.resolve() if out.is_symlink() else out  # a link to another disk stays one
    check_place(found, out, recipe, dtype, overwrite, labelled=segmentations is not None)
    numbers = _numbers(recipe, scale_by)
    dtype = dtype or recipe.dtype
    if recipe.intensity == Z_SCORE and dtype != "float16":
        raise InputError(f"--dtype: {recipe.name} makes z-scores, which need float16, got {dtype}; leave it out")
    if recipe.pictures and keep_intermediate:
        raise InputError(f"--keep-intermediate: {recipe.name} registers and strips nothing; leave it out")
    if recipe.pictures and image_of_series is not None:
        raise InputError(f"--image-of-series: {recipe.name} takes pictures, which are no series; leave it out")
    if recipe.pictures and segmentations is not None:
        raise InputError(f"--segmentations: {recipe.name} takes pictures, which have no place in space; leave it out")
    scans = [dataclasses.replace(source, image_of_series=image_of_series) for source in found.scans]
    labels = None if segmentations is None else find_segmentations(segmentations, scans)
    scans = labels.of(scans) if labels else scans
    scans = with_grey_ranges(scans) if recipe.pictures else scans
    with place_in_use(out, "brainlab prepare"):
        work = work_folder(scans, out, recipe, dtype)
        pictures = (work / "intermediate").absolute() if keep_intermediate else None
        more: list[dict[str, str]] = []
        try:
            with naming_path(out):
                work.mkdir(parents=True, exist_ok=True)
                outcomes = _run(scans, recipe, dtype, work, pictures, workers, track)
                done = [(source, o) for source, o in zip(scans, outcomes, strict=True) if o.file is not None]
                doubts = [len(outcome.notes) for _, outcome in done]
                done, copies = without_copies(done, [outcome.content for _, outcome in done], doubts)
                if done:
                    if recipe.z_scored and numbers is None:
                        numbers, more = _cohort_numbers(done, recipe)
                    _write(out, done, recipe, dtype, pictures, numbers, labels)
        except OSError as error:
            if work.is_dir():
                error.add_note(FINISHED_ARE_KEPT)
            raise
        finally:
            with contextlib.suppress(OSError):  # where scans are kept in it
                work.rmdir()
        shutil.rmtree(work, ignore_errors=True)
    notes = [{"path": o.relative, "reason": note} for o in outcomes for note in o.notes]
    notes = gathered(notes) if recipe.pictures else notes
    notes += gathered(unreal_notes(scans, outcomes))
    without = [] if labels is None else labels.failed
    return Report(
        scans=len(done),
        shape=list(recipe.shape),
        failed=[{"path": o.relative, "stage": o.stage, "reason": o.reason} for o in outcomes if o.file is None]
        + without,
        warnings=found.warnings + copies + notes + more,
        seconds_per_scan=round(float(np.mean([o.seconds for o in outcomes])), 3) if outcomes else None,
    )


def check_place(
    found: Found, out: Path, recipe: PreparationRecipe, dtype: str | None, overwrite: bool, *, labelled: bool = False
) -> None:
    """Refuse to write where another prepared dataset, or something else, would be lost. Raises InputError."""
    sources = {source.relative: source.path for source in found.scans}
    check_replaceable(out, sources, recipe.record(), dtype or recipe.dtype, overwrite, labelled=labelled)


def _numbers(recipe: PreparationRecipe, scale_by: Path | str | None) -> Numbers | None:
    """Return the means and standard deviations of an earlier dataset, if one is named."""
    if scale_by is None:
        return None
    if not recipe.z_scored:
        raise InputError(f"--scale-by: {recipe.name} scales each scan by itself; leave it out")
    return numbers_of(scale_by, recipe.record())


def _cohort_numbers(
    done: list[tuple[ScanSource, Outcome]], recipe: PreparationRecipe
) -> tuple[Numbers, list[dict[str, str]]]:
    """Return the means and standard deviations of the training participants, or of all where there are none."""
    files = [
        (participant_split(str(source.details["participant"])), cast(Path, outcome.file)) for source, outcome in done
    ]
    training = [file for split, file in files if split == "train"]
    notes = []
    if not training:
        reason = "no participant is in the training split: z-scores by the images of all"
        notes.append({"path": ".", "reason": reason})
    chosen = training or [file for _, file in files]
    if recipe.by_brain:
        own = [outcome.scales for _, outcome in done if outcome.file in chosen]
        return mean_numbers(own), notes
    return cohort_numbers((stored_image(file) for file in chosen), recipe.channels), notes


def _write(
    out: Path,
    done: list[tuple[ScanSource, Outcome]],
    recipe: PreparationRecipe,
    dtype: str,
    pictures: Path | None,
    numbers: Numbers | None,
    labels: Segmentations | None,
) -> None:
    """Write the dataset of the scans that are done."""
    kinds = frozenset(outcome.origin for _, outcome in done)
    rows = pd.DataFrame([row for source, outcome in done for row in _rows(source, outcome, recipe, len(kinds) > 1)])
    extra = [name for name in rows.columns if name not in COLUMNS]
    files = [cast(Path, outcome.file) for _, outcome in done]
    numbered = {number for _, outcome in done for number in outcome.label_numbers}
    brain_alone = recipe.several and labels is None
    names = {LABELS: BRAIN_ALONE} if brain_alone else {LABELS: labels.named(numbered)} if labels else {}
    write_prepared(
        out,
        (image for file in files for image in stored_images(file, recipe, None if recipe.by_brain else numbers)),
        rows.reindex(columns=[*COLUMNS, *extra]),
        {
            **_record(recipe, kinds, rows["modality"].dropna().unique()),
            **({Z_SCORES: numbers} if numbers else {}),
            **names,
        },
        dtype,
        pictures if pictures is not None and pictures.is_dir() else None,
        (image for file in files for image in segmentations_of(file, recipe)) if names else None,
    )


def _run(
    scans: list[ScanSource],
    recipe: PreparationRecipe,
    dtype: str,
    work: Path,
    pictures: Path | None,
    workers: Workers,
    track: Track,
) -> list[Outcome]:
    """Prepare the scans that an earlier run did not finish, and return all outcomes in the order of `scans`."""
    outcomes: dict[str, Outcome] = {}
    names = intermediate_names(source.relative for source in scans)
    folders = {source.relative: None if pictures is None else pictures / names[source.relative] for source in scans}
    for source in scans:
        if (earlier := kept(work, source, folders[source.relative])) is not None:
            outcomes[source.relative] = earlier
    waiting = [source for source in scans if source.relative not in outcomes]
    tasks = ((_absolute(source), recipe, dtype, folders[source.relative]) for source in waiting)
    shared = [source.path.absolute() for source in waiting[:1]]
    done = workers.map(_attempt, tasks, shared=shared, kept=FINISHED_ARE_KEPT, died=_died)
    for source, outcome in zip(waiting, track(done, len(waiting)), strict=True):
        outcomes[source.relative] = keep(work, source, outcome)
    return [outcomes[source.relative] for source in scans]


def _absolute(source: ScanSource) -> ScanSource:
    """Return a scan as workers in another folder find it."""
    return dataclasses.replace(
        source,
        path=source.path.absolute(),
        others={name: _absolute(other) for name, other in source.others.items()},
        segmentation=source.segmentation and source.segmentation.absolute(),
    )


def _died(source: ScanSource, *_: Any) -> Outcome:
    reason = "workers of the cluster died of it, one after the other, perhaps for want of memory"
    return Outcome(source.relative, 0.0, stage="register", reason=reason)


def _attempt(source: ScanSource, recipe: PreparationRecipe, dtype: str, pictures: Path | None) -> Outcome:
    """Prepare one scan; whatever is wrong with it becomes an outcome with the stage and the reason.

    pictures: folder for its intermediate images, or None. Raises OSError when they cannot be written.
    """
    start = time.perf_counter()
    stage, notes = "register", []
    try:
        origin = origin_of_scan(source)
        if recipe.pictures:
            return dataclasses.replace(_picture(source, recipe, dtype), origin=origin)
        others = {name: other.path for name, other in source.others.items()}
        scan = prepare_one(source.path, recipe, source.in_template_space, source.image_of_series, others)
        # what becomes a z-score of the cohort must not lose digits before
        stored = to_bytes(scan.data) if dtype == "uint8" else scan.data.astype("f4" if recipe.z_scored else dtype)
        done = Outcome(
            source.relative, scan.seconds, stored, sha256=scan.sha256, others=scan.others_sha256,
            content=content_hash(scan.native), images=len(stored) if recipe.plane else 1, notes=list(scan.notes),
            origin=origin, scales=scan.scales,
        )  # fmt: skip
        if source.segmentation is not None:
            labels, more = carried_labels(scan, source.segmentation)
            found = np.unique(labels[labels > 0]).tolist()
            done = dataclasses.replace(done, labels=labels, label_numbers=found, notes=[*done.notes, *more])
        elif scan.brain is not None:
            done = dataclasses.replace(done, labels=scan.brain.astype(np.uint8))
    except BrainlabError as error:
        reason, notes = str(error), list(getattr(error, "__notes__", []))
        if isinstance(error, UnreadableScanError):
            stage, reason = "read", error.reason
        elif isinstance(error, IntensityError):
            stage = "intensity"
        elif isinstance(error, SegmentationError):
            stage = "segmentation"
    except Exception as error:
        # SimpleITK raises RuntimeError with many lines for whatever it cannot do; no scan may end the batch
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[-200:]}"
    else:
        if pictures is not None:
            write_intermediate(pictures, scan, Provenance(kind=origin))
        return done
    return Outcome(source.relative, time.perf_counter() - start, notes=notes, stage=stage, reason=reason)


def _picture(source: ScanSource, recipe: PreparationRecipe, dtype: str) -> Outcome:
    """Prepare the pictures of one file."""
    start = time.perf_counter()
    made = prepare_picture(source.path, recipe, source.grey_range)
    stored = to_bytes(made.data) if dtype == "uint8" else made.data.astype(dtype)
    seconds = time.perf_counter() - start
    return Outcome(
        source.relative, seconds, stored, sha256=made.sha256, content=made.content, images=len(stored),
        notes=list(made.notes),
    )  # fmt: skip


def _rows(
    source: ScanSource, outcome: Outcome, recipe: PreparationRecipe, several_kinds: bool
) -> Iterator[dict[str, Any]]:
    """Return the rows of the table for one scan: one, or one a slice.

    several_kinds: whether scans of other kinds are beside it, so that the table must say which this is.
    """
    details = dict(source.details)
    row = {**details, "split": participant_split(str(details["participant"])), "sha256": outcome.sha256}
    row |= {ORIGIN: outcome.origin} if several_kinds else {}
    for name, scale in outcome.scales.items():
        row |= dict(zip(scale_columns(name), scale.values(), strict=True))
    for name, sha256 in outcome.others.items():
        row |= {f"source_{name.lower()}": source.others[name].relative, f"sha256_{name.lower()}": sha256}
    if recipe.plane is None or (recipe.pictures and outcome.images == 1):
        yield row
        return
    yield from ({**row, SLICE: recipe.first_slice + number} for number in range(outcome.images))


def _record(recipe: PreparationRecipe, kinds: frozenset[Kind], sequences: Collection[str]) -> dict[str, Any]:
    """Return what `recipe.json` says.

    sequences: those that the scans are of; of files named by hand they may be others than the recipe is made for.
    """
    own = [name for name in recipe.modalities if recipe.several or name in sequences or not len(sequences)]
    others = [] if recipe.several else sorted(set(sequences) - set(recipe.modalities))
    packages = ("brainlab", "nibabel", "SimpleITK", "nilearn", "numpy", "scipy")
    return {
        **recipe.record(),
        "modalities": [*own, *others],
        **({} if recipe.pictures else {"template": "MNI152 ICBM 2009a (nilearn), 182x218x182 at 1 mm"}),
        **origin_record(kinds),
        "versions": {name: version(name) for name in packages},
    }
