"""Codes of scans: the posterior of an autoencoder for each scan, and what each latent dimension carries."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from brainlab.errors import InputError
from brainlab.types import BoolArray, Float32Array, FloatArray, IntArray

Decode = Callable[[Float32Array], Float32Array]
"""Codes [n, d] to images [n, *shape] in [0, 1]."""

ACTIVE_NATS = 0.01
"""A dimension with less Kullback-Leibler divergence than this, on average, has collapsed onto the prior."""
ACTIVE_VARIANCE = 0.01
"""A dimension whose codes vary less over scans carries nothing (Burda et al. 2016, section 4.2)."""


@dataclass(frozen=True)
class Encoding:
    """Gaussian posteriors of N scans. mean, log_variance: float32 [N, d]; None where the encoder knows no spread."""

    mean: Float32Array
    log_variance: Float32Array | None

    def __post_init__(self) -> None:
        spread = None if self.log_variance is None else self.log_variance.shape
        if self.mean.ndim != 2 or spread not in (None, self.mean.shape):
            raise InputError(
                f"encoding: needs mean and log variance of one shape [scans, dimensions], got {self.mean.shape} "
                f"and {spread}"
            )

    def __len__(self) -> int:
        return len(self.mean)

    @property
    def latent_dim(self) -> int:
        return self.mean.shape[1]

    def rows(self, indices: IntArray) -> "Encoding":
        """Return the posteriors of some scans."""
        return Encoding(self.mean[indices], None if self.log_variance is None else self.log_variance[indices])

    def kl_per_dimension(self) -> FloatArray | None:
        """Return KL[q(z_k|x) || N(0, 1)] in nats of each dimension, averaged over scans: [d]; None without a spread."""
        if self.log_variance is None:
            return None
        mean, log_variance = self.mean.astype(np.float64), self.log_variance.astype(np.float64)
        return 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).mean(axis=0)

    def active(self, threshold_nats: float = ACTIVE_NATS) -> BoolArray:
        """Say of each dimension whether it carries anything: [d].

        That is more than `threshold_nats` of KL, as those with less have collapsed onto the prior; where the encoder
        knows no spread, a variance of the codes above ACTIVE_VARIANCE.
        """
        kl = self.kl_per_dimension()
        return self.mean.var(axis=0) > ACTIVE_VARIANCE if kl is None else kl > threshold_nats


def together(parts: Iterable[tuple[Float32Array, Float32Array | None]]) -> Encoding:
    """Return the posteriors of parts of the images as one, their codes as vectors.

    parts: posterior mean and log variance of some images, each [k, *code_shape]; None where an encoder knows no spread.
    Raises InputError when there is no image, or when a code is not finite.
    """
    found = list(parts)
    if not found:
        raise InputError("there is no image to encode")
    mean = _vectors([part[0] for part in found])
    known = [part[1] for part in found if part[1] is not None]
    log_variance = _vectors(known) if known else None
    if not (np.isfinite(mean).all() and (log_variance is None or np.isfinite(log_variance).all())):
        raise InputError("the run gives codes that are not finite; train it again")
    return Encoding(mean, log_variance)


def _vectors(codes: Sequence[Float32Array]) -> Float32Array:
    """Return codes [k, *code_shape] of several parts as one array [n, d]."""
    return np.concatenate([part.reshape(len(part), -1) for part in codes]).astype(np.float32)


def class_means(codes: FloatArray, labels: Sequence[str]) -> dict[str, Float32Array]:
    """Return the mean code of each class: name to [d]. codes: [N, d]; labels: [N]."""
    names = np.asarray(labels, str)
    return {str(name): codes[names == name].mean(axis=0).astype(np.float32) for name in np.unique(names)}
