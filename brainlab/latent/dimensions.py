"""Which latent dimensions matter: for telling classes apart, and for what is visible in a scan."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.feature_selection import f_classif

from brainlab.latent.encoding import Encoding
from brainlab.types import FloatArray


def dimension_table(
    encoding: Encoding, labels: Sequence[str], covariates: Mapping[str, FloatArray] | None = None
) -> pd.DataFrame:
    """Describe each dimension; rows are ordered so that those which separate the classes best come first.

    Where there is but one class, or none, those which vary most do: a collapsed dimension moves nothing.

    Columns: `dimension` (zero-based); `f` and `p` of a one-way analysis of variance of the class; `eta_squared` (share
    of the variance between classes); `kl_nats` (NaN where the encoder knows no spread); `active`; `mean`, `sd`, `low`,
    `high` (1st and 99th percentile of the posterior means, which offer a slider its range); `r_<name>`, Pearson's
    correlation with each covariate where known.
    labels: [N]. covariates: name to [N], NaN where unknown.
    """
    codes = encoding.mean.astype(np.float64)
    kl = encoding.kl_per_dimension()
    low, high = np.percentile(codes, [1, 99], axis=0)
    f, p, eta_squared = class_effects(codes, labels)
    table = pd.DataFrame(
        {
            "dimension": np.arange(encoding.latent_dim),
            "f": f,
            "p": p,
            "eta_squared": eta_squared,
            "kl_nats": np.nan if kl is None else kl,
            "active": encoding.active(),
            "mean": codes.mean(axis=0),
            "sd": codes.std(axis=0),
            "low": low,
            "high": high,
        }
    )
    for name, values in (covariates or {}).items():
        table[f"r_{name}"] = correlations(codes, values)
    return table.sort_values(["f", "sd"], ascending=False, kind="stable").reset_index(drop=True)


def class_effects(codes: FloatArray, labels: Sequence[str]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return F, p and eta squared of the class for each of the columns of codes [N, d].

    F is 0 and p 1 where a dimension does not vary, or there is only one class; F is infinite and eta squared 1 where it
    varies between classes alone.
    """
    names, counts = np.unique(np.asarray(labels, str), return_counts=True)
    if len(names) < 2 or len(labels) <= len(names) or counts.max() < 2:
        return np.zeros(codes.shape[1]), np.ones(codes.shape[1]), np.zeros(codes.shape[1])
    varies = codes.std(axis=0) > 0
    f, p = np.zeros(codes.shape[1]), np.ones(codes.shape[1])
    with np.errstate(divide="ignore"):  # F is infinite where nothing varies within classes
        f[varies], p[varies] = f_classif(codes[:, varies], np.asarray(labels, str))
    between, within = len(names) - 1, len(labels) - len(names)
    return f, p, 1 - within / (f * between + within)


def correlations(codes: FloatArray, values: FloatArray) -> FloatArray:
    """Return Pearson's r of every dimension of codes [N, d] with values [N], over the scans where it is known: [d].

    0 where either does not vary or fewer than three scans are known.
    """
    known = np.isfinite(values)
    if known.sum() < 3:
        return np.zeros(codes.shape[1])
    x, y = codes[known] - codes[known].mean(axis=0), values[known] - values[known].mean()
    scale = np.sqrt((x**2).sum(axis=0) * (y**2).sum())
    return np.divide(y @ x, scale, out=np.zeros(codes.shape[1]), where=scale > 0)


def counterpart(table: pd.DataFrame, covariate: str) -> tuple[int, float] | None:
    """Return the active dimension that goes most closely with a covariate, and its correlation; None without one.

    So a run's own counterpart of the paper's dimensions 175 (lateral ventricles) and 76 (overall intensity) is found.
    What a dimension shows that carries nothing goes with a covariate by chance, and no image changes along it.
    """
    active = table[table["active"]]
    if active.empty:
        return None
    r = active[f"r_{covariate}"].to_numpy()
    strongest = int(np.abs(r).argmax())
    return int(active["dimension"].iloc[strongest]), float(r[strongest])


def class_histograms(
    values: FloatArray, labels: Sequence[str], low: float, high: float, bins: int = 24
) -> dict[str, list[float]]:
    """Return each class's distribution of one dimension or direction, for a slider's track.

    values: [N]. Each list holds the share of the class's scans in each of `bins` equal steps from low to high; scans
    beyond the ends are counted in the last step.
    """
    names = np.asarray(labels, str)
    clipped = np.clip(values, low, high)
    return {
        str(name): (np.histogram(clipped[names == name], bins, (low, high))[0] / (names == name).sum()).tolist()
        for name in np.unique(names)
    }
