"""Time and learning over the course of a reading."""

import numpy as np
import pandas as pd
import pytest

from brainlab.reading.statistics import time_course
from brainlab.reading.statistics.answers import Answers


def answers(right: np.ndarray, seconds: np.ndarray | None = None, **columns) -> Answers:
    """One reader who sees real cases in the order of positions 1, 2, ..."""
    n = len(right)
    frame = pd.DataFrame(
        {
            "reader": "R1",
            "case": [str(case) for case in range(n)],
            "answer": np.where(right, "real", "fake"),
            "truth": "real",
            "position": np.arange(1, n + 1),
            **({} if seconds is None else {"active_ms": 1000 * seconds}),
            **columns,
        }
    )
    return Answers.from_frame(frame)


def test_a_reader_who_learns_has_rising_odds_and_a_rising_curve():
    position = np.arange(1, 401)
    odds_ratio = 1.5  # per 50 cases
    share = 1 / (1 + np.exp(-np.log(odds_ratio) * (position - 100) / 50))
    found = time_course.learning(answers(np.random.default_rng(0).random(400) < share))["R1"]
    ratio, curve = found["odds_ratio"], found["curve"]["value"]
    assert ratio["low"] < odds_ratio < ratio["high"]
    assert ratio["low"] > 1
    assert curve[-1] > curve[0] + 0.3
    assert all(0 <= value <= 1 for value in curve)


def test_the_odds_ratio_is_that_of_a_two_by_two_table():
    # 50 cases at position 1 (20 right) and 50 at position 51 (40 right): odds 2/3 and 4, their ratio 6.
    found = time_course.learning(
        answers(np.repeat([True, False, True, False], [20, 30, 40, 10]), position=np.repeat([1, 51], 50))
    )["R1"]["odds_ratio"]
    assert found["value"] == pytest.approx(6)
    se = np.sqrt(1 / 20 + 1 / 30 + 1 / 40 + 1 / 10)  # Woolf 1955
    assert found["low"] == pytest.approx(6 * np.exp(-1.959964 * se), rel=1e-5)


@pytest.mark.parametrize(
    ("right", "words"),
    [
        (np.ones(30, bool), "all of the 30 answers are correct"),
        (np.zeros(30, bool), "none of the 30 answers are correct"),
        (np.arange(30) >= 15, "perfectly"),
        (np.arange(10) % 2 == 0, "at least 20"),
    ],
)
def test_a_trend_that_cannot_be_had_is_undefined_with_its_reason(right, words):
    found = time_course.learning(answers(right))["R1"]["odds_ratio"]
    assert found["value"] is None
    assert words in found["reason"]


def test_a_reader_who_speeds_up_by_a_fifth_every_50_cases():
    position = np.arange(1, 201)
    seconds = 8 * 0.8 ** (position / 50) * np.exp(np.random.default_rng(1).normal(0, 0.2, 200))
    found = time_course.pace(answers(position % 2 == 0, seconds))["R1"]
    assert found["change"]["low"] < 0.8 < found["change"]["high"] < 1
    assert found["curve"]["value"][0] == pytest.approx(8, rel=0.1)


def test_times_are_split_by_source_and_zero_is_no_time():
    table = answers(np.ones(4, bool), np.array([1.0, 3.0, 10.0, 0.0]), source=["a", "a", "b", "b"])
    per_source = time_course.seconds_per_source(table)["R1"]
    assert (per_source["a"]["median"], per_source["a"]["n"]) == (2, 2)
    assert (per_source["b"]["median"], per_source["b"]["n"]) == (10, 1)
    assert time_course.seconds_per_case(table)["R1"]["median"] == 3


def test_nothing_is_said_without_positions_or_times():
    table = answers(np.ones(30, bool))
    assert time_course.pace(table) == {}
    assert time_course.seconds_per_source(table) == {}
    bare = Answers.from_frame(pd.DataFrame({"reader": ["a"], "case": ["1"], "answer": ["real"], "truth": ["real"]}))
    assert time_course.learning(bare) == {}
