"""What each kind of question is summed up to, on tables small enough to check by hand."""

import json

import pandas as pd
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from brainlab.measures.accuracy import stratified_share
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.protocol.questions import VERDICT, WHICH, Question
from brainlab.reading.statistics.questions.further import COLUMNS, further_statistics, further_table

SOURCES = (Source(kind="cohort", name="people", n=6), Source(kind="run", name="machine", n=6))
SCALE = Question(key="quality", kind="scale", text="How good?", options=("bad", "good"))
CHOICE = Question(key="artefact", kind="choice", text="Which?", options=("none", "blur", "noise"))
PLACE = Question(key="where", kind="place", text="Where?", required=False)
TEXT = Question(key="remarks", kind="text", text="Anything?", required=False)


def _protocol(*questions: Question) -> Protocol:
    return Protocol(title="t", sources=SOURCES, readers=(Reader(code="A"), Reader(code="B")), questions=questions)


def _frame(column: str, a: list, b: list, truth: list | None = None, first: str = "real") -> pd.DataFrame:
    """Two readers' answers to as many cases, the first half of people."""
    n = len(a)
    rows = [
        {
            "reader": reader,
            "round": 1,
            "case": f"c{k}",
            "phase": "main",
            "answer": first,
            "truth": truth[k] if truth else "real",
            "source": "people" if k < n / 2 else "machine",
            column: values[k],
        }
        for reader, values in (("A", a), ("B", b))
        for k in range(n)
    ]
    return pd.DataFrame(rows)


def _only(frame: pd.DataFrame, *questions: Question, **more) -> dict:
    (entry,) = further_statistics(frame, _protocol(*questions), **more)["questions"]
    assert list(further_table(entry).columns) == list(COLUMNS)
    return entry


def _value(entry: dict, figure: str, reader: str, source: str = "all") -> dict:
    (row,) = [r for r in entry["rows"] if (r["figure"], r["reader"], r["source"]) == (figure, reader, source)]
    return row


def test_a_scale_has_medians_per_source_and_a_weighted_kappa():
    a, b = ["1", "2", "3", "4", "5", "5"], ["1", "2", "4", "4", "5", "3"]
    entry = _only(_frame("quality", a, b), VERDICT, SCALE)
    assert _value(entry, "median", "A")["value"] == 3.5
    assert _value(entry, "median", "A", "people") == {
        "figure": "median", "reader": "A", "source": "people", "value": 2.0, "low": None, "high": None, "n": 3,
        "reason": None,
    }  # fmt: skip
    assert [_value(entry, f"quartile {q}", "B", "machine")["value"] for q in (1, 3)] == [3.5, 4.5]
    table = pd.crosstab(pd.Categorical(a, list("12345")), pd.Categorical(b, list("12345")), dropna=False)
    expected = cohens_kappa(table.to_numpy(), wt="linear").kappa
    assert _value(entry, "weighted kappa (linear)", "A and B")["value"] == pytest.approx(expected)


def test_a_choice_has_shares_of_all_options_and_a_kappa():
    a, b = ["none", "none", "blur", "blur"], ["none", "blur", "blur", "blur"]
    entry = _only(_frame("artefact", a, b), VERDICT, CHOICE)
    share = _value(entry, "answered none", "A")
    interval = stratified_share([(2, 2), (0, 2)])
    assert (share["value"], share["low"], share["n"]) == (0.5, pytest.approx(interval.low), 4)
    assert _value(entry, "answered noise", "B", "machine")["value"] == 0
    assert _value(entry, "kappa", "A and B")["value"] == pytest.approx(0.5)


def test_pairs_are_held_against_one_half_and_show_a_bias_to_one_side():
    truth = ["left", "right"] * 5
    frame = _frame("x", [None] * 10, [None] * 10, truth).assign(answer=lambda f: f["truth"])
    frame.loc[frame["reader"] == "B", "answer"] = "left"
    entry = _only(frame.drop(columns="x"), WHICH)
    right = _value(entry, "correct choices", "A")
    assert (right["value"], right["high"]) == (1, 1)
    assert right["low"] == pytest.approx(stratified_share([(5, 5), (5, 5)]).low)
    assert _value(entry, "p, exact, against chance (1/2)", "A")["value"] == pytest.approx(2 * 0.5**10)
    assert _value(entry, "correct choices", "B")["value"] == 0.5
    assert _value(entry, "p, exact, against chance (1/2)", "B")["value"] == 1
    assert _value(entry, "chose the left image", "B")["value"] == 1
    assert _value(entry, "correct choices", "A", "people")["n"] == 5


def _at(*mm: float, **more: str) -> str:
    return json.dumps({"voxel": [0, 0], "mm": mm, "plane": "axial", **more})


def test_places_are_compared_in_millimetres():
    a = [_at(0, 0), _at(0, 0), None, _at(1, 1)]
    b = [_at(3, 4), _at(0, 30), _at(0, 0), _at(1, 1)]
    entry = _only(_frame("where", a, b), VERDICT, PLACE)
    assert _value(entry, "distance in mm, median", "A and B")["value"] == 5
    within = _value(entry, "within 10 mm", "A and B")
    assert (within["value"], within["n"]) == (pytest.approx(2 / 3), 3)
    assert _value(entry, "distance in mm, median", "A and B", "machine")["value"] == 0
    narrow = _only(_frame("where", a, b), VERDICT, PLACE, tolerance_mm=4.9)
    assert _value(narrow, "within 4.9 mm", "A and B")["value"] == pytest.approx(1 / 3)


def test_places_in_different_images_of_a_pair_are_never_near():
    entry = _only(_frame("where", [_at(0, 0, side="left")] * 2, [_at(0, 0, side="right")] * 2), VERDICT, PLACE)
    assert _value(entry, "within 10 mm", "A and B")["value"] == 0
    distance = _value(entry, "distance in mm, median", "A and B")
    assert distance["value"] is None
    assert "no case" in distance["reason"]


def test_texts_are_listed_by_source_and_practice_repeats_and_later_readings_are_out():
    frame = _frame("remarks", ["one", None, "three", "four"], [None] * 4)
    frame.loc[2, "phase"] = "repeat"
    frame.loc[3, "round"] = 2
    entry = _only(frame, VERDICT, TEXT)
    assert entry["texts"] == [{"source": "people", "reader": "A", "case": "c0", "text": "one"}]
    assert entry["rows"] == []


def test_real_or_fake_alone_adds_nothing_and_no_answers_are_no_error():
    frame = _frame("quality", [None] * 4, [None] * 4)
    assert further_statistics(frame, _protocol(VERDICT))["questions"] == []
    assert _only(frame, VERDICT, SCALE)["rows"] == []
    assert _only(frame.rename(columns={"quality": "where"}), VERDICT, PLACE)["rows"] == []
