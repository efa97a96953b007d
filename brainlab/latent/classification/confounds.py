"""Take what is explained by acquisition parameters out of codes, to see how much of a result is disease."""

import numpy as np
import pandas as pd

from brainlab.cohort.scan_table import ACQUISITION_COLUMNS
from brainlab.types import FloatArray


def acquisition_matrix(scans: pd.DataFrame, columns: tuple[str, ...] = ACQUISITION_COLUMNS) -> FloatArray:
    """Return the acquisition parameters of each scan as floats [N, len(columns)]; what is not known is NaN."""
    known = {name: pd.to_numeric(scans[name], errors="coerce") for name in columns if name in scans}
    return np.column_stack([known.get(name, pd.Series(np.nan, index=scans.index)).to_numpy(float) for name in columns])


class MetadataRegression:
    """Linear regression of every latent dimension on covariates; `transform` keeps the residuals.

    Missing covariates take the training mean. What disease and acquisition share is removed with the acquisition, so an
    accuracy on residuals is a lower bound of what the disease alone gives.

    After `fit`: `coefficients_` [c + 1, d] on standardised covariates, intercept first.
    """

    def fit(self, codes: FloatArray, covariates: FloatArray) -> "MetadataRegression":
        """Learn from codes [N, d] and covariates [N, c] of the training split."""
        known = np.isfinite(covariates).any(axis=0)
        self.columns_ = np.flatnonzero(known)
        used = covariates[:, self.columns_]
        self.centre_ = np.nanmean(used, axis=0)
        scale = np.nanstd(used, axis=0)
        self.scale_ = np.where(scale > 0, scale, 1.0)
        self.coefficients_ = np.linalg.lstsq(self._design(covariates), codes.astype(np.float64), rcond=None)[0]
        return self

    def transform(self, codes: FloatArray, covariates: FloatArray) -> FloatArray:
        """Return codes [N, d] without what the covariates [N, c] explain; the mean stays."""
        return codes - self._design(covariates)[:, 1:] @ self.coefficients_[1:]

    def _design(self, covariates: FloatArray) -> FloatArray:
        standard = (covariates[:, self.columns_] - self.centre_) / self.scale_
        return np.column_stack([np.ones(len(covariates)), np.nan_to_num(standard)])
