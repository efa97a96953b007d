"""Memorisation: whether generated images are nearer to training scans than scans of other people are."""

from typing import Any

import numpy as np

from brainlab.evaluation.copies import closeness, judge, judge_held_out
from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.measurement import Measurement, summarise
from brainlab.evaluation.neighbours import nearest
from brainlab.evaluation.registry import Metric


def _nearest_training(sets: ImageSets) -> Measurement:
    training = sets.part("training")
    generated, held_out = (closeness(part, training, sets.training_people) for part in (sets.generated, sets.real))
    found, by_chance = judge(generated, held_out), judge_held_out(held_out, sets.people)
    settings: dict[str, Any] = {
        "training_scans": len(training),
        "training_people": len(training) if sets.training_people is None else len(set(sets.training_people)),
        "held_out": float(held_out[:, 0].mean()),
        "ratio_of_medians": float(np.median(generated[:, 0]) / np.median(held_out[:, 0])),
        "share_below_first_percentile_of_held_out": float(found.closer.mean()),
        "share_copies": float(found.copies.mean()),
        "share_copies_held_out": float(by_chance.copies.mean()),
        "nearest_over_next_person": float(generated[:, 1].mean()),
        "nearest_over_next_person_held_out": float(held_out[:, 1].mean()),
    }
    if sets.reconstructed is not None:
        settings["reconstructed"] = float(nearest(sets.reconstructed, training).distances[:, 0].mean())
    return summarise(generated[:, 0], of="generated", **settings)


METRICS = (
    Metric(
        name="nearest_training_distance",
        title="Distance to the nearest training scan",
        definition="Mean squared difference per voxel of a generated image to the nearest training scan; `held_out` is "
        "that of held-out scans. `share_copies`: images nearer than 99% of held-out scans are, and so much nearer than "
        "to the next person's scans as 99% of held-out scans are not.",
        aspect="memorisation",
        better="none",
        needs=("real", "generated", "training"),
        measure=_nearest_training,
        settings={
            "difference": "mean over voxels of squares",
            "caution": "blur alone brings images nearer, but to everybody's scans; copies are near to one person's",
        },
    ),
)
