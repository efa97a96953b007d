"""Empirical ROC curves: the area below a reader's curve is the area that is printed."""

import numpy as np
import pandas as pd
import pytest

from brainlab.reading.statistics import roc


@pytest.fixture
def rows() -> pd.DataFrame:
    random = np.random.default_rng(3)
    truth = np.repeat(["real", "fake"], 40)
    answer = np.where(random.random(80) < 0.7, truth, np.where(truth == "real", "fake", "real"))
    return pd.DataFrame({"truth": truth, "answer": answer, "confidence": random.integers(1, 6, 80).astype(float)})


def test_the_area_below_the_curve_is_the_area_in_the_table(rows):
    points = roc.curve(rows)
    area = np.trapezoid(points["true_positive_rate"], points["false_positive_rate"])
    assert area == pytest.approx(roc.area(rows[:40], rows[40:])["value"])
    for rates in points.values():
        assert (rates[0], rates[-1]) == (0, 1)
        assert np.all(np.diff(rates) >= 0)


def test_confidence_is_signed_by_the_answer_and_skips_blanks():
    rows = pd.DataFrame({"answer": ["real", "fake", None, "real"], "confidence": [5.0, 2.0, 3.0, np.nan]})
    assert roc.signed_confidence(rows).tolist() == [5, -2]


def test_no_curve_without_confidence_or_with_one_kind_of_case(rows):
    assert roc.curve(rows.drop(columns="confidence")) is None
    assert roc.curve(rows[:40]) is None
    assert (
        "no confidence"
        in roc.area(rows[:40].drop(columns="confidence"), rows[40:].drop(columns="confidence"))["reason"]
    )
