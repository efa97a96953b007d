"""Multiple linear regression of a clinical score on an index of myelin (Wei's thesis, section 4.3.6 and table 4.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from brainlab.errors import InputError
from brainlab.measures.estimate import CONFIDENCE
from brainlab.myelin.complete_people import Values, as_numbers, complete_people, design_matrix
from brainlab.types import StringArray

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
    covariates = edss_covariates(age_years=age_years, sex=sex, lesion_load_ml=lesion_load_ml, log_load=log_load)
    return linear_regression("edss", edss, {index_name: index, **covariates})


def edss_covariates(
    *, age_years: Values, sex: Sequence[str | None] | StringArray, lesion_load_ml: Values, log_load: bool = False
) -> dict[str, Values]:
    """Return the terms beside the index by name, as `edss_regression` describes them."""
    man = np.array([np.nan if letter is None else {"M": 1.0, "F": 0.0}.get(letter, np.nan) for letter in sex])
    load = as_numbers(lesion_load_ml)
    if log_load:
        if (load <= 0).any():
            raise InputError("the logarithm of the lesion load needs loads above 0 ml, got 0; take the load as it is")
        load = np.log(load)
    return {"age_years": age_years, "man": man, "ln_lesion_load_ml" if log_load else "lesion_load_ml": load}


def linear_regression(outcome_name: str, outcome: Values, terms: Mapping[str, Values]) -> Regression:
    """Fit outcome = intercept + sum of coefficient * term by least squares, over the people who have every value.

    outcome and each term: one value a person [n], None or NaN where it is missing.
    Raises InputError for lengths that differ, too few people, values that are all the same, and terms that follow from
    one another.
    """
    from statsmodels.regression.linear_model import OLS

    people = complete_people({outcome_name: outcome, **terms})
    columns = dict(people.columns)
    y = columns.pop(outcome_name)
    x = design_matrix(columns)  # [n, 1 + terms]
    fit = OLS(y, x).fit()
    check_scatter(fit.ssr, fit.centered_tss, outcome_name)
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
    return Regression(tuple(estimated), people.n, people.left_out, people.missing, float(fit.rsquared))


def check_scatter(left: float, total: float, outcome_name: str) -> None:
    """Refuse an outcome that the terms give exactly; left, total: sums of squares about the fit and about the mean."""
    if left <= EXACT * total:
        raise InputError(
            f"a regression needs values that scatter about the fit, got {outcome_name} that the terms give "
            "exactly; there is no error to test against"
        )
