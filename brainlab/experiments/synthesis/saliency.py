"""Which of its inputs a translating run owes its error to, over whole scans: maps of each sequence, and its share.

A scan goes through the network in the same parts as for `translate`. The gradient is that of the whole image: each
part is run again when its own gradient is taken, and nothing of it is kept in between, so that memory grows with the
scan and not with the maps of the network.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, cast

import numpy as np
import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.views import places_of
from brainlab.errors import InputError
from brainlab.experiments.synthesis.patchwise import in_parts, translator
from brainlab.experiments.synthesis.whole_scans import refuse_other_scans
from brainlab.runs.run import Run
from brainlab.saliency.gradients import contribution, output_map, p3s_map
from brainlab.types import BoolArray, Float32Array

Of = Literal["error", "output"]


@dataclass(frozen=True)
class Saliency:
    """Saliency of the inputs of one scan.

    maps: [C, X, Y, Z], a channel for each of the run's inputs.  of: what the gradient is of: `error`, the norm of truth
    less synthesis (P3S; Wei, section 2.2.2), or `output`, the norm of the synthesis, where there is no truth.
    contributions: each input's share of the mean map, in their order, summing to 1; None where the maps are 0.
    """

    maps: Float32Array
    of: Of
    contributions: tuple[float, ...] | None


def saliency(
    run: Run, images: Float32Array, truth: Float32Array | None = None, mask: BoolArray | None = None
) -> Saliency:
    """Return the saliency of one scan's inputs.

    images: z-scores of the inputs [C, X, Y, Z].  truth: the true target as z-scores [X, Y, Z].  mask: where
    contributions are counted [X, Y, Z], everywhere by default; the maps are of the whole scan.
    Raises InputError where the run does not translate, or images or truth do not fit.
    """
    network = translator(run, images)
    again = cast(Callable[[Tensor], Tensor], partial(checkpoint, network.translate, use_reentrant=False))
    whole = partial(in_parts, again, network=network, learned=run.config.patch)
    x = torch.from_numpy(np.ascontiguousarray(images)).to(run.device)
    if truth is None:
        found = output_map(whole, x)
    else:
        if not np.isfinite(truth).all():
            raise InputError(f"{run.name}: needs a true target of finite numbers, got NaN or infinity among them")
        found = p3s_map(whole, x, torch.from_numpy(np.ascontiguousarray(truth)).to(run.device))
    found = found.float().cpu()
    shares = contribution(found, None if mask is None else torch.from_numpy(mask))
    return Saliency(found.numpy(), "output" if truth is None else "error", None if shares is None else tuple(shares))


def saliency_of_row(run: Run, data: PreparedDataset, row: int) -> Saliency:
    """Return the saliency of a scan of a prepared dataset: of the error where it holds the target, else of the output.

    Contributions are over the brain where the dataset has segmentations. Raises InputError where it lacks an input.
    """
    refuse_other_scans(run, data)
    images = data.batch(np.array([row]))[0]
    truth = images[places_of([run.config.target], data)[0]] if has_target(run, data) else None
    brain = None if data.segmentations is None else np.asarray(data.segmentations[row]) > 0
    return saliency(run, images[places_of(run.config.inputs, data)], truth, brain)


def has_target(run: Run, data: PreparedDataset) -> bool:
    """Whether a prepared dataset holds what a run makes."""
    try:
        places_of([run.config.target], data)
    except InputError:
        return False
    return True
