"""The last answer of a reading can be taken back from the next one, until its washout is over; both stay on record."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from brainlab.errors import StudyStateError
from brainlab.reading.desk import lifecycle
from brainlab.reading.record import integrity
from brainlab.reading.record.store import Store
from brainlab.reading.room.session import LeaseLostError


def _answer(session, value="real"):
    case = session.current()
    return session.answer(case.id, value, confidence=3, idempotency_key=case.answer_key)


def _first_reading(study, reader="A"):
    """Read the first reading to its end in one tab; returns the tab and the last case."""
    session = study.enter(reader)
    while session.progress().done < 21:
        _answer(session)
    last = session.current()
    _answer(session)
    return session, last


def _rows(study, query):
    with Store(study.folder).read() as db:
        return [tuple(row) for row in db.execute(query)]


def _times(study):
    """Of both readings of A: finished_at, not_before."""
    return _rows(study, "SELECT finished_at, not_before FROM reading WHERE reader = 'A' ORDER BY round")


def test_an_answer_is_taken_back_from_the_waiting_room_and_the_washout_starts_anew(make_study):
    study = make_study(rounds=2, washout_weeks=4)
    session, last = _first_reading(study)
    (finished, _), (_, opens) = _times(study)
    assert (session.state, session.can_undo) == ("waiting", True)
    view = session.undo()
    assert (view.state, view.room.round, view.current.id, view.has_lease, view.can_undo) == (
        "main", 1, last.id, True, False,
    )  # fmt: skip
    assert _times(study) == [(None, None), (None, None)]
    assert [reader.done for reader in lifecycle.study_status(study.folder).readers if reader.reader == "A"] == [21, 0]
    with pytest.raises(StudyStateError, match="no answer to take back"):
        session.undo()  # one step only
    late = session.answer(last.id, "real", confidence=3, idempotency_key=last.answer_key)
    assert (late.saved, late.view.current.id) == (False, last.id)
    _answer(session, "fake")
    assert session.state == "waiting"
    (again, _), (_, later) = _times(study)
    assert again > finished
    assert later > opens
    assert abs(datetime.fromisoformat(later) - datetime.now(UTC) - timedelta(weeks=4)) < timedelta(minutes=1)
    history = _rows(study, f"SELECT kind, value FROM answer_event WHERE presentation = '{last.id}' ORDER BY sequence")
    assert history == [("answer", "real"), ("undo", None), ("answer", "fake")]
    (detail,) = _rows(study, "SELECT detail_json FROM session_event WHERE kind = 'reopened'")
    assert json.loads(detail[0]) == {"finished_at": finished}
    assert integrity.verify(study.folder).ok


def test_after_a_reload_the_instructions_come_first(make_study):
    study = make_study(rounds=2)
    _, last = _first_reading(study)
    other = study.session(tab="the tab of an hour later")
    with pytest.raises(LeaseLostError):
        other.undo()
    other.acquire_lease(takeover=True)
    assert other.undo().state == "welcome"
    assert other.record_event("welcome_done").current.id == last.id


@pytest.mark.parametrize("seen", [False, True])
def test_without_a_washout_it_is_taken_back_until_the_next_reading_has_an_answer(make_study, seen):
    study = make_study(rounds=2, washout_weeks=0, practice=0)
    session, last = _first_reading(study)
    assert (session.state, session.can_undo) == ("welcome", True)
    if seen:
        session.record_event("welcome_done")
        first = session.record_event("consent_given").current
        assert session.can_undo
    assert session.undo().current.id == last.id
    aside = _rows(study, "SELECT reading, detail_json FROM session_event WHERE kind = 'set_aside'")
    assert [(reading, json.loads(detail)) for reading, detail in aside] == (
        [(2, {"presentation": first.id})] if seen else []
    )
    _answer(session)
    study.enter(takeover=True)
    session.acquire_lease(takeover=True)
    if not seen:
        session.record_event("welcome_done")
    case = session.current()
    assert session.look().room.round == 2
    _answer(session)
    assert session.undo().current.id == case.id
    with pytest.raises(StudyStateError, match="no answer to take back"):
        session.undo()
    assert integrity.verify(study.folder).ok


def test_once_the_washout_is_over_the_reading_before_is_final(make_study):
    study = make_study(rounds=2, washout_weeks=4)
    session, _ = _first_reading(study)
    with Store(study.folder).write() as db:
        db.execute("UPDATE reading SET not_before = '2020-01-01' WHERE not_before IS NOT NULL")
    before = _times(study)
    assert (session.state, session.can_undo) == ("welcome", False)
    with pytest.raises(StudyStateError, match="no answer to take back"):
        session.undo()
    assert _times(study) == before


def test_what_is_taken_back_is_the_readers_own(make_study):
    study = make_study(rounds=2, practice=0)
    session, last = _first_reading(study)
    other, others_last = _first_reading(study, "B")
    assert session.undo().current.id == last.id
    assert other.undo().current.id == others_last.id
    assert _times(study) == [(None, None), (None, None)]
