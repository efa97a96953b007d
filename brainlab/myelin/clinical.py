"""Multiple linear regression of a clinical score on an index of myelin (Wei's thesis, section 4.3.6 and table 4.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.measures.estimate import CONFIDENCE
from brainlab.types import FloatArray, StringArray

Values = Sequence[float | None] | FloatArray
"""One number a person [n]; None or NaN where it is missing."""
INTERCEPT = "intercept"
EXACT = 1e-20
"""Share of the outcome's variance that rounding alone leaves over."""


@dataclass(frozen=True)
class Term:
    """One coefficient with Student's test against 0 and its 95% interval.

    standardised_beta: coefficient times sd of the term over sd of the outcome; None of the intercept.
    """

    name: str
    coefficient: float
    standard_error: float
    t: float
    p: float
    low: float
    high: float
    standardised_beta: float | None


@dataclass(frozen=True)
class Regression:
    """Ordinary least squares over `n` people. missing: how many people lack each value; left_out: people in all."""

    terms: tuple[Term, ...]
    n: int
    left_out: int
    missing: dict[str, int]
    r_squared: float

    def term(self, name: str) -> Term:
        return next(term for term in self.terms if term.name == name)


def edss_regression(
    edss: Values,
    index: Values,
    *,
    age_years: Values,
    sex: Sequence[str | None] | StringArray,
    lesion_load_ml: Values,
    index_name: str = "index",
    log_load: bool = False,
) -> Regression:
    """Regress EDSS on an index with age, sex and T2 lesion load as covariates; one value a person each [n].

    sex: `F` or `M`, as the term `man` of 0 or 1; whoever has another one, or none, is left out.
    log_load: whether the covariate is ln(load). The thesis takes the load as it is; simulated EDSS depends on
    its logarithm, for which the plain load is the wrong form.
    """
    man = np.array([np.nan if letter is None else {"M": 1.0, "F": 0.0}.get(letter, np.nan) for letter in sex])
    load = _numbers(lesion_load_ml)
    if log_load:
        if (load <= 0).any():
            raise InputError("the logarithm of the lesion load needs loads above 0 ml, got 0; take the load as it is")
        load = np.log(load)
    load_name = "ln_lesion_load_ml" if log_load else "lesion_load_ml"
    return linear_regression("edss", edss, {index_name: index, "age_years": age_years, "man": man, load_name: load})


def linear_regression(outcome_name: str, outcome: Values, terms: Mapping[str, Values]) -> Regression:
    """Fit outcome = intercept + sum of coefficient * term by least squares, over the people who have every value.

    outcome and each term: one value a person [n], None or NaN where it is missing.
    Raises InputError for lengths that differ, too few people, values that are all the same, and terms that follow from
    one another.
    """
    from statsmodels.regression.linear_model import OLS

    columns = {outcome_name: _numbers(outcome)} | {name: _numbers(values) for name, values in terms.items()}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InputError(f"a regression needs one value a person of each, got {found}")
    gaps = {name: ~np.isfinite(values) for name, values in columns.items()}
    missing = {name: int(gap.sum()) for name, gap in gaps.items() if gap.any()}
    whole = ~np.any(list(gaps.values()), axis=0)
    n, left_out = int(whole.sum()), int((~whole).sum())
    columns = {name: values[whole] for name, values in columns.items()}
    _check_people(columns, missing, left_out)
    y = columns.pop(outcome_name)
    x = np.column_stack([np.ones(n), *columns.values()])  # [n, 1 + terms]
    scaled = np.column_stack([np.ones(n), *(((v - v.mean()) / v.std()) for v in columns.values())])
    if np.linalg.matrix_rank(scaled) < x.shape[1]:
        raise InputError(f"a regression needs terms that do not follow from one another, got {', '.join(columns)}")
    fit = OLS(y, x).fit()
    if fit.ssr <= EXACT * fit.centered_tss:
        raise InputError(
            f"a regression needs values that scatter about the fit, got {outcome_name} that the terms give "
            "exactly; there is no error to test against"
        )
    bounds = fit.conf_int(1 - CONFIDENCE)
    betas = [None, *(fit.params[1:] * x[:, 1:].std(axis=0, ddof=1) / y.std(ddof=1)).tolist()]
    estimated = [
        Term(
            name=name,
            coefficient=float(fit.params[place]),
            standard_error=float(fit.bse[place]),
            t=float(fit.tvalues[place]),
            p=float(fit.pvalues[place]),
            low=float(bounds[place, 0]),
            high=float(bounds[place, 1]),
            standardised_beta=betas[place],
        )
        for place, name in enumerate([INTERCEPT, *columns])
    ]
    return Regression(tuple(estimated), n, left_out, missing, float(fit.rsquared))


def _check_people(columns: Mapping[str, FloatArray], missing: Mapping[str, int], left_out: int) -> None:
    """Refuse too few people for the terms, and values that are the same for all of them.

    columns: the outcome and each term of the people who have all [n].
    """
    n, parameters = len(next(iter(columns.values()))), len(columns)
    gone = ""
    if left_out:
        lacking = ", ".join(f"{name} of {number}" for name, number in missing.items())
        gone = f" ({left_out} left out: missing {lacking})"
    if n <= parameters:
        raise InputError(
            f"a regression on {counted(parameters - 1, 'term')} needs {parameters + 1} people or more with each value, "
            f"got {n}{gone}; add people or leave out a term"
        )
    for name, values in columns.items():
        if np.ptp(values) == 0:
            same = f"{values[0]:g} for all {n}{gone}"
            raise InputError(f"a regression needs {name} that differs between people, got {same}; leave it out")


def _numbers(values: Values) -> FloatArray:
    """Return values as floats [n], NaN for None."""
    return np.array([np.nan if value is None else value for value in values], float)
