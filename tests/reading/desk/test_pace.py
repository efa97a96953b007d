"""Pace of a reading: times and rests, and nothing of what was answered."""

import json
from dataclasses import asdict

import pytest

from brainlab.reading.desk import lifecycle
from brainlab.reading.desk.pace import FEW, study_pace


def pace_of(study, reader="A"):
    return next(one for one in study_pace(study.folder) if one.reader == reader)


def test_before_the_first_visit_nothing_is_known(study):
    pace = pace_of(study)
    assert (pace.done, pace.total, pace.last_seen, pace.open_now) == (0, 22, None, False)
    assert (pace.seconds_per_case, pace.left_s, pace.breaks, pace.pauses) == (None, None, 0, 0)


def test_the_median_of_the_cases_gives_what_is_left(make_study):
    study = make_study(practice=0)
    session = study.enter()
    for number in range(7):
        case = session.current()
        session.answer(case.id, "real", confidence=3, idempotency_key=case.answer_key, active_ms=1000 * (number + 1))
        if number + 1 < FEW:
            assert pace_of(study).seconds_per_case is None, "one case's time is not told"
    pace = pace_of(study)
    assert pace.seconds_per_case == 4.0
    assert pace.left_s == 4 * (22 - 7)
    assert pace.open_now
    assert pace.last_seen is not None


def test_rests_are_counted(study):
    session = study.enter()
    for kind in ("paused", "resumed", "paused", "resumed", "break_done"):
        session.record_event(kind)
    assert (pace_of(study).pauses, pace_of(study).breaks) == (2, 1)


def test_an_open_tab_shows_until_its_lease_ends(study, monkeypatch):
    monkeypatch.setattr("brainlab.reading.room.reader_position.LEASE_S", -1.0)
    study.enter()
    assert not pace_of(study).open_now


def test_a_closed_study_has_nothing_left_and_no_tab(study):
    study.read_all()
    assert pace_of(study).left_s is None
    lifecycle.close(study.folder)
    assert not pace_of(study).open_now


@pytest.mark.parametrize("value", ["real", "fake"])
def test_the_pace_is_the_same_whatever_is_answered(make_study, value):
    """Two readers who say the opposite in the same time cannot be told apart."""
    study = make_study(practice=0)
    session = study.enter()
    while case := session.current():
        session.answer(case.id, value, confidence=5, idempotency_key=case.answer_key, active_ms=1200)
    told = asdict(pace_of(study)) | {"last_seen": None}
    assert told == {
        "reader": "A", "round": 1, "done": 22, "total": 22, "last_seen": None, "open_now": True,
        "seconds_per_case": 1.2, "breaks": 0, "pauses": 0, "left_s": None,
    }  # fmt: skip
    assert "fake" not in json.dumps(told)
