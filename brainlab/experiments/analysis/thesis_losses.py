"""The losses that the IXI thesis's two methods logged, epoch by epoch, on the thesis's own scale.

The thesis adds up a reconstruction loss, 1,000 times the mean squared error of a pixel (its code), and the KL, or what
the codebook costs (equations 3.1 and 3.3). Here errors are sums over pixels, and a run's objective is

    reconstruction_weight * |x - G(z)|^2 + KL, or + code_weight * (1 + commitment) * |E(x) - e|^2.

Divided by reconstruction_weight * pixels / 1,000 that is the thesis's sum; for `vae2d-1024` the divisor is 1. Codebook
and commitment of a VQ-VAE are one number in two places (they differ in their gradients alone).
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainlab.errors import InputError
from brainlab.generators.conv_vae import ConvVAEConfig
from brainlab.generators.vqvae import VQVAEConfig
from brainlab.runs.run import Run
from brainlab.training.checkpoint import METRICS, MetricsFile
from brainlab.types import FloatArray

SCALE = 1000.0
"""Weight of the thesis on the mean squared error of a pixel."""


@dataclass(frozen=True, kw_only=True)
class ThesisLosses:
    """Means over the training images since the line before, [lines] each; a line an epoch where there are few.

    epochs: numbers of those that end with a line, from 1. total: the objective. reconstruction: 1,000 times the mean
    squared error of a pixel. code: what a code costs: nats of KL, or the squared error of codebook and commitment.
    last: the last epoch's line.
    divisor: of the run's objective, to bring it to the thesis's scale.
    """

    epochs: FloatArray
    total: FloatArray
    reconstruction: FloatArray
    code: FloatArray
    last: dict[str, Any]
    divisor: float


def thesis_losses(run: Run) -> ThesisLosses:
    """Read a run's losses from its `metrics.jsonl`.

    Raises InputError, naming run or file, where it is of another method, where no epoch was logged, or where an epoch
    lacks one of the losses or has one that is not finite.
    """
    config = run.config
    if isinstance(config, ConvVAEConfig):
        key, cost = "kl_real", 1.0
    elif isinstance(config, VQVAEConfig):
        key, cost = "code_error", config.code_weight * (1 + config.commitment)
    else:
        raise InputError(f"{run.folder}: needs a VAE or VQ-VAE as in the IXI thesis, got {run.method.title}")
    lines = [line for line in MetricsFile(run.folder).lines() if line["kind"] == "epoch"]
    path = run.folder / METRICS
    if not lines:
        raise InputError(f"{path}: needs a line of each epoch, got none; train the run to the end of an epoch")
    names = ("epoch", "loss", "squared_error", key)
    for line in lines:
        for name in names:
            value = line.get(name)
            if not isinstance(value, int | float) or not math.isfinite(value):
                raise InputError(
                    f"{path}: needs {', '.join(names)} as finite numbers in each line of an epoch, got {name} "
                    f"{value}; train the run again"
                )
    epochs, total, squares, code = (np.array([float(line[name]) for line in lines]) for name in names)
    pixels = math.prod(run.shape)
    divisor = config.reconstruction_weight * pixels / SCALE
    return ThesisLosses(
        epochs=epochs,
        total=total / divisor,
        reconstruction=SCALE * squares / pixels,
        code=cost * code / (1 if key == "kl_real" else divisor),
        last=lines[-1],
        divisor=divisor,
    )
