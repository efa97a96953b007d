"""Means over readers who did not all judge the same cases: a large pool that was shared out, or cases left out.

Tables are [n, r], cases by readers, nan where a reader did not judge a case. A reader's figure is the mean over own
cases, and readers count alike. Where everybody judged everything, all of this is the ordinary mean over a table.
"""

import warnings
from dataclasses import dataclass

import numpy as np

from brainlab.measures.strata import Prior, stratum_codes
from brainlab.types import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class CaseParts:
    """What each case adds to a mean over readers: the mean of `values` [n] over cases is that over readers.

    codes: strata [n] of the cases, by source and by who judged them; for cases that all readers judged weigh more than
        others, and are sampled by themselves.
    weights: what a case of value 1 would add, [n]; their mean is 1.
    scatter: by how much more the variance that independent readers cause is than if all had judged the case, [n].
    """

    values: FloatArray
    codes: IntArray
    weights: FloatArray
    scatter: FloatArray

    def prior(self, cases: float, mean: float, variance: float = 0.0) -> Prior:
        """Return a prior of cases that every reader judges with this mean and variance, as such parts."""
        return Prior(cases, mean * self.weights, variance * self.scatter)


def own_means(values: FloatArray, axis: int | tuple[int, ...] = 0) -> FloatArray:
    """Return means over what was judged; nan where nothing was."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Mean of empty slice")
        return np.nanmean(values, axis=axis)


def over_readers(values: FloatArray, codes: IntArray) -> CaseParts:
    """Return the parts of the cases of a table [n, r] that anybody judged, of strata `codes` [n]."""
    judged = np.isfinite(values)
    kept = judged.any(axis=1)
    values, codes, judged = values[kept], codes[kept], judged[kept]
    n, readers = values.shape
    each = n / (readers * judged.sum(axis=0))  # [r], what a case adds through each reader
    who = np.unique(judged, axis=0, return_inverse=True)[1].ravel()
    weights = judged @ each
    return CaseParts(
        np.where(judged, values, 0.0) @ each,
        stratum_codes(codes * (who.max() + 1) + who, n),
        weights,
        weights**2 * readers / judged.sum(axis=1),
    )


def one_reader(values: FloatArray, codes: IntArray) -> CaseParts:
    """Return the parts of one reader's cases, [n], that all were judged."""
    return CaseParts(values, codes, np.ones(len(values)), np.ones(len(values)))


def covariance_of_own_means(values: FloatArray, codes: IntArray) -> FloatArray:
    """Return the covariance [r, r] that cases cause between readers' means over own cases of a table [n, r].

    codes: strata of the cases [n]. Two readers' means go together through the cases that both judged: in a stratum of
    which they judged n_i and n_j cases, n_ij of them both, the mean product of their deviations from own means there
    expects a share 1 - 1/n_i - 1/n_j + n_ij / (n_i n_j) of the covariance of one case.
    """
    judged = np.isfinite(values)
    totals = np.maximum(judged.sum(axis=0), 1).astype(float)
    total = np.zeros((values.shape[1], values.shape[1]))
    for stratum in np.unique(codes):
        block = values[codes == stratum]
        here = judged[codes == stratum].astype(float)
        n = np.maximum(here.sum(axis=0), 1)
        centred = np.where(here > 0, block - own_means(block), 0.0)
        share = 1 - 1 / n[:, None] - 1 / n + here.T @ here / np.outer(n, n)
        total += np.where(share > 1e-9, centred.T @ centred / np.maximum(share, 1e-9), 0.0)
    return total / np.outer(totals, totals)
