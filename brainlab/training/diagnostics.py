"""What a run is watched by: the health of its code and of its samples, measured at the ends of epochs."""

from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from brainlab.cohort.intensity import Z_WINDOW
from brainlab.cohort.views import Batch
from brainlab.errors import InputError
from brainlab.files.whole import whole_file
from brainlab.images.grid import Grid
from brainlab.images.laplacian import laplacian_variance
from brainlab.images.pictures import film_strip
from brainlab.images.provenance import Provenance
from brainlab.images.provenance_files import save_png
from brainlab.methods.generator import Autoencoder, Generator
from brainlab.methods.recipe import Network
from brainlab.methods.translator import Translator
from brainlab.networks.losses import kl_per_dimension

HELD_OUT_ERROR = "held_out_mse"
"""Name of the mean squared error on held-out images, of reconstructions or of what was translated."""

ACTIVE_KL = 0.01
"""A code dimension whose mean KL (nats) is below this carries nothing."""


def sharpness(images: Tensor) -> float:
    """Return the mean variance of the Laplacian of images [n, C, *size] in [0, 1], channel by channel, as of 0-255."""
    return float(laplacian_variance(images.float().flatten(0, 1).cpu().numpy()).mean())


def spread(images: Tensor) -> float:
    """Return the standard deviation over images, averaged over voxels: how much a set of images differs."""
    return float(images.float().std(0, correction=0).mean())


def look_at(network: Network, watched: Batch, shown: Batch | Tensor, count: int) -> dict[str, Any]:
    """Measure a generator by scans and `count` codes, or a translator by pairs; see the two functions below."""
    if isinstance(network, Translator):
        return describe_translator(network, watched)
    return describe(network, watched.image, cast(Tensor, shown)[:count])


def save_look(network: Network, shown: Batch | Tensor, count: int, path: Path) -> None:
    """Write a picture of what a network makes of the first `count` of what it is watched by."""
    if isinstance(network, Translator):
        save_translations(network, cast(Batch, shown), count, path)
    else:
        save_sample_grid(network, cast(Tensor, shown)[:count], path)


@torch.inference_mode()
def describe_translator(network: Translator, pairs: Batch) -> dict[str, Any]:
    """Measure a translator in evaluation mode on pairs of z-scores.

    The error is a mean over the voxels that count, all or those of the brain; that of the target's mean as the only
    answer stands beside it.
    """
    network.eval()
    made, truth = _in_parts(network.translate, pairs.image, size=4), pairs.target.float()
    counted = torch.ones_like(truth, dtype=torch.bool) if pairs.brain is None else pairs.brain
    if not counted.any():
        raise InputError(
            "--within brain: needs held-out patches with brain, got none; choose a larger --patch, or image"
        )
    difference, true = (made - truth)[counted], truth[counted]
    return {
        HELD_OUT_ERROR: float(difference.square().mean()),
        "held_out_mse_of_mean": float((true - true.mean()).square().mean()),
        "held_out_l1": float(difference.abs().mean()),
        "sharpness_real": _z_sharpness(truth),
        "sharpness_synthesised": _z_sharpness(made),
    }


@torch.inference_mode()
def describe(generator: Generator, real: Tensor, codes: Tensor) -> dict[str, Any]:
    """Measure a generator in evaluation mode.

    real: [n, *sample_shape] scans, held-out ones where there are any.  codes: [n, *code_shape] from the prior, fixed.
    Returns plain values for one line of `metrics.jsonl`; what needs an encoder is left out where there is none. The KL
    of a code of several parts, [parts, d], such as those of a volume's slices, is that of one part, a mean over them.
    """
    generator.eval()
    samples = _in_parts(generator.decode, codes)
    found: dict[str, Any] = {
        "sharpness_real": sharpness(real),
        "sharpness_generated": sharpness(samples),
        "spread_real": spread(real),
        "spread_generated": spread(samples),
    }
    if isinstance(generator, Autoencoder):
        mean, log_variance = generator.encode(real)
        reconstruction = _in_parts(generator.decode, mean)
        found |= {
            HELD_OUT_ERROR: float((reconstruction.float() - real.float()).square().mean()),
            "sharpness_reconstructed": sharpness(reconstruction),
        }
        if log_variance is None:
            return found
        kl = kl_per_dimension(mean, log_variance).flatten(0, -2).mean(0)  # [latent_dim]
        found |= {
            "held_out_kl": float(kl.sum()),
            "held_out_kl_reconstructed": _kl(generator, reconstruction),
            "held_out_kl_generated": _kl(generator, samples),
            "active_units": int((kl > ACTIVE_KL).sum()),
            "log_variance_min": float(log_variance.min()),
            "log_variance_max": float(log_variance.max()),
            "kl_per_dimension": [round(float(value), 4) for value in kl],
        }
    return found


def save_sample_grid(generator: Generator, codes: Tensor, path: Path) -> None:
    """Write the images of fixed codes [n, *code_shape] as a PNG, one column of middle slices a code."""
    with torch.inference_mode():
        images = _in_parts(generator.eval().decode, codes)[:, 0]  # [n, *size]
    strip = film_strip(images.float().cpu().numpy(), Grid.unplaced(images.shape[1:]))
    said = Provenance(kind="generated", settings={"during": "training", "codes": "fixed draws of the prior"})
    with whole_file(path) as scratch:  # a page may look at any moment
        save_png(strip, scratch, [said])


def save_translations(network: Translator, pairs: Batch, count: int, path: Path) -> None:
    """Write pairs as a PNG: for each the middle slices of the true target, and those of what is made of the inputs."""
    with torch.inference_mode():
        made = _in_parts(network.eval().translate, pairs.image[:count], size=4)
    images = torch.stack([pairs.target[:count].float(), made], dim=1).flatten(0, 1)[:, 0].cpu().numpy()
    low, high = Z_WINDOW
    strip = film_strip(((images - low) / (high - low)).clip(0, 1), Grid.unplaced(images.shape[1:]))
    said = Provenance(kind="generated", settings={"during": "training", "columns": "true, then synthesised"})
    with whole_file(path) as scratch:
        save_png(strip, scratch, [said])


def _z_sharpness(images: Tensor) -> float:
    """Return the sharpness of z-scores over the window of screens."""
    low, high = Z_WINDOW
    return sharpness(((images - low) / (high - low)).clamp(0, 1))


def _kl(generator: Autoencoder, images: Tensor) -> float:
    """Return the mean KL (nats) of images under the encoder, which gives a variance."""
    mean, log_variance = generator.encode(images)
    return float(kl_per_dimension(mean, cast(Tensor, log_variance)).sum(-1).mean())


def _in_parts(function: Any, inputs: Tensor, size: int = 32) -> Tensor:
    """Apply a function to parts of its input, so that memory does not grow with it."""
    return torch.cat([function(part) for part in inputs.split(size)])
