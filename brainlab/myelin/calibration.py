"""Regression on an index that synthesised PET measures with error: regression calibration (ours, not in Wei's thesis).

The index W of synthesised PET is a surrogate of the index X of true PET: biased, compressed, and with error of its own.
Regression on W in place of X gives another coefficient. In people who have both, the regression of X on W and the
covariates Z tells which X to expect: the calibrated index, which takes the place of W (Rosner, Willett and Spiegelman
1989, doi:10.1002/sim.4780080905; Carroll, Ruppert, Stefanski and Crainiceanu, Measurement Error in Nonlinear Models,
2nd ed., 2006, chapter 4). It needs people with true PET, and a W that says nothing of the outcome beyond X and Z; it
makes no map better.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from brainlab.errors import InputError
from brainlab.measures.estimate import CONFIDENCE
from brainlab.myelin.clinical import INTERCEPT, Regression, Term, check_scatter
from brainlab.myelin.complete_people import Values, complete_people, design_matrix
from brainlab.types import FloatArray

LEAST_F = 10.0
"""F of the surrogate in the calibration below which intervals cannot be trusted (Staiger and Stock 1997,
doi:10.2307/2171753)."""
ALONE = 1e-9
"""Leverage short of 1 below which a person's calibrated index rests on that person alone."""
WHAT = "a calibrated regression"


@dataclass(frozen=True)
class CalibratedRegression(Regression):
    """A regression on the calibrated index. slope: of the true index on the surrogate, given the covariates.
    partial_r_squared: share that the surrogate explains of what the covariates leave of the true index."""

    slope: float
    partial_r_squared: float


def calibrated_index(true: FloatArray, surrogate_and_covariates: FloatArray) -> FloatArray:
    """Return the true index that is expected of each person [n], from the least squares fit over all others.

    true: [n].  surrogate_and_covariates: with a column of ones [n, k].
    People are left out one by one and not by folds: nothing is drawn at random, the calibration is learnt from as many
    people as possible, and it has a closed form, (fit_i - h_i true_i) / (1 - h_i) with leverage h_i, in which true_i
    cancels. Folds of a cross-validation would keep people no further apart: each of its networks has learnt from the
    people of all other folds.
    Raises InputError where a term rests on one person alone, who cannot be left out.
    """
    q, _ = np.linalg.qr(surrogate_and_covariates)  # [n, k]
    leverage = (q**2).sum(axis=1)
    if (leverage > 1 - ALONE).any():
        raise InputError(
            "a calibration needs two people or more for each term, as each is left out once, got one on whom a term "
            "rests alone; add people or leave out a term"
        )
    return (q @ (q.T @ true) - leverage * true) / (1 - leverage)


def calibrated_regression(
    outcome_name: str,
    outcome: Values,
    index_name: str,
    true: Values,
    surrogate: Values,
    covariates: Mapping[str, Values],
) -> CalibratedRegression:
    """Regress an outcome on the calibrated index and the covariates, over the people who have every value.

    outcome, true, surrogate and each covariate: one value a person [n], None or NaN where it is missing.

    Least squares on the calibrated index would be biased towards 0, since a prediction from all others but oneself
    varies more than the true expectation (by 1% for r = .9 in 76 people, by 7% for r = .75). The calibrated index is
    therefore the instrument of the true one: the coefficient is its slope with the outcome over its slope with the true
    index (jackknife instrumental variables, JIVE1; Angrist, Imbens and Krueger 1999). Standard errors are the sandwich
    of that estimate, in which the calibration's own uncertainty is contained, with residuals over 1 - leverage (HC3;
    MacKinnon and White 1985): EDSS ends at 0 and does not scatter alike everywhere. r_squared and the standardised
    coefficient are those of the calibrated index. Bias and coverage: `benchmarks/results/calibration_coverage.py`.

    Raises InputError for what `linear_regression` refuses, and for a surrogate that hardly follows the true index.
    """
    names = (f"true {index_name}", f"synthesised {index_name}")
    people = complete_people({outcome_name: outcome, names[0]: true, names[1]: surrogate, **covariates}, WHAT)
    columns = dict(people.columns)
    y, x = columns.pop(outcome_name), columns.pop(names[0])
    predictors = design_matrix(columns, WHAT)  # [n, k]: ones, surrogate, covariates
    slope, partial = _calibration(x, predictors)
    expected = calibrated_index(x, predictors)
    instruments, regressors = (_with_index(index, predictors) for index in (expected, x))
    inverse = np.linalg.inv(instruments.T @ regressors)  # [k, k]
    b = inverse @ (instruments.T @ y)
    residuals = y - regressors @ b
    check_scatter(float(residuals @ residuals), float(((y - y.mean()) ** 2).sum()), outcome_name)
    q, _ = np.linalg.qr(instruments)
    scores = instruments * (residuals / (1 - (q**2).sum(axis=1)))[:, None]
    errors = np.sqrt(np.diag(inverse @ (scores.T @ scores) @ inverse.T))
    fitted = q @ (q.T @ y)
    r_squared = 1 - float(((y - fitted) ** 2).sum() / ((y - y.mean()) ** 2).sum())
    spread = instruments.std(axis=0, ddof=1) / y.std(ddof=1)
    terms = _terms([INTERCEPT, index_name, *covariates], b, errors, b * spread, people.n - len(b))
    return CalibratedRegression(terms, people.n, people.left_out, people.missing, r_squared, slope, partial)


def _calibration(true: FloatArray, predictors: FloatArray) -> tuple[float, float]:
    """Return slope and squared partial correlation of the surrogate, the second of the predictors [n, k].

    Raises InputError where they are too small to calibrate by.
    """
    others = np.delete(predictors, 1, axis=1)
    x, w = (values - others @ np.linalg.lstsq(others, values, rcond=None)[0] for values in (true, predictors[:, 1]))
    slope, partial = float(x @ w / (w @ w)), float((x @ w) ** 2 / ((x @ x) * (w @ w)))
    degrees = len(true) - predictors.shape[1]
    if partial * degrees < LEAST_F * (1 - partial):
        raise InputError(
            f"a calibration needs a synthesised index that follows the true one (F of {LEAST_F:g} or more), got F "
            f"{partial * degrees / (1 - partial):.1f} over {len(true)} people; add people with true PET, or better maps"
        )
    return slope, partial


def _with_index(index: FloatArray, predictors: FloatArray) -> FloatArray:
    """Return the predictors with an index in the surrogate's place [n, k]."""
    return np.column_stack([predictors[:, 0], index, predictors[:, 2:]])


def _terms(names: list[str], b: FloatArray, errors: FloatArray, betas: FloatArray, degrees: int) -> tuple[Term, ...]:
    t, half = b / errors, stats.t.ppf(0.5 + CONFIDENCE / 2, degrees) * errors
    p = 2 * stats.t.sf(np.abs(t), degrees)
    columns = np.column_stack([b, errors, t, p, b - half, b + half]).tolist()  # [k, 6]
    return tuple(
        Term(name, value, error, t_value, p_value, low, high, beta)
        for name, (value, error, t_value, p_value, low, high), beta in zip(
            names, columns, [None, *betas[1:].tolist()], strict=True
        )
    )
