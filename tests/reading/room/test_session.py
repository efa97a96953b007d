"""What a reader can do, in the order of a day: enter, practise, read, rest, slip, come back, finish."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from brainlab.errors import InputError, StudyStateError
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Question
from brainlab.reading.record import integrity
from brainlab.reading.record.store import Store
from brainlab.reading.record.tokens import LinkError
from brainlab.reading.room import reader_position
from brainlab.reading.room.session import LeaseLostError, ReaderSession


def _answer(session, value="real", **more):
    case = session.current()
    return session.answer(case.id, value, **{"confidence": 3, "idempotency_key": case.answer_key, **more})


def test_the_way_through_a_study(study):
    session = study.session()
    assert session.state == "welcome"
    assert session.acquire_lease().has_lease
    session.record_event("display_checked", {"viewport": [1600, 900], "pixel_ratio": 2})
    session.record_event("welcome_done")
    assert session.state == "consent"
    session.record_event("consent_given")
    assert session.state == "practice"
    assert (session.current().position, session.current().total) == (1, 2)
    for _ in range(2):
        _answer(session)
    assert session.state == "main"
    assert (session.current().position, session.current().total) == (1, 22)
    while session.current():
        _answer(session)
    assert session.state == "done"
    assert session.look().next is None
    assert session.progress().done == session.progress().total == 22
    lifecycle.close(study.folder)
    assert session.state == "closed"


def test_the_view_is_what_the_single_calls_say(study):
    session = study.enter()
    view = session.look()
    assert (view.state, view.room, view.progress) == (session.state, session.room, session.progress())
    assert view.current == session.current()
    assert (view.has_lease, view.can_undo) == (session.has_lease, session.can_undo) == (True, False)


def test_answers_need_welcome_and_consent(study):
    session = study.session()
    session.acquire_lease()
    with pytest.raises(StudyStateError, match="no answer can be given now"):
        _answer(session)
    with pytest.raises(InputError, match="no such image"):
        session.pixels(session.current().id)


def test_the_next_case_is_the_one_that_was_announced(study):
    session = study.enter()
    while announced := session.look().next:
        _answer(session)
        assert session.current().id == announced.id


def test_double_submission_is_saved_once(study):
    session = study.enter()
    case = session.current()
    assert session.answer(case.id, "real", confidence=3, idempotency_key=case.answer_key).saved
    assert not session.answer(case.id, "fake", confidence=1, idempotency_key=case.answer_key).saved
    assert integrity.verify(study.folder).events == 1
    with pytest.raises(StudyStateError, match="answered already"):
        session.answer(case.id, "fake", confidence=1, idempotency_key="another key")
    with Store(study.folder).read() as db:
        assert db.execute("SELECT value FROM answer").fetchone()[0] == "real"


def test_only_the_current_case_can_be_answered(study):
    session = study.enter()
    ahead = session.look().next
    with pytest.raises(StudyStateError, match="not the current one"):
        session.answer(ahead.id, "real", confidence=3, idempotency_key=ahead.answer_key)
    other = study.enter("B", "the other reader's tab").current()
    with pytest.raises(StudyStateError, match="not the current one"):
        session.answer(other.id, "real", confidence=3, idempotency_key=other.answer_key)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"value": "maybe"}, "needs one of real, fake"),
        ({"value": ""}, "needs a text"),
        ({"confidence": 0}, "1 .guess. to 5"),
        ({"confidence": 6}, "1 .guess. to 5"),
        ({"confidence": None}, "1 .guess. to 5"),
        ({"confidence": True}, "1 .guess. to 5"),
        ({"others": {"age": "60"}}, "no such question"),
        ({"cue": "blurred rim"}, "no such question"),
        ({"shown_at": "yesterday"}, "shown_at"),
        ({"active_ms": -1}, "active_ms"),
    ],
)
def test_unfit_answers_change_nothing(study, more, said):
    session = study.enter()
    with pytest.raises(InputError, match=said):
        _answer(session, **more)
    assert integrity.verify(study.folder).events == 0


def test_confidence_is_refused_where_it_is_not_asked(make_study):
    session = make_study(confidence=False).enter()
    with pytest.raises(InputError, match="does not ask"):
        _answer(session)
    assert _answer(session, confidence=None).saved


def test_undo_brings_the_case_back_and_keeps_both_answers(make_study):
    study = make_study(practice=0, cue=True)
    session = study.enter()
    case = session.current()
    _answer(session, "real", cue="too smooth")
    assert session.can_undo
    again = session.undo().current
    assert (again.id, again.position) == (case.id, case.position)
    assert again.answer_key != case.answer_key
    assert session.progress().done == 0
    with pytest.raises(StudyStateError, match="no answer to take back"):
        session.undo()
    _answer(session, "fake")
    with Store(study.folder).read() as db:
        kinds = [(row["kind"], row["question"], row["value"]) for row in db.execute("SELECT * FROM answer_event")]
        standing = [(row["question"], row["value"]) for row in db.execute("SELECT * FROM answer")]
    assert kinds == [
        ("answer", "verdict", "real"),
        ("answer", "cue", "too smooth"),
        ("undo", "verdict", None),
        ("undo", "cue", None),
        ("answer", "verdict", "fake"),
    ]
    assert standing == [("verdict", "fake")]
    assert integrity.verify(study.folder).ok


def test_a_late_copy_of_an_undone_answer_does_not_come_back(study):
    session = study.enter()
    case = session.current()
    session.answer(case.id, "real", confidence=3, idempotency_key=case.answer_key)
    session.undo()
    assert not session.answer(case.id, "real", confidence=3, idempotency_key=case.answer_key).saved
    assert session.current().id == case.id


def test_the_last_answer_of_all_can_be_undone(study):
    study.read_all()
    session = study.enter(takeover=True)
    assert session.state == "done"
    assert session.undo().current.position == 22
    assert session.state == "main"
    assert lifecycle.study_status(study.folder).readers[0].finished_at is None


def test_resume_shows_the_instructions_again_and_goes_on(study):
    session = study.enter(tab="tab of the morning")
    for _ in range(5):
        _answer(session)
    expected = session.current()
    later = study.session(tab="tab of the evening")
    assert later.state == "welcome"
    later.record_event("welcome_done")
    assert later.state == "main"
    assert later.current().id == expected.id
    assert later.progress().done == 3


def test_a_second_tab_is_read_only_until_it_takes_over(study):
    first = study.enter(tab="the first of two tabs")
    second = study.session(tab="the second of two tabs")
    second.record_event("welcome_done")
    assert not second.acquire_lease().has_lease
    assert not second.has_lease
    with pytest.raises(LeaseLostError, match="continue here"):
        _answer(second)
    with pytest.raises(LeaseLostError):
        second.undo()
    assert second.acquire_lease(takeover=True).has_lease
    assert _answer(second).saved
    with pytest.raises(LeaseLostError):
        _answer(first)
    assert first.acquire_lease(takeover=True).has_lease
    assert _answer(first).saved


def test_a_lease_ends_by_itself(study, monkeypatch):
    monkeypatch.setattr(reader_position, "LEASE_S", -1.0)
    study.enter(tab="a tab that was closed")
    assert study.session(tab="the tab after it").acquire_lease().has_lease


def test_breaks_come_and_go(make_study):
    study = make_study(practice=0, rest_break_every=8)
    session, rests = study.enter(), []
    while session.current():
        if session.state == "break":
            rests.append(session.progress().done)
            with pytest.raises(StudyStateError):
                _answer(session)
            session.record_event("break_done")
        _answer(session)
    assert rests == [8, 16]


def test_practice_feedback_is_told_once_answered_and_cannot_be_undone(make_study):
    study = make_study(practice_feedback=True)
    session = study.enter()
    truth = study.truth_of(session, session.current().id)
    assert _answer(session).feedback == f"This image was {truth}."
    assert not session.can_undo
    _answer(session)
    assert _answer(session).feedback is None
    assert session.can_undo


def test_more_questions_are_asked_and_kept(make_study):
    questions = (
        Question(key="verdict", kind="choice", text="Real or fake?", options=("real", "fake")),
        Question(key="quality", kind="choice", text="Quality?", options=("good", "poor")),
    )
    study = make_study(questions=questions)
    session = study.enter()
    with pytest.raises(InputError, match="quality is missing"):
        _answer(session)
    assert _answer(session, others={"quality": "poor"}).saved
    assert session.progress().practice_done == 1


def test_a_second_reading_waits_for_its_washout(make_study):
    study = make_study(rounds=2, washout_weeks=4)
    study.read_all()
    session = study.session(tab="four weeks to wait")
    assert session.state == "waiting"
    with Store(study.folder).write() as db:
        until = datetime.fromisoformat(db.execute("SELECT max(not_before) FROM reading").fetchone()[0])
        assert abs(until - datetime.now(UTC) - timedelta(weeks=4)) < timedelta(minutes=1)
        db.execute("UPDATE reading SET not_before = '2020-01-01' WHERE not_before IS NOT NULL")
    assert session.state == "welcome"
    with Store(study.folder).read() as db:
        orders = [
            [
                row[0]
                for row in db.execute("SELECT stimulus FROM presentation WHERE reading = ? ORDER BY position", (k,))
            ]
            for k in (1, 2)
        ]
    assert sorted(set(orders[0])) == sorted(set(orders[1]))
    assert orders[0] != orders[1]
    assert study.read_all() == 24
    assert study.session().state == "done"
    assert [reader.done for reader in lifecycle.study_status(study.folder).readers if reader.reader == "A"] == [22, 22]


@pytest.mark.parametrize("weeks", [0, 4])
def test_the_tab_that_ends_a_reading_may_go_on_with_the_next(make_study, weeks):
    study = make_study(rounds=2, washout_weeks=weeks, practice=0)
    session = study.enter()
    while session.progress().done < 21:
        _answer(session)
    first = session.look()
    _answer(session)
    view = session.look()
    assert (first.room.round, view.room.round, view.has_lease) == (1, 2, True)
    assert (view.state, view.opens_at is None) == (("welcome", True) if weeks == 0 else ("waiting", False))
    assert (view.progress.done, view.progress.total) == (0, 22)


def test_a_link_is_one_persons_and_can_end(study):
    for token in ("", "guess", study.tokens["A"][:-1]):
        with pytest.raises(LinkError):
            ReaderSession.open(study.folder, token, "a tab with a long token")
    with pytest.raises(LinkError):
        ReaderSession.open(study.folder / "elsewhere", study.tokens["A"], "a tab with a long token")
    session = study.enter()
    lifecycle.revoke_link(study.folder, "A")
    with pytest.raises(LinkError):
        _answer(session)
    with pytest.raises(InputError, match="more than 0"):
        lifecycle.issue_links(study.folder, readers=["A"], valid_days=-1)
    (new,) = lifecycle.issue_links(study.folder, readers=["A"], valid_days=1e-9)
    time.sleep(0.002)
    with pytest.raises(LinkError):
        ReaderSession.open(study.folder, new.token, "a tab with a long token")


def test_who_withdrew_is_out_even_where_the_token_is_still_known(study):
    """As after a withdrawal that another version, or a hand in the database, recorded."""
    session = study.enter()
    with Store(study.folder).write() as db:
        db.execute("UPDATE reader SET withdrawn_at = '2026-01-01T00:00:00.000+00:00' WHERE code = 'A'")
    for act in (session.look, lambda: _answer(session), lambda: study.session("A")):
        with pytest.raises(LinkError):
            act()


def test_a_closed_study_takes_and_shows_nothing(study):
    session = study.enter()
    case = session.current()
    lifecycle.close(study.folder)
    with pytest.raises(StudyStateError, match="closed"):
        session.answer(case.id, "real", confidence=3, idempotency_key=case.answer_key)
    with pytest.raises(InputError, match="no such image"):
        session.pixels(case.id)


def test_events_are_of_known_kinds_and_short(study):
    session = study.enter()
    with pytest.raises(InputError, match="needs one of opened"):
        session.record_event("made up")
    with pytest.raises(InputError, match="at most 4000 signs"):
        session.record_event("paused", {"note": "x" * 5000})
