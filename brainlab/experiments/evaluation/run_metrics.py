"""Measure a run against real scans: every metric that applies to it, each with its settings."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.measurement import Measurement
from brainlab.evaluation.registry import as_entries
from brainlab.experiments.evaluation import SAMPLES
from brainlab.experiments.evaluation.image_sets import collect
from brainlab.experiments.evaluation.images_on_disk import shared_folder
from brainlab.experiments.evaluation.sharing import measure_sets
from brainlab.experiments.synthesis.measure import measure_translations
from brainlab.files.folder_lock import place_in_use
from brainlab.files.whole import whole_file
from brainlab.ranges import refuse_out_of_range
from brainlab.runs.card import write_card
from brainlab.runs.evaluation_values import EvaluationValues, write_values
from brainlab.runs.passes.passes import Passes
from brainlab.runs.run import Run
from brainlab.workers.workers import HERE, Workers


def evaluate_run(
    run: Run,
    dataset: PreparedDataset,
    n: int = SAMPLES,
    *,
    seed: int = 0,
    training: PreparedDataset | None = None,
    write: bool = True,
    workers: Workers = HERE,
) -> dict[str, dict[str, Any]]:
    """Return all metrics of the registry, and write them to `evaluation.json` beside the run.

    What single images contribute goes to `evaluation_values.npz` there, by which two runs are compared; the run's card
    is written anew.

    Of a run that translates the measures are those of `synthesis.measure`, of whole held-out scans, at most n.
    What the run cannot do, such as reconstruct, leaves the metrics that need it undefined, with the reason.
    n: samples drawn, and the most real scans compared with. Real scans are the ones the run was not trained on (see
    `held_out`). training: the dataset the run was trained on, for the distance of samples to it; found in the
    workspace, or as `dataset` itself, by its hash where not given.
    workers: who passes images through the network and measures them, the metrics of one file by one of them; on
    machines alike the values do not depend on them. Workers of a cluster find images in the workspace's cache.
    Images are read in blocks, and what the run makes is kept on disk, 4 bytes a voxel; see `memory_bound`.
    Raises InputError when n is below 8, the seed is out of range, the shapes differ, fewer than 8 held-out scans are
    there, or the images do not fit on the disk, or another process evaluates the run; OSError on a full disk.
    """
    refuse_out_of_range({"seed": seed})
    with _alone(run) if write else contextlib.nullcontext():
        if run.can("translate"):
            result, values = measure_translations(Passes(run, workers), dataset, n)
        else:
            with shared_folder() if workers.elsewhere else contextlib.nullcontext() as folder:
                sets, common = collect(run, dataset, n, seed, training, workers=workers, folder=folder)
                measured = measure_sets(sets, workers)
                result = as_entries(measured.values(), common)
                values = _values({name: found for name, (_, found) in measured.items()}, sets)
        if write and _write(run, result, values).parent == run.folder:
            write_card(run.folder)
    return result


@contextlib.contextmanager
def _alone(run: Run) -> Iterator[None]:
    """Keep other evaluations of a run out, and see before hours of work that one can be written somewhere."""
    with contextlib.ExitStack() as held:
        for path in run.evaluation_files:
            with contextlib.suppress(OSError):
                held.enter_context(place_in_use(path, "brainlab evaluate", chosen=False))
                break
        else:
            raise _unwritable(run)
        yield


def _unwritable(run: Run) -> InputError:
    places = " and ".join(str(path.parent) for path in run.evaluation_files)
    return InputError(f"{places}: cannot be written to; change the permissions, or name another BRAINLAB_WORKSPACE")


def _values(measured: Mapping[str, Measurement], sets: ImageSets) -> EvaluationValues:
    """Gather the numbers of single images; people become numbers, which name nobody."""
    people = np.arange(len(sets.real)) if sets.people is None else np.unique(sets.people, return_inverse=True)[1]
    rows = np.arange(len(sets.real)) if sets.real_rows is None else sets.real_rows
    return EvaluationValues(rows, people, {name: found.parts for name, found in measured.items() if found.parts})


def _write(run: Run, result: dict[str, Any], values: EvaluationValues) -> Path:
    """Write evaluation.json and what single images contribute, both or neither, and return the path of the first.

    They lie beside the run or, where that cannot be written to, in the workspace's cache.
    """
    refused: OSError | None = None
    text = json.dumps(result, indent=1, allow_nan=False) + "\n"
    for path in run.evaluation_files:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as scratch:
                scratch.write_text(text, encoding="utf-8")
                write_values(path, values, scratch)
        except OSError as error:
            refused = refused or error
            continue
        return path
    raise refused or _unwritable(run)
