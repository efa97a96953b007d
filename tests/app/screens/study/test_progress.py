"""What the desk says of a reader's pace, in words."""

from datetime import UTC, datetime, timedelta

import pytest

from app.screens.study.progress import describe, span
from brainlab.reading.desk.pace import Pace


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "60 min"), (7200, "2 h"), (86400, "1 day"), (864000, "10 days")],
)
def test_spans_are_said_in_their_largest_unit(seconds, words):
    assert span(seconds) == words


def pace(**changes):
    seen = (datetime.now(UTC) - timedelta(minutes=3)).isoformat(timespec="milliseconds")
    values = {"reader": "A", "round": 1, "done": 5, "total": 20, "last_seen": seen, "open_now": True}
    return Pace(**{**values, "seconds_per_case": 4.0, "breaks": 1, "pauses": 2, "left_s": 60.0, **changes})


def test_a_pace_is_one_line():
    assert describe(pace()) == "last seen 3 min ago · 4 s per case (median) · 1 break · 2 pauses · about 1 min left"


def test_what_is_not_known_is_left_out():
    assert describe(pace(seconds_per_case=None, left_s=None, breaks=0, pauses=0)) == "last seen 3 min ago"
    assert describe(pace(last_seen=None)) == ""
