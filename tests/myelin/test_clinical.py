"""The regression of EDSS agrees with its formulas, finds what the simulator put in, and says what it cannot do."""

import numpy as np
import pytest
from scipy import stats

from brainlab.errors import InputError
from brainlab.myelin.clinical import edss_regression, linear_regression
from brainlab.myelin.indices import MyelinMaps
from brainlab.simulation.disease.longitudinal import EDSS_COEFFICIENTS, Visits, disability, draw_remyelination


def people(n=25, seed=0):
    random = np.random.default_rng(seed)
    return {
        "edss": random.normal(3, 1.5, n),
        "index": random.beta(2, 4, n),
        "age_years": random.normal(46, 12, n),
        "sex": np.where(np.arange(n) % 3 == 0, "M", "F"),
        "lesion_load_ml": random.lognormal(2.2, 0.8, n),
    }


def test_each_term_is_what_the_formulas_of_least_squares_give():
    data = people()
    found = edss_regression(**data, index_name="dynamic_remyelination")
    y, man = data["edss"], (data["sex"] == "M").astype(float)
    x = np.column_stack([np.ones(25), data["index"], data["age_years"], man, data["lesion_load_ml"]])
    b, residual = np.linalg.lstsq(x, y, rcond=None)[:2]
    se = np.sqrt(np.diag(np.linalg.inv(x.T @ x)) * residual / 20)
    half = stats.t.ppf(0.975, 20) * se
    names = ["intercept", "dynamic_remyelination", "age_years", "man", "lesion_load_ml"]
    assert [term.name for term in found.terms] == names
    for place, term in enumerate(found.terms):
        assert term.coefficient == pytest.approx(b[place])
        assert term.standard_error == pytest.approx(se[place])
        assert term.t == pytest.approx(b[place] / se[place])
        assert term.p == pytest.approx(2 * stats.t.sf(abs(b[place] / se[place]), 20))
        assert (term.low, term.high) == (pytest.approx(b[place] - half[place]), pytest.approx(b[place] + half[place]))
    scored = (x[:, 1:] - x[:, 1:].mean(0)) / x[:, 1:].std(0)  # betas are the coefficients of z-scores
    betas = np.linalg.lstsq(scored, (y - y.mean()) / y.std(), rcond=None)[0]
    np.testing.assert_allclose([term.standardised_beta for term in found.terms[1:]], betas, rtol=1e-9)
    assert found.terms[0].standardised_beta is None
    assert found.r_squared == pytest.approx(1 - residual[0] / ((y - y.mean()) ** 2).sum())
    assert (found.n, found.left_out, found.missing) == (25, 0, {})


def test_people_without_a_value_are_left_out_and_counted():
    data = people()
    whole = edss_regression(**{name: values[4:] for name, values in data.items()})
    data["edss"] = [None, np.nan, *data["edss"][2:]]
    data["sex"] = ["M", "F", "O", None, *data["sex"][4:]]
    data["index"] = [None, *data["index"][1:]]
    found = edss_regression(**data)
    assert (found.n, found.left_out, found.missing) == (21, 4, {"edss": 2, "index": 1, "man": 2})
    assert found.term("index").coefficient == pytest.approx(whole.term("index").coefficient)


def simulated_people(n, seed):
    """EDSS of the simulator, with indices from voxels of plaques that remyelinate from the rim inwards."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        states = draw_remyelination(rng, 12, Visits((0.0, 1.5, 3.5)))  # [visits, plaques]
        depth = rng.random((12, 200))  # of each voxel of a plaque, from rim to core
        t0, t1 = (depth > state[:, None] for state in (states[0], states[-1]))
        index = MyelinMaps.within(np.ones_like(t0), t0, t1).indices()["dynamic_remyelination"].value
        age, sex, load = rng.normal(46, 12), "M" if rng.random() < 0.3 else "F", 9.5 * np.exp(rng.normal(0, 0.9))
        rows.append((disability(rng, index, age, sex, load), index, age, sex, load))
    return dict(zip(("edss", "index", "age_years", "sex", "lesion_load_ml"), zip(*rows, strict=True), strict=True))


def test_what_the_simulator_put_into_edss_lies_within_the_intervals_by_the_logarithm_of_the_load():
    terms = {
        "dynamic_remyelination": "dynamic_remyelination",
        "age_years": "age_years_over_46",
        "man": "man",
        "ln_lesion_load_ml": "ln_lesion_volume_over_10_ml",
    }
    cohorts = [simulated_people(60, seed) for seed in range(40)]
    found = [edss_regression(**people, index_name="dynamic_remyelination", log_load=True) for people in cohorts]
    for name, key in terms.items():
        truth = EDSS_COEFFICIENTS[key]
        held = sum(one.term(name).low < truth < one.term(name).high for one in found)
        assert held >= 34, name  # 38 of 40; EDSS ends at 0, which bends the formula a little
    assert all(one.term("dynamic_remyelination").standardised_beta < -0.3 for one in found)
    plain = [edss_regression(**people) for people in cohorts]
    assert plain[0].terms[-1].name == "lesion_load_ml"
    # the thesis' covariate is the wrong form for these people
    assert np.mean([one.r_squared for one in plain]) < np.mean([one.r_squared for one in found]) - 0.03


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"sex": ["F"] * 25}, "needs man that differs between people, got 0 for all 25; leave it out"),
        ({"edss": [2.0] * 25}, "needs edss that differs between people, got 2 for all 25"),
        (
            {"edss": [1.0] * 5 + [None] * 20},
            r"4 terms needs 6 people or more with each value, got 5 \(20 left out: missing edss of 20\)",
        ),
        ({"lesion_load_ml": np.arange(25), "age_years": 3 * np.arange(25) + 20}, "do not follow from one another"),
        ({"index": [0.1, 0.2]}, "one value a person of each, got edss 25, index 2"),
        ({"edss": people()["age_years"] / 10}, "got edss that the terms give exactly"),
    ],
)
def test_a_regression_that_cannot_be_is_refused(changed, part):
    with pytest.raises(InputError, match=part):
        edss_regression(**{**people(), **changed})


def test_a_load_of_nothing_has_no_logarithm():
    data = people()
    data["lesion_load_ml"][3] = 0
    with pytest.raises(InputError, match="needs loads above 0 ml, got 0"):
        edss_regression(**data, log_load=True)


def test_one_term_alone_is_a_straight_line():
    found = linear_regression("y", [1.0, 2, 4, 3], {"x": [0.0, 1, 2, 3]})
    line = stats.linregress([0, 1, 2, 3], [1, 2, 4, 3])
    term = found.term("x")
    assert (term.coefficient, term.standard_error, term.p, term.standardised_beta) == tuple(
        map(pytest.approx, (line.slope, line.stderr, line.pvalue, line.rvalue))
    )
