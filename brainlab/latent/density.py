"""Where the training codes lie: a Gaussian fitted to them, to sample from and to tell when a code is far outside."""

from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.covariance import LedoitWolf
from sklearn.model_selection import GroupKFold

from brainlab.errors import InputError
from brainlab.ranges import refuse_out_of_range
from brainlab.types import BoolArray, Float32Array, FloatArray

PART = 256
"""Codes that are drawn at once."""


class LatentGaussian:
    """A normal distribution over codes, its covariance shrunk as Ledoit and Wolf (2004) do.

    Samples decoded from it lie where scans do lie, which draws from the prior N(0, 1) need not: offered beside those.

    After `fit`: `mean_` [d]; `covariance_` [d, d]; `threshold_`, the Mahalanobis distance that 99% of codes stay below
    when their participant was left out of the fit.
    """

    def fit(self, codes: FloatArray, participants: Sequence[str] | None = None) -> "LatentGaussian":
        """Learn from codes [N, d] and, so that the threshold is honest, their participants [N].

        Raises InputError for fewer than two codes.
        """
        X = np.asarray(codes, dtype=np.float64)
        if len(X) < 2:
            raise InputError(f"fitting a Gaussian to codes needs at least two; got {len(X)}")
        self._learn(X)
        groups = np.arange(len(X)).astype(str) if participants is None else np.asarray(participants, str)
        folds = min(5, len(np.unique(groups)))
        distances = self.mahalanobis(X)
        if folds >= 2:
            for train, left_out in GroupKFold(folds).split(X, groups=groups):
                if len(train) >= 2:
                    distances[left_out] = LatentGaussian()._learn(X[train]).mahalanobis(X[left_out])
        self.threshold_ = float(np.percentile(distances, 99))
        return self

    def mahalanobis(self, codes: FloatArray) -> FloatArray:
        """Return the distance of codes [n, d] from the centre, in standard deviations of the training codes: [n]."""
        whitened = (np.asarray(codes, dtype=np.float64) - self.mean_) @ self._whiten
        return np.linalg.norm(whitened, axis=1)

    def is_far(self, codes: FloatArray) -> BoolArray:
        """Say of codes [n, d] whether they are farther out than 99% of left-out training codes: bool [n]."""
        return self.mahalanobis(codes) > self.threshold_

    def sample(self, n: int, seed: int = 0, truncation: float = 1.0) -> Float32Array:
        """Draw n codes [n, d]. truncation: factor on the standard deviation; 0 gives the mean every time."""
        return np.concatenate(list(self.sample_in_parts(n, seed, truncation)))

    def sample_in_parts(self, n: int, seed: int = 0, truncation: float = 1.0) -> Iterator[Float32Array]:
        """Draw what `sample` draws in parts of at most PART codes, so that memory does not grow with their number."""
        refuse_out_of_range({"n": n, "seed": seed, "truncation": truncation})
        random = np.random.default_rng(seed)
        for start in range(0, n, PART):
            noise = random.standard_normal((min(PART, n - start), len(self.mean_)))
            yield (self.mean_ + truncation * noise @ self._colour).astype(np.float32)

    def _learn(self, X: FloatArray) -> "LatentGaussian":
        fitted = LedoitWolf().fit(X)
        self.mean_, self.covariance_ = fitted.location_, fitted.covariance_
        variances, axes = np.linalg.eigh(self.covariance_)
        sd = np.sqrt(np.clip(variances, np.finfo(float).tiny, None))
        self._colour = (axes * sd).T
        self._whiten = axes / sd
        return self
