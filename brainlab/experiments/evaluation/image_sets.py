"""The images that a run is measured by: held-out scans, their reconstructions, samples, and the training scans."""

import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from brainlab import workspace
from brainlab.cohort.prepared import PreparedDataset
from brainlab.counted import sized
from brainlab.errors import InputError
from brainlab.evaluation.images import BLOCK_BYTES, ImageSets, Need, evenly
from brainlab.experiments.evaluation import ENOUGH, FEWEST
from brainlab.experiments.evaluation.asked_images import NOT_AT_HAND, labelled_images
from brainlab.experiments.evaluation.images_on_disk import (
    MappedImages,
    keep_on_disk,
    own_labels,
    refuse_beyond_disk,
    scans,
)
from brainlab.latent.encoding import together
from brainlab.ranges import refuse_outside
from brainlab.runs.matching.own_conditions import own_condition_warnings
from brainlab.runs.matching.own_recipe import own_recipe_warning
from brainlab.runs.passes.passes import Codes, Passes
from brainlab.runs.provenance import recognise
from brainlab.runs.run import Run
from brainlab.types import Float32Array, IntArray
from brainlab.workers.workers import HERE, Workers

IMAGES_IN_MEMORY = 48
BLOCKS_IN_MEMORY = 24
"""What an evaluation holds at most, see `memory_bound`."""

NO_DIMENSIONS = "the run's codes have no dimensions to move along: they are noise, indices, or a stack of slices' codes"
"""Of a flow, a VQ-VAE or a slice VAE. Of noise or indices every number varies, whatever the run makes use of."""


def held_out(run: Run, dataset: PreparedDataset) -> IntArray:
    """Return the rows that the run was not trained on: the test split of its own data, the whole of any other.

    Of its own data in cross-validation, all rows of the fold that was held out.
    Participants of the run's training data are left out wherever they turn up. Where it cannot be known who they are
    (`recognise`), only the test split is taken.
    """
    own = dataset.sha256 == run.settings.get("data", {}).get("sha256")
    by_split = own and "fold" not in run.settings.get("training", {})
    rows = dataset.indices("test" if by_split else None)
    return rows[recognise(run, dataset).unseen[rows]]


def training_data(run: Run, dataset: PreparedDataset) -> PreparedDataset | None:
    """Find the dataset that the run was trained on: `dataset`, or one of the workspace with the same name and hash."""
    wanted = run.settings.get("data", {})
    if dataset.sha256 == wanted.get("sha256"):
        return dataset
    for folder in workspace.cohort_folders():
        if folder.name == wanted.get("name"):
            candidate = PreparedDataset.open(folder)
            if candidate.sha256 == wanted.get("sha256"):
                return candidate
    return None


def memory_bound(shape: tuple[int, ...]) -> int:
    """Return how many bytes of images an evaluation holds at most, whatever their number.

    24 blocks of 64 MB, or 48 images in float32 where they are larger; what the network itself takes for the images of
    one pass, and what Python and its libraries take (about 0.5 GB), come on top.
    """
    return max(BLOCKS_IN_MEMORY * BLOCK_BYTES, IMAGES_IN_MEMORY * 4 * math.prod(shape))


def refuse_beyond_memory(shape: tuple[int, ...]) -> None:
    """Raise InputError where the images of one step do not fit into the machine's memory."""
    needed, there = memory_bound(shape), os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > there:
        raise InputError(
            f"images of {'x'.join(map(str, shape))}: take {sized(needed)} of memory a step, this machine has "
            f"{sized(there)}; evaluate on a larger machine"
        )


def collect(
    run: Run,
    dataset: PreparedDataset,
    n: int,
    seed: int,
    training: PreparedDataset | None,
    *,
    workers: Workers = HERE,
    folder: Path | None = None,
) -> tuple[ImageSets, dict[str, Any]]:
    """Draw n samples, pick at most n held-out scans evenly, and reconstruct these by their posterior means.

    A run that has learnt conditions reads scans under those of their own rows (`own_conditions`) and draws samples as
    they come. Samples and reconstructions go to disk as they are made, and all else stays there, so that memory grows
    neither with their number nor, beyond `memory_bound`, with their size. workers: who passes them through the network.
    folder: where the samples and reconstructions lie, so that other processes find them too; by default in a file that
    is gone with this one. Returns the images, and settings that all metrics share.
    Raises InputError when shapes differ, `training` is not what the run was trained on, fewer than 8 images are wanted
    or held out, or memory or disk do not suffice.
    """
    refuse_outside(ENOUGH, "n", n)
    dataset, shape = run.see(dataset), tuple(run.shape)
    if training is not None and training.sha256 != run.settings.get("data", {}).get("sha256"):
        raise InputError(f"{training.folder}: is not the dataset that {run.name} was trained on (its hash differs)")
    rows = held_out(run, dataset)
    if len(rows) < FEWEST:
        raise InputError(
            f"{dataset.folder}: needs at least {FEWEST} {run.grid.noun}s that {run.name} was not trained on, got "
            f"{len(rows)}"
        )
    rows = rows[evenly(len(rows), n)]
    refuse_beyond_memory(shape)
    kept = n + (len(rows) if run.can("reconstruct") else 0)
    refuse_beyond_disk(4 * math.prod(shape) * kept, f"--n: {n} images and what goes with them", "draw fewer")
    common = {
        "data": dataset.name,
        "data_sha256": dataset.sha256,
        "run_sha256": run.sha256,
        "simulated": dataset.simulated,
        **dataset.origin.record,
        "value_range": [0, 1],
        "shape": list(shape),
        "real_scans": len(rows),
        "generated": n,
        "seed": seed,
    }
    if run.can("condition"):
        common["conditions_told"] = [condition.name for condition in run.conditions]
        common["conditions_warnings"] = own_condition_warnings(run, dataset, rows)
    if warning := own_recipe_warning(run, dataset):
        common["recipe_warning"] = warning
    if gap := recognise(run, dataset).gap:
        common["training_people_unknown"] = gap
    passes = Passes(run, workers)
    generated = keep_on_disk(passes.drawn(n, seed), (n, *shape), folder)
    codes: list[Codes] = []
    reconstructed: MappedImages | None = None
    if run.can("reconstruct"):
        decoded = _noting(codes, passes.reconstructed(dataset, rows))
        reconstructed = keep_on_disk(decoded, (len(rows), *shape), folder)
    elif run.can("encode"):
        codes = list(passes.encoded(dataset, rows, told=True))
    known = training if training is not None else training_data(run, dataset)
    known = run.see(known) if known is not None else None
    fitted = known.indices("train") if known is not None else None
    reasons: dict[Need, str] = {"training": NOT_AT_HAND}
    if run.can("encode") and not run.can("walk"):
        reasons["codes"] = NO_DIMENSIONS
    labelled = None
    try:
        labelled = labelled_images(passes, dataset, rows, known, seed, n, folder=folder)
    except InputError as error:
        reasons["labelled"] = str(error)
    sets = ImageSets(
        real=scans(dataset, rows, passes.place(dataset)),
        generated=generated,
        reconstructed=reconstructed,
        pairs=reconstructed,
        codes=together(codes) if run.can("walk") and codes else None,
        code_length=run.latent_dim if run.can("encode") else None,
        training=scans(known, fitted, passes.place(known)) if known is not None and fitted is not None else None,
        labelled=labelled,
        people=dataset.scans["participant"].to_numpy(dtype=str)[rows],
        training_people=known.scans["participant"].to_numpy(dtype=str)[fitted] if known is not None else None,
        real_rows=rows,
        real_labels=own_labels(dataset, rows, passes.place(dataset)),
        recipe=dataset.recipe,
        seed=seed,
        reasons=reasons,
    )
    return sets, common


def _noting(codes: list[Codes], passes: Iterable[tuple[Codes, Float32Array]]) -> Iterator[Float32Array]:
    """Yield the images of passes, and add the codes to a list."""
    for found, images in passes:
        codes.append(found)
        yield images
