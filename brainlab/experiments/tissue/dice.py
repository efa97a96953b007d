"""How well a tissue network labels scans that it was not trained on: the Dice coefficient of each label."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from brainlab.cohort.segmentations import IGNORED
from brainlab.experiments.tissue.labelled_slices import LabelledSlices
from brainlab.networks.perceptual.tissue_unet import TissueUNet

AT_ONCE = 64
"""Slices that pass through the network together."""

Dice = dict[str, dict[str, Any]]
"""By label: value (mean over scans), sd and n, the number of scans that have the label; value and sd None of none."""


@torch.no_grad()
def held_out_dice(
    network: TissueUNet, part: LabelledSlices, labels: Sequence[str], device: torch.device | str = "cpu"
) -> Dice:
    """Return the Dice coefficients of a dataset's test split.

    A coefficient is of all slices of a scan together, 2 |A and B| / (|A| + |B|), for scans that have the label; voxels
    whose label is none of the network's do not count.
    """
    numbers = part.scan_numbers
    scans, kinds = (int(numbers.max()) + 1 if len(numbers) else 0), len(labels)
    agreed, truth, found = (np.zeros((scans, kinds)) for _ in range(3))
    rows = part.held_out
    for first in range(0, len(rows), AT_ONCE):
        chosen = rows[first : first + AT_ONCE]
        images, wanted = part.read(chosen)
        guess = network(torch.from_numpy(images).to(device)).argmax(1).cpu().numpy()
        counts = wanted != IGNORED
        place = np.broadcast_to(numbers[chosen][:, None, None], wanted.shape)
        for total, values, where in (
            (truth, wanted, counts),
            (found, guess, counts),
            (agreed, guess, counts & (guess == wanted)),
        ):
            total += np.bincount(place[where] * kinds + values[where], minlength=scans * kinds).reshape(scans, kinds)
    return {
        name: _summary((2 * agreed / np.maximum(truth + found, 1))[truth[:, number] > 0, number])
        for number, name in enumerate(labels)
        if number
    }


def mean_dice(dice: Dice) -> float | None:
    """Return the mean over labels that held-out scans have; None where there are none."""
    values = [entry["value"] for entry in dice.values() if entry["value"] is not None]
    return float(np.mean(values)) if values else None


def _summary(values: np.ndarray[Any, Any]) -> dict[str, Any]:
    some = len(values) > 0
    return {
        "value": round(float(values.mean()), 4) if some else None,
        "sd": round(float(values.std(ddof=1)), 4) if len(values) > 1 else None,
        "n": len(values),
    }
