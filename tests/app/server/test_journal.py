import re

import pytest

from app.server import journal


@pytest.fixture
def told(monkeypatch, capsys):
    """Return what was told since the last call; the clock stands still but for what is added then."""
    clock = [1000.0]
    monkeypatch.setattr(journal.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(journal, "_told", journal.OrderedDict())

    def lines(later=0.0):
        clock[0] += later
        return capsys.readouterr().err.splitlines()

    return lines


def test_each_event_is_one_line_with_its_time(told):
    journal.note("signed out")
    (line,) = told()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ brainlab INFO signed out", line)


def test_a_warning_that_repeats_itself_is_told_once_a_minute(told):
    for _ in range(1000):
        journal.warn("too many requests, from 203.0.113.9")
    journal.warn("too many requests, from 203.0.113.10")
    assert len(told()) == 2
    journal.warn("too many requests, from 203.0.113.9")
    assert told(later=61) == []
    journal.warn("too many requests, from 203.0.113.9")
    assert len(told()) == 1


def test_a_flood_of_different_warnings_does_not_fill_the_memory(told):
    for number in range(journal.KEPT + 9):
        journal.warn(f"wrong password, from {number}")
    assert len(journal._told) == journal.KEPT
