"""What a translating run looks at in a whole scan: the gradient of its own error (Wei, section 3.2.3)."""

from collections.abc import Callable
from functools import partial
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.views import places_of, regions_of
from brainlab.errors import InputError
from brainlab.experiments.synthesis.patchwise import in_parts, translator
from brainlab.networks.translation.errors import ERRORS, ErrorName, refuse_without_regions
from brainlab.runs.run import Run
from brainlab.saliency.gradients import visual_attention
from brainlab.types import BoolArray, Float32Array


def attention_of_row(run: Run, data: PreparedDataset, row: int) -> Float32Array:
    """Return |d error / d inputs| of a scan of a prepared dataset, the maximum over inputs [X, Y, Z] (Wei, eq. 3.7).

    error: the one that the run minimised (`run.config.error`), over the whole scan and without its discriminator.
    Raises InputError where the run has no such error or the data lack what it needs.
    """
    name: ErrorName | None = getattr(run.config, "error", None)
    if name is None:
        raise InputError(f"{run.name}: needs a run that minimised one of {', '.join(ERRORS)}, got {run.method.title}")
    *inputs, target = places_of((*run.config.inputs, run.config.target), data)
    images = data.batch(np.array([row]))[0]
    network = translator(run, images[inputs])
    known = regions_of(data, np.array([row]))
    regions = None if known is None else torch.from_numpy(known).to(run.device)
    refuse_without_regions(name, regions)
    truth = torch.from_numpy(np.ascontiguousarray(images[target])).to(run.device)[None, None]
    again = cast(Callable[[Tensor], Tensor], partial(checkpoint, network.translate, use_reentrant=False))
    whole = partial(in_parts, again, network=network, learned=run.config.patch)
    x = torch.from_numpy(np.ascontiguousarray(images[inputs])).to(run.device)
    found = visual_attention(whole, x, lambda made: ERRORS[name](made, truth, regions).sum())
    return np.asarray(found.float().cpu().numpy(), dtype=np.float32)


def focus(attention: Float32Array, where: BoolArray, within: BoolArray) -> float | None:
    """Return the mean attention somewhere over that within a larger region; None where either is empty or 0."""
    whole = float(attention[within].mean(dtype=np.float64)) if within.any() else 0.0
    return float(attention[where].mean(dtype=np.float64)) / whole if where.any() and whole else None
