"""Whether neighbouring slices of generated volumes fit each other as real ones do, along each axis.

A volume that is stacked of slices drawn one by one jumps from slice to slice: its difference is higher along the axis
that it was stacked on than along the other two.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from brainlab.errors import InputError
from brainlab.evaluation.images import Images, ImageSets, each
from brainlab.evaluation.measurement import Measurement, summarise
from brainlab.evaluation.registry import Metric
from brainlab.images.grid import PLANES, normal_axis
from brainlab.types import BoolArray, FloatArray


def slice_differences(images: Images, brain: BoolArray) -> FloatArray:
    """Return the mean absolute difference of neighbouring voxels along each axis of volumes [n, X, Y, Z]: [n, 3].

    brain: [X, Y, Z]; both voxels of a pair lie in it. Raises InputError where it has no pair along an axis.
    """
    pairs = [_first(brain, axis) & _last(brain, axis) for axis in range(3)]
    if not all(part.any() for part in pairs):
        raise InputError("needs neighbouring voxels of the brain along each axis, got none; the real scans are empty")
    found = [
        [np.abs(np.diff(image, axis=axis))[part].mean(dtype=np.float64) for axis, part in enumerate(pairs)]
        for image in each(images)
    ]
    return np.array(found)


def _first(brain: BoolArray, axis: int) -> BoolArray:
    return np.take(brain, range(brain.shape[axis] - 1), axis)


def _last(brain: BoolArray, axis: int) -> BoolArray:
    return np.take(brain, range(1, brain.shape[axis]), axis)


def _of_generated(sets: ImageSets) -> FloatArray:
    return slice_differences(sets.generated, sets.brain)


def _of_real(sets: ImageSets) -> FloatArray:
    return slice_differences(sets.real, sets.brain)


def _along(axis: int) -> Callable[[ImageSets], Measurement]:
    """Return the measurement along one axis."""

    def measure(sets: ImageSets) -> Measurement:
        generated, real = (sets.once(part)[:, axis] for part in (_of_generated, _of_real))
        if not (mean := float(real.mean())) > 0:
            raise InputError("needs real scans whose slices differ, got none")
        settings: dict[str, Any] = {"generated": float(generated.mean()), "real": mean, "real_n": len(real)}
        return summarise(generated / mean, unit="volume", of="generated", **settings)

    return measure


def _entry(plane: str) -> Metric:
    return Metric(
        name=f"slice_difference_{plane}",
        title=f"Difference of neighbouring {plane} slices, share of real",
        definition=f"Mean absolute difference of neighbouring {plane} slices of generated volumes inside the brain, "
        "divided by that of real scans. Blur lowers it along all axes; slices that do not fit each other raise it "
        "along theirs.",
        aspect="detail",
        better="none",
        needs=("real", "generated"),
        dims=(3,),
        measure=_along(normal_axis(plane)),
        settings={"wanted": 1},
    )


METRICS = tuple(_entry(plane) for plane in PLANES)
