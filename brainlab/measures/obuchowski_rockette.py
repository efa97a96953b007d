"""Means over readers as a sample of readers and of cases: the analysis of Obuchowski and Rockette, corrected by Hillis.

One analysis serves a single condition and two of them. Two conditions that the same readers judged, and a machine
beside the readers, give one difference a reader; the mean of these differences is a mean over readers like any other
(the equality with the two-way analysis of variance: t^2 is its F, with MS(T x R) half the variance of the differences
and cov2 - cov3 half of their covariance).
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from brainlab.measures.estimate import CONFIDENCE, Estimate
from brainlab.types import FloatArray

ADDED_READER = 0.5
"""Part of a reader who differs as cases alone explain, in the variance between readers who differ less than that."""


@dataclass(frozen=True)
class ReaderTest(Estimate):
    """A mean difference over readers with its interval and the test that it is 0: t = value / se, two-sided.

    df: degrees of freedom, None where they are unbounded (readers who all differ alike). All None where untested.
    """

    se: float | None = None
    df: float | None = None
    t: float | None = None
    p: float | None = None


def obuchowski_rockette(values: FloatArray, covariance: FloatArray) -> tuple[float, float]:
    """Return the standard error of the mean over readers, as a sample of readers, and its degrees of freedom.

    sqrt((MS + r max(cov, 0)) / r), with MS the variance between readers' figures `values` [r] and cov the mean
    covariance between readers that common cases cause, off the diagonal of `covariance` [r, r] (Obuchowski and Rockette
    1995; degrees of freedom by Hillis 2007, equation 23, for a single modality).
    """
    readers = len(values)
    between = float(values.var(ddof=1))
    common = float((covariance.sum() - np.trace(covariance)) / (readers * (readers - 1)))
    total = between + max(readers * common, 0.0)
    # Readers who all differ alike do so to within rounding.
    degrees = total**2 / (between**2 / (readers - 1)) if between > 1e-12 else np.inf
    return float(np.sqrt(total / readers)), float(degrees)


def reader_test(differences: FloatArray, covariance: FloatArray, n: int) -> ReaderTest:
    """Test the mean of readers' differences [r] against 0, for readers like these and cases like these.

    covariance: of the differences, [r, r], that the cases cause. n: cases. Student's interval of `obuchowski_rockette`,
    within -1 and 1. Few readers often differ less by chance than their cases alone make them differ; the variance
    between them then takes in half a reader more, whose share is what cases explain. In the studies of
    `benchmarks.reading.paired_tests` intervals then miss 5.4, 4.7, 4.9 and 5.0% of the time with 2, 3, 5 and 10
    readers; without it 8.6, 6.0, 5.3 and 5.0%, and p is 0 where readers happen to agree.
    """
    readers, value = len(differences), float(differences.mean())
    if readers < 2:
        reason = "no test: one reader gives no estimate of the variation between readers"
        return ReaderTest(value, n=n, reason=reason)
    se, degrees = obuchowski_rockette(differences, covariance)
    by_cases = (np.trace(covariance) - covariance.sum() / readers) / (readers - 1)
    lacking = float(by_cases - differences.var(ddof=1))
    se = np.sqrt(se**2 + max(lacking, 0.0) * ADDED_READER / (readers - 1 + ADDED_READER) / readers)
    if se < 1e-9:
        return ReaderTest(value, n=n, reason="no test: neither readers nor cases differ")
    half = float(special.stdtrit(degrees, 0.5 + CONFIDENCE / 2)) * se
    return ReaderTest(
        value,
        max(value - half, -1.0),
        min(value + half, 1.0),
        n,
        se=float(se),
        df=degrees if np.isfinite(degrees) else None,
        t=float(value / se),
        p=float(2 * special.stdtr(degrees, -abs(value) / se)),
    )
