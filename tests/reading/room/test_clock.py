"""The time of a case runs on the server: reloads, tabs and clients' clocks give no more of it."""

from datetime import UTC, datetime, timedelta

import pytest

from brainlab.errors import InputError
from brainlab.reading.record.store import Store
from brainlab.reading.room import clock, reader_position, submission
from brainlab.reading.room.clock import seen_s


def at(seconds: float) -> str:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return (start + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


@pytest.mark.parametrize(
    ("events", "seen"),
    [
        ([], 0),
        ([("case_shown", at(0), {})], 100),
        ([("case_shown", at(0), {}), ("paused", at(4), {})], 4),
        ([("case_shown", at(0), {}), ("paused", at(4), {}), ("resumed", at(50), {})], 54),
        ([("case_shown", at(0), {}), ("answered", at(7), {}), ("case_shown", at(98), {})], 9),
        # A reload after 5 s: the page was heard of at its start, 15 s would have passed before it was missed.
        ([("case_shown", at(0), {}), ("lease_taken", at(5), {"alive_at": at(0)}), ("case_shown", at(90), {})], 15),
        # A crash: the page was last heard of after 20 s, and another opened a minute later.
        ([("case_shown", at(0), {}), ("lease_taken", at(80), {"alive_at": at(20)})], 35),
        ([("case_shown", at(0), {}), ("case_shown", at(60), {})], 100),
        ([("paused", at(1), {}), ("lease_taken", at(2), {"alive_at": at(1)})], 0),
    ],
)
def test_the_time_a_case_was_seen(events, seen):
    assert seen_s(events, at(100)) == seen


class Watch:
    """A clock that a test sets."""

    def __init__(self, monkeypatch) -> None:
        self.time = datetime.now(UTC)
        for module in (reader_position, submission):
            monkeypatch.setattr(module, "now", self.now)
        monkeypatch.setattr(reader_position, "datetime", self)

    def now(self, zone=None):
        return self.time if zone else self.time.isoformat(timespec="milliseconds")

    def fromisoformat(self, text):
        return datetime.fromisoformat(text)

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def watch(monkeypatch) -> Watch:
    return Watch(monkeypatch)


def _left(entered) -> float:
    return entered.look().current.time_left_s


def _answer(entered, **more):
    case = entered.current()
    return entered.answer(case.id, "real", confidence=3, idempotency_key=case.answer_key, **more)


def test_a_reload_gives_no_more_time(make_study, watch):
    study = make_study(time_cap_s=30.0, practice=0)
    first = study.enter(tab="the page before the reload")
    assert _left(first) == 30
    watch.wait(10)
    assert _left(first) == 20
    second = study.session(tab="the page after the reload")
    assert second.acquire_lease(previous="the page before the reload").has_lease
    watch.wait(600)  # at the welcome screen, which shows no image
    second.record_event("welcome_done")
    assert _left(second) == 20
    watch.wait(14)
    second.acquire_lease(alive=True)
    watch.wait(6)
    assert _left(second) == 0
    with pytest.raises(InputError, match="no such image"):
        second.pixels(second.current().id)
    assert second.pixels(second.look().next.id)
    for _ in range(3):  # nor does a third reload
        tab = f"one more reload at {watch.time}"
        again = study.session(tab=tab)
        again.acquire_lease(takeover=True)
        again.record_event("welcome_done")
        assert _left(again) == 0
    assert _answer(again).saved
    assert _left(again) == 30


def test_a_second_tab_gives_no_more_time_and_none_passes_while_no_tab_is_open(make_study, watch):
    study = make_study(time_cap_s=60.0, practice=0)
    first = study.enter(tab="the first of two tabs")
    watch.wait(12)
    first.acquire_lease(alive=True)
    watch.wait(3)
    second = study.session(tab="the second of two tabs")
    second.record_event("welcome_done")
    assert not second.acquire_lease().has_lease
    assert second.acquire_lease(takeover=True).has_lease
    assert _left(second) == 45
    watch.wait(5)
    second.acquire_lease(alive=True)
    # The computer is shut without a word; the reader comes back the next day.
    watch.wait(86_400)
    third = study.session(tab="a tab of the next day")
    third.acquire_lease()
    third.record_event("welcome_done")
    assert _left(third) == 45 - 5 - clock.HEARTBEAT_S


def test_a_pause_stops_the_clock_and_an_undo_gives_back_what_was_left(make_study, watch):
    entered = make_study(time_cap_s=30.0, practice=0).enter()
    watch.wait(10)
    entered.record_event("paused")
    watch.wait(500)
    assert _left(entered) == 20
    entered.record_event("resumed")
    watch.wait(5)
    _answer(entered)
    assert _left(entered) == 30
    watch.wait(4)
    entered.undo()
    assert _left(entered) == 15


def test_the_dark_pause_before_a_case_takes_nothing_of_its_time(make_study, watch):
    entered = make_study(time_cap_s=30.0, dark_pause_s=2.0, practice=0).enter()
    assert (_left(entered), entered.room.dark_pause_s) == (30, 2)
    watch.wait(2)
    assert _left(entered) == 30
    watch.wait(10)
    assert _left(entered) == 20


def test_a_case_that_is_set_aside_for_an_undo_loses_no_time(make_study, watch):
    entered = make_study(time_cap_s=30.0, practice=0).enter()
    _answer(entered)
    watch.wait(4)
    entered.undo()
    watch.wait(20)
    _answer(entered)
    assert _left(entered) == 26
    watch.wait(1)
    assert _left(entered) == 25


def test_what_a_browser_says_of_the_time_is_not_believed(make_study, watch):
    entered = make_study(time_cap_s=30.0, practice=0).enter()
    watch.wait(25)
    entered.record_event("opened", {"time_left_s": 30, "presentation": entered.current().id})
    assert _left(entered) == 5


def test_no_event_of_a_browser_stops_the_clock_of_a_case(make_study, watch):
    study = make_study(time_cap_s=30.0, practice=0)
    entered = study.enter()
    other = study.session(tab="a tab without the lease")
    watch.wait(25)
    for tab in (entered, other):
        tab.record_event("opened", {"presentation": entered.current().id, "alive_at": "abc"})
    other.record_event("paused", {"presentation": entered.current().id, "alive_at": "abc"})
    watch.wait(10)
    assert _left(entered) == 0
    assert entered.look().state == "main"


def test_feedback_on_practice_does_not_cost_the_next_case_time(make_study, watch):
    entered = make_study(time_cap_s=30.0, practice_feedback=True).enter()
    assert _answer(entered).feedback
    watch.wait(20)
    entered.acquire_lease(alive=True)
    watch.wait(20)
    assert _left(entered) == 30
    entered.acquire_lease()  # the reader goes on
    watch.wait(1)
    assert _left(entered) == 29


def test_showing_is_recorded_once_a_case_and_without_a_limit_too(study):
    entered = study.enter()
    for _ in range(3):
        entered.acquire_lease()
        entered.look()
    assert entered.look().current.time_left_s is None
    with Store(study.folder).read() as db:
        assert db.execute("SELECT count(*) FROM session_event WHERE kind = 'case_shown'").fetchone()[0] == 1
