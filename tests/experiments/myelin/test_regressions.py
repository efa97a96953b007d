"""Regressions of the patients of a report, which are the same when the report was kept and is read again."""

import json

import numpy as np
import pytest

from brainlab.experiments.myelin.regressions import REGRESSED, regressions
from brainlab.experiments.tables.records_at_hand import reports_at_hand
from brainlab.myelin.calibration import calibrated_regression
from brainlab.simulation.disease.longitudinal import EDSS_COEFFICIENTS
from brainlab.workspace import MODELS, RECORDS


def patients(n=30):
    random = np.random.default_rng(0)
    rows = []
    for number in range(n):
        true = dict(zip(REGRESSED, random.beta(2, 3, 2).tolist(), strict=True))
        rows.append(
            {
                "age_years": float(random.normal(46, 12)),
                "sex": "MF"[number % 2],
                "edss": float(4 - 2.5 * true["dynamic_remyelination"] + random.normal(0, 0.5)),
                "lesion_load_ml": float(random.lognormal(2, 0.5)),
                "true": {name: {"value": value} for name, value in true.items()},
                "synthesised": {
                    name: {"value": 0.6 * value + float(random.normal(0, 0.01))} for name, value in true.items()
                },
            }
        )
    return rows


@pytest.mark.parametrize("log_load", [False, True])
def test_the_calibrated_part_takes_the_expected_index_in_place_of_the_synthesised(log_load):
    rows = patients()
    found = regressions(rows, log_load=log_load)
    assert list(found) == ["true", "synthesised", "calibrated"]
    load = np.array([row["lesion_load_ml"] for row in rows])
    load_name = "ln_lesion_load_ml" if log_load else "lesion_load_ml"
    for index in REGRESSED:
        true, made = ([row[source][index]["value"] for row in rows] for source in ("true", "synthesised"))
        covariates = {
            "age_years": [row["age_years"] for row in rows],
            "man": [float(row["sex"] == "M") for row in rows],
            load_name: np.log(load) if log_load else load,
        }
        alone = calibrated_regression("edss", [row["edss"] for row in rows], index, true, made, covariates)
        assert found["calibrated"][index]["slope"] == pytest.approx(1 / 0.6, abs=0.1)
        terms = {term["name"]: term["coefficient"] for term in found["calibrated"][index]["terms"]}
        assert terms == {term.name: pytest.approx(term.coefficient) for term in alone.terms}


def test_patients_without_synthesised_pet_have_no_calibrated_part():
    rows = [{name: value for name, value in row.items() if name != "synthesised"} for row in patients()]
    assert list(regressions(rows)) == ["true"]


def test_what_cannot_be_calibrated_says_why():
    rows = patients()
    for row in rows[5:]:
        row["true"]["dynamic_remyelination"]["value"] = None
    found = regressions(rows)["calibrated"]
    assert found["dynamic_remyelination"]["reason"].startswith("a calibrated regression on 5 terms needs 7 people")
    assert "terms" in found["dynamic_demyelination"]
    for row in rows:
        row["edss"] = None
    assert regressions(rows)["calibrated"]["dynamic_demyelination"]["reason"].startswith("no patient has an edss")


def test_the_report_that_ships_holds_what_its_patients_give():
    (report,) = reports_at_hand([MODELS / RECORDS]).values()
    again = regressions(report["patients"], log_load=True)
    assert set(again) == set(report["regression"])
    for source, indices in again.items():
        for index, regression in indices.items():
            kept = report["regression"][source][index]
            for term, other in zip(regression["terms"], kept["terms"], strict=True):
                assert json.loads(json.dumps(term)) == pytest.approx(other)
    term = next(
        term
        for term in report["regression"]["calibrated"]["dynamic_remyelination"]["terms"]
        if term["name"] == "dynamic_remyelination"
    )
    assert term["low"] < EDSS_COEFFICIENTS["dynamic_remyelination"] < term["high"]
