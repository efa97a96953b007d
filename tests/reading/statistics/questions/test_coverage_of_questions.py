"""Intervals of forced choices, rankings and ratings contain the truth about 95% of the time.

A small part of `benchmarks/reading/questions/coverage.py`, whose first study must also equal the report's figures.
"""

import numpy as np
import pytest

from benchmarks.reading.questions import rankings
from benchmarks.reading.questions.choices import Choices
from benchmarks.reading.questions.coverage import (
    choice_trial,
    coverage,
    exact,
    exact_coverage,
    plain,
    ranking_trial,
    rating_trial,
)
from benchmarks.reading.questions.rankings import Rankings
from benchmarks.reading.questions.ratings import CHOICE, PLACE, SCALE, Ratings

REPETITIONS = 150  # standard error of 95%: 1.8%
TRIALS = [
    (choice_trial(Choices(4, (2.5, 2.0, 3.0), 20, 0.25, "easy")), 20),
    (choice_trial(Choices(8, (0.0,), 50, 0.0, "guessing")), 50),
    (ranking_trial(Rankings("easy", rankings.REALISM["easy"], 50, 0.8)), 50),
    (ranking_trial(Rankings("equal", rankings.REALISM["equal"][:3], 20, 0.0)), 20),
    (rating_trial(Ratings(SCALE, "lopsided", 3, 50, 0.3)), 50),
    (rating_trial(Ratings(CHOICE, "lopsided", 3, 50, 0.3)), 50),
    (rating_trial(Ratings(PLACE, "far apart", 3, 50, 0.3)), 50),
]


@pytest.mark.parametrize(("trial", "cases"), TRIALS, ids=[trial.title for trial, _ in TRIALS])
def test_intervals_contain_the_truth_as_often_as_they_say(trial, cases):
    for name, row in coverage(trial, REPETITIONS, seed=1).items():
        # Wilson's interval of a share near 0 or 1 covers what its few counts let it cover.
        expected = exact_coverage(plain, row["truth"], cases) if name.startswith("ranked") else 0.95
        assert row["coverage"] > min(expected, 0.95) - 0.06, name
        assert row["given"] > 0.9 or name.startswith("d'"), name  # undefined where all choices are correct


@pytest.mark.parametrize("n", [20, 50, 100])
def test_by_all_counts_exact_intervals_never_cover_less_and_wilsons_cover_as_much_on_average(n: int):
    shares = np.linspace(0.05, 0.95, 37).tolist()
    assert min(exact_coverage(exact, share, n) for share in shares) >= 0.95
    assert np.mean([exact_coverage(plain, share, n) for share in shares]) == pytest.approx(0.95, abs=0.005)


def test_truths_of_rankings_are_what_many_studies_have_on_average():
    scenario = Rankings("unequal", rankings.REALISM["unequal"], 20_000, 0.8)
    for estimate, truth in rankings.figures(
        rankings.draw(scenario, 2, np.random.default_rng(0)), rankings.truths(scenario)
    ).values():
        assert estimate.value == pytest.approx(truth, abs=0.03)
