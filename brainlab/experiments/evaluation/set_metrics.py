"""Measure generated images against real ones, both as files, without a run."""

from pathlib import Path
from typing import Any

from brainlab.errors import InputError
from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.registry import measure_all, metrics
from brainlab.experiments.evaluation.image_files import open_images
from brainlab.experiments.evaluation.image_sets import refuse_beyond_memory
from brainlab.ranges import refuse_out_of_range

SETS = {"real", "generated", "pairs"}
"""What two sets of images can give a metric."""


def compare_sets(generated: Path, real: Path, *, seed: int = 0) -> dict[str, dict[str, Any]]:
    """Return every metric of the registry that compares sets of images, as `evaluate_run` does.

    generated, real: each a .npy array [n, X, Y] or [n, X, Y, Z] in [0, 1], or a folder of PNG or NIfTI images, taken in
    the order of their names. Where there are as many of both, image i of one is the pair of image i of the other;
    elsewhere the metrics of pairs are undefined.
    Images are read in blocks, so that memory does not grow with their number (`memory_bound`); folders are first copied
    to disk, 4 bytes a voxel. Raises InputError naming a file that cannot be used, or where shapes differ.
    """
    refuse_out_of_range({"seed": seed})
    ours, theirs = open_images(generated), open_images(real)
    shape = tuple(theirs.shape[1:])
    if tuple(ours.shape[1:]) != shape:
        own, other = ("x".join(map(str, images.shape[1:])) for images in (ours, theirs))
        raise InputError(f"{generated}: needs images of {other}, as {real} has, got {own}; bring both to one grid")
    refuse_beyond_memory(shape)
    unpaired = f"pairs need as many images in both sets, got {len(ours)} and {len(theirs)}"
    sets = ImageSets(
        real=theirs,
        generated=ours,
        pairs=ours if len(ours) == len(theirs) else None,
        seed=seed,
        reasons={"pairs": unpaired},
    )
    common = {
        "generated_images": str(generated),
        "real_images": str(real),
        "value_range": [0, 1],
        "shape": list(shape),
        "real_scans": len(theirs),
        "generated": len(ours),
        "seed": seed,
    }
    return measure_all(sets, [metric for metric in metrics().values() if set(metric.needs) <= SETS], common)
