"""Memorisation: whether generated images are nearer to training scans than scans of other people are."""

from typing import Any

import numpy as np

from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.measurement import Measurement, summarise
from brainlab.evaluation.neighbours import nearest
from brainlab.evaluation.registry import Metric


def _nearest_training(sets: ImageSets) -> Measurement:
    training = sets.part("training")
    generated, held_out = (nearest(part, training).distances for part in (sets.generated, sets.real))
    reference = held_out[:, 0]
    settings: dict[str, Any] = {
        "training_scans": len(training),
        "held_out": float(reference.mean()),
        "ratio_of_medians": float(np.median(generated[:, 0]) / np.median(reference)),
        "share_below_first_percentile_of_held_out": float((generated[:, 0] < np.percentile(reference, 1)).mean()),
        "nearest_over_second_nearest": float((generated[:, 0] / generated[:, 1]).mean()),
        "nearest_over_second_nearest_held_out": float((reference / held_out[:, 1]).mean()),
    }
    if sets.reconstructed is not None:
        settings["reconstructed"] = float(nearest(sets.reconstructed, training).distances[:, 0].mean())
    return summarise(generated[:, 0], **settings)


METRICS = (
    Metric(
        name="nearest_training_distance",
        title="Distance to the nearest training scan",
        definition="Mean squared difference per voxel of a generated image to the nearest training scan; `held_out` is "
        "that of held-out scans.",
        aspect="memorisation",
        better="none",
        needs=("real", "generated", "training"),
        measure=_nearest_training,
        settings={
            "difference": "mean over voxels of squares",
            "caution": "blur alone brings images nearer; copies show as nearest far below second nearest",
        },
    ),
)
