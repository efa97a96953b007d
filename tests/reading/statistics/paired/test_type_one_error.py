"""Under equal truth the paired tests err about 5% of the time, and their intervals contain the truth about 95%.

A small part of `benchmarks/reading/paired_tests.py`, whose first study must also equal the report's figures.
"""

import pytest

from benchmarks.reading.paired_tests import Scenario, judge

EQUAL = Scenario("equal", (0.6, -0.6, -0.6), (0.6, -0.6, -0.6))
REPETITIONS = 400  # standard error of 5%: 1.1%


@pytest.mark.parametrize("readers", [3, 5])
def test_paired_tests_err_as_often_as_they_say(readers):
    rows, errors = judge(EQUAL, readers, REPETITIONS, seed=1)
    for name, share in errors.items():
        assert 0.02 < share < 0.08, name
    for name, row in rows.items():
        assert 0.91 < row["coverage"] < 0.99, name
        assert row["given"] == 1


def test_the_truth_of_unequal_generators_is_what_many_studies_have_on_average():
    unequal = Scenario("unequal", (0.6, -0.6, -0.1), (0.85, -0.85, -0.35), spread=0.25)
    rows, errors = judge(unequal, 4, 150, seed=2)
    assert errors == {}
    assert all(row["coverage"] > 0.88 for row in rows.values())
    assert rows["generators, ROC area, other"]["truth"] > 0.1 > rows["conditions, ROC area, other"]["truth"] + 0.1
