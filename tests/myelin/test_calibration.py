"""Calibration returns the coefficient of the true index from a surrogate, and nobody is calibrated by their own PET."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.sandbox.regression.gmm import IV2SLS

from brainlab.errors import InputError
from brainlab.myelin.calibration import calibrated_index, calibrated_regression
from brainlab.myelin.clinical import linear_regression


def people(n=40, seed=0, error=0.05):
    """Return a score on a true index and age; the surrogate is too small, compressed, and depends on age."""
    random = np.random.default_rng(seed)
    age = random.normal(46, 12, n)
    true = 0.5 + 0.002 * (age - 46) + random.normal(0, 0.25, n)
    surrogate = -0.1 + 0.6 * true + 0.001 * age + random.normal(0, error, n)
    edss = 3 - 2.5 * true + 0.04 * age + random.normal(0, 0.5, n)
    return {"edss": edss, "true": true, "surrogate": surrogate, "age_years": age}


def regress(data):
    covariates = {name: data[name] for name in data if name not in ("edss", "true", "surrogate")}
    return calibrated_regression("edss", data["edss"], "index", data["true"], data["surrogate"], covariates)


def predictors_of(data):
    return np.column_stack([np.ones(len(data["true"])), data["surrogate"], data["age_years"]])


def test_each_person_has_what_a_fit_of_all_others_predicts():
    data = people()
    true, predictors = data["true"], predictors_of(data)
    everyone = np.arange(len(true))
    wanted = [
        sm.OLS(true[everyone != one], predictors[everyone != one]).fit().predict(predictors[[one]])[0]
        for one in everyone
    ]
    np.testing.assert_allclose(calibrated_index(true, predictors), wanted, rtol=1e-9)


def test_a_persons_own_true_index_does_not_move_their_calibrated_one_but_that_of_others():
    data = people()
    before = calibrated_index(data["true"], predictors_of(data))
    data["true"][7] += 0.3
    moved = np.abs(calibrated_index(data["true"], predictors_of(data)) - before)
    assert moved[7] < 1e-12
    assert (np.delete(moved, 7) > 1e-6).all()


def test_coefficients_are_those_of_instrumental_variables_and_errors_of_their_robust_sandwich():
    data = people()
    found = regress(data)
    predictors = predictors_of(data)
    instruments, regressors = predictors.copy(), predictors.copy()
    instruments[:, 1], regressors[:, 1] = calibrated_index(data["true"], predictors), data["true"]
    outside = IV2SLS(data["edss"], regressors, instruments).fit()
    projected = instruments @ np.linalg.lstsq(instruments, regressors, rcond=None)[0]
    # statsmodels has robust errors of least squares alone: of the second stage, with residuals by the true index
    second = sm.OLS(outside.resid + projected @ outside.params, projected).fit(cov_type="HC3", use_t=True)
    assert [term.name for term in found.terms] == ["intercept", "index", "age_years"]
    for place, term in enumerate(found.terms):
        assert term.coefficient == pytest.approx(outside.params[place])
        assert term.standard_error == pytest.approx(second.bse[place])
        half = stats.t.ppf(0.975, 37) * second.bse[place]
        assert (term.low, term.high) == (
            pytest.approx(term.coefficient - half), pytest.approx(term.coefficient + half)
        )  # fmt: skip
        assert term.p == pytest.approx(2 * stats.t.sf(abs(term.coefficient / term.standard_error), 37))
    of_index = sm.OLS(data["edss"], instruments).fit()
    assert found.r_squared == pytest.approx(of_index.rsquared)
    sd = instruments[:, 1].std(ddof=1) / data["edss"].std(ddof=1)
    assert found.term("index").standardised_beta == pytest.approx(found.term("index").coefficient * sd)
    assert found.terms[0].standardised_beta is None
    first = sm.OLS(data["true"], predictors).fit()
    assert found.slope == pytest.approx(first.params[1])
    f = first.tvalues[1] ** 2
    assert found.partial_r_squared == pytest.approx(f / (f + 37))


def test_a_perfect_surrogate_changes_no_coefficient():
    data = people()
    data["surrogate"] = data["true"]
    found = regress(data)
    plain = linear_regression("edss", data["edss"], {"index": data["true"], "age_years": data["age_years"]})
    assert [term.coefficient for term in found.terms] == pytest.approx([term.coefficient for term in plain.terms])
    assert (found.slope, found.partial_r_squared) == (pytest.approx(1), pytest.approx(1))


def test_a_linear_surrogate_returns_the_true_coefficients_whatever_its_unit():
    data = people()
    plain = linear_regression("edss", data["edss"], {"index": data["true"], "age_years": data["age_years"]})
    data["surrogate"] = -0.2 + 0.4 * data["true"] + 0.003 * data["age_years"]
    coefficients = [term.coefficient for term in plain.terms]
    assert [term.coefficient for term in regress(data).terms] == pytest.approx(coefficients)
    noisy = people(error=0.1)
    one = regress(noisy)
    noisy["surrogate"] = 5 - 30 * noisy["surrogate"] + noisy["age_years"]
    other = regress(noisy)
    for term, same in zip(one.terms, other.terms, strict=True):
        assert (term.coefficient, term.standard_error) == (
            pytest.approx(same.coefficient), pytest.approx(same.standard_error)
        )  # fmt: skip


def test_intervals_hold_the_coefficient_that_a_surrogate_with_error_misses():
    studies = [people(76, seed, error=0.1) for seed in range(300)]
    found = [regress(data).term("index") for data in studies]
    naive = [
        linear_regression("edss", one["edss"], {"index": one["surrogate"], "age_years": one["age_years"]}).term("index")
        for one in studies
    ]
    assert np.mean([term.coefficient for term in found]) == pytest.approx(-2.5, abs=0.05)
    assert np.mean([term.coefficient for term in naive]) < -2.7
    assert 0.92 < np.mean([term.low < -2.5 < term.high for term in found]) < 0.99  # 95% of 300: sd .013
    assert np.mean([term.low < -2.5 < term.high for term in naive]) < 0.85


def test_people_who_lack_either_index_are_left_out_and_counted():
    data = people()
    whole = regress({name: values[3:] for name, values in data.items()})
    data["true"] = [None, *data["true"][1:]]
    data["surrogate"] = [*data["surrogate"][:1], np.nan, *data["surrogate"][2:]]
    data["edss"] = [*data["edss"][:2], None, *data["edss"][3:]]
    found = regress(data)
    assert (found.n, found.left_out) == (37, 3)
    assert found.missing == {"edss": 1, "true index": 1, "synthesised index": 1}
    assert found.term("index").coefficient == pytest.approx(whole.term("index").coefficient)


ALONE = [1.0, *[0.0] * 39]


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        (
            {"true": [0.1, 0.2, 0.3, 0.5, *[None] * 36]},
            r"a calibrated regression on 3 terms needs 5 people or more with each value, got 4 \(36 left out: missing "
            r"true index of 36\); add people or leave out a term",
        ),
        ({"surrogate": [0.4] * 40}, "needs synthesised index that differs between people, got 0.4 for all 40"),
        (
            {"surrogate": people()["age_years"] / 100},
            "do not follow from one another, got synthesised index, age_years",
        ),
        ({"man": ALONE}, "needs two people or more for each term, as each is left out once, got one on whom a term"),
        (
            {"surrogate": np.random.default_rng(5).normal(0, 1, 40)},
            r"follows the true one \(F of 10 or more\), got F \d\.\d over 40 people; add people with true PET",
        ),
        ({"edss": 8 - 5 * people()["true"] + people()["age_years"] / 9}, "got edss that the terms give exactly"),
    ],
)
def test_a_calibration_that_cannot_be_is_refused(changed, part):
    with pytest.raises(InputError, match=part):
        regress({**people(), **changed})
