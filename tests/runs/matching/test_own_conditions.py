"""What a run is told of scans that it did not see: what their table says, of what the run has learnt."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from brainlab.methods.conditions import Condition
from brainlab.runs.matching.own_conditions import own_condition_warnings, own_conditions

KNOWN = (
    Condition(name="class", words=("healthy", "ms")),
    Condition(name="age_years", mean=50.0, spread=10.0, low=20.0, high=80.0),
    Condition(name="sex", words=("F", "M")),
)
RUN = SimpleNamespace(can=lambda ability: ability == "condition", conditions=KNOWN)
ROWS = np.array([3, 0, 1])


@pytest.fixture
def seen():
    scans = pd.DataFrame({"class": ["ms", "stroke", "ms", np.nan], "age_years": [90.0, 30.0, 40.0, np.nan]})
    return SimpleNamespace(scans=scans, folder=Path("cohort"))


def test_each_image_is_told_what_its_own_row_says_of_what_was_learnt(seen):
    assert own_conditions(RUN, seen, ROWS) == [
        {"class": None, "age_years": None, "sex": None},
        {"class": "ms", "age_years": 90.0, "sex": None},
        {"class": None, "age_years": 30.0, "sex": None},
    ]


def test_what_is_not_told_or_is_a_guess_is_said(seen):
    assert own_condition_warnings(RUN, seen, ROWS) == [
        "class: stroke was not in the training images, so it is not told",
        "age_years: of 1 image outside the 20 to 80 of the training images, so the result is a guess",
        "sex: is no column of cohort/scans.tsv, so it is not told",
    ]
    assert own_condition_warnings(RUN, seen, np.array([2])) == [
        "sex: is no column of cohort/scans.tsv, so it is not told"
    ]


def test_a_run_without_conditions_is_told_nothing(seen):
    plain = SimpleNamespace(can=lambda _: False)
    assert own_conditions(plain, seen, ROWS) is None
    assert own_condition_warnings(plain, seen, ROWS) == []
