"""What becomes of an answer: checked, appended to the chain, taken back. Inside the caller's transaction."""

from datetime import datetime
from typing import Any

from brainlab.errors import InputError, StudyStateError
from brainlab.reading.protocol.design import Protocol
from brainlab.reading.protocol.questions import Picture, check_answer
from brainlab.reading.record import chain
from brainlab.reading.record.store import now
from brainlab.reading.room.reader_position import Place


def save_answers(
    place: Place,
    presentation: str,
    given: dict[str, str],
    *,
    idempotency_key: str,
    confidence: int | None,
    shown_at: str | None,
    active_ms: int | None,
) -> chain.Head:
    """Append one event for each question that was answered; returns the chain's new end.

    Raises StudyStateError when the case is not the current one, InputError when an answer does not fit its question.
    """
    row = place.open_case()
    if row is None or row["id"] != presentation:
        raise StudyStateError("this case is answered already, or is not the current one; nothing was changed")
    if place.state not in ("practice", "main"):
        raise StudyStateError("no answer can be given now; reload the page to see why")
    answers = check_answers(place.protocol, given, confidence, place.picture(row))
    check_times(shown_at, active_ms)
    received, revision = now(), (row["revision"] or 0) + 1
    first = place.protocol.questions[0].key
    events: list[dict[str, Any]] = [
        {
            "presentation": presentation,
            "question": question,
            "revision": revision,
            "kind": "answer",
            "value": text,
            "confidence": confidence if question == first else None,
            "idempotency_key": f"{idempotency_key}/{question}",
            "shown_at": shown_at,
            "received_at": received,
            "active_ms": active_ms,
        }
        for question, text in answers.items()
    ]
    place.begin(received)
    end = place.append(events)
    if place.open_case() is None:
        place.finish(received)
    return end


def take_back(place: Place) -> chain.Head:
    """Undo the reader's last answer, in the reading before too; it stays on record, and its reading goes on.

    The washout after that reading starts anew when the case is answered again. Raises StudyStateError when there is
    nothing to undo.
    """
    last = place.undoable()
    if last is None:
        raise StudyStateError("there is no answer to take back")
    place.set_aside()
    presentation, received, revision = last["presentation"], now(), last["revision"] + 1
    query = "SELECT question FROM answer WHERE presentation = ? ORDER BY sequence"
    events: list[dict[str, Any]] = [
        {
            "presentation": presentation,
            "question": row["question"],
            "revision": revision,
            "kind": "undo",
            "value": None,
            "confidence": None,
            "idempotency_key": f"undo.{presentation}.{revision}/{row['question']}",
            "shown_at": None,
            "received_at": received,
            "active_ms": None,
        }
        for row in place.db.execute(query, (presentation,)).fetchall()
    ]
    end = place.append(events)
    if last["finished_at"] is not None:
        place.reopen(last)
    return end


def check_answers(
    protocol: Protocol, given: dict[str, str], confidence: int | None, picture: Picture
) -> dict[str, str]:
    """Return the answers as they are kept.

    Raises InputError when one does not fit its question, a required one is missing or confidence is wrong.
    """
    questions = {question.key: question for question in protocol.all_questions}
    if unknown := [key for key in given if key not in questions]:
        raise InputError(f"{', '.join(unknown)}: no such question; known are {', '.join(questions)}")
    kept = {key: check_answer(questions[key], text, picture) for key, text in given.items()}
    if missing := [key for key, question in questions.items() if question.required and key not in given]:
        raise InputError(f"an answer to {', '.join(missing)} is missing")
    if protocol.confidence and (type(confidence) is not int or confidence not in range(1, 6)):
        raise InputError(f"confidence: needs a whole number from 1 (guess) to 5 (certain), got {confidence}")
    if not protocol.confidence and confidence is not None:
        raise InputError("confidence: this study does not ask for it")
    return kept


def check_times(shown_at: str | None, active_ms: int | None) -> None:
    """Raise InputError when a time was sent that cannot be one."""
    if shown_at is not None:
        try:
            datetime.fromisoformat(shown_at)
        except (TypeError, ValueError) as error:
            raise InputError(f"shown_at: needs a time in ISO 8601, got {shown_at!r}") from error
    if active_ms is not None and (type(active_ms) is not int or active_ms < 0):
        raise InputError(f"active_ms: needs whole milliseconds, 0 or more, got {active_ms!r}")
