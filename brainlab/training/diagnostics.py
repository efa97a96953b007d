"""What a run is watched by: the health of its code and of its samples, measured at the ends of epochs."""

from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from brainlab.files.whole import whole_file
from brainlab.images.grid import Grid
from brainlab.images.laplacian import laplacian_variance
from brainlab.images.pictures import film_strip
from brainlab.images.provenance import Provenance
from brainlab.images.provenance_files import save_png
from brainlab.methods.generator import Autoencoder, Generator
from brainlab.networks.losses import kl_per_dimension

ACTIVE_KL = 0.01
"""A code dimension whose mean KL (nats) is below this carries nothing."""


def sharpness(images: Tensor) -> float:
    """Return the mean variance of the Laplacian of images [n, C, *size] in [0, 1], channel by channel, as of 0-255."""
    return float(laplacian_variance(images.float().flatten(0, 1).cpu().numpy()).mean())


def spread(images: Tensor) -> float:
    """Return the standard deviation over images, averaged over voxels: how much a set of images differs."""
    return float(images.float().std(0, correction=0).mean())


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
            "held_out_mse": float((reconstruction.float() - real.float()).square().mean()),
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


def _kl(generator: Autoencoder, images: Tensor) -> float:
    """Return the mean KL (nats) of images under the encoder, which gives a variance."""
    mean, log_variance = generator.encode(images)
    return float(kl_per_dimension(mean, cast(Tensor, log_variance)).sum(-1).mean())


def _in_parts(function: Any, inputs: Tensor, size: int = 32) -> Tensor:
    """Apply a function to parts of its input, so that memory does not grow with it."""
    return torch.cat([function(part) for part in inputs.split(size)])
