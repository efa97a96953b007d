"""What a reader may send as an answer."""

from datetime import datetime

from brainlab.errors import InputError
from brainlab.reading.design import Protocol

LONGEST_TEXT = 4000
"""Signs of the longest answer that is kept."""


def check_answers(protocol: Protocol, given: dict[str, str], confidence: int | None) -> None:
    """Raise InputError when an answer does not fit its question, a required one is missing or confidence is wrong."""
    questions = {question.key: question for question in protocol.all_questions}
    for key, text in given.items():
        if key not in questions:
            raise InputError(f"{key}: no such question; known are {', '.join(questions)}")
        options = questions[key].options
        if not isinstance(text, str) or not 0 < len(text) <= LONGEST_TEXT:
            raise InputError(f"{key}: needed a text of 1 to {LONGEST_TEXT} signs")
        if options and text not in options:
            raise InputError(f"{key}: needed one of {', '.join(options)}, came {text}")
    if missing := [key for key, question in questions.items() if question.required and key not in given]:
        raise InputError(f"an answer to {', '.join(missing)} is missing")
    if protocol.confidence and (type(confidence) is not int or confidence not in range(1, 6)):
        raise InputError(f"confidence: needed a whole number from 1 (guess) to 5 (certain), came {confidence}")
    if not protocol.confidence and confidence is not None:
        raise InputError("confidence: this study does not ask for it")


def check_times(shown_at: str | None, active_ms: int | None) -> None:
    """Raise InputError when a time was sent that cannot be one."""
    if shown_at is not None:
        try:
            datetime.fromisoformat(shown_at)
        except (TypeError, ValueError) as error:
            raise InputError(f"shown_at: needed a time in ISO 8601, came {shown_at!r}") from error
    if active_ms is not None and (type(active_ms) is not int or active_ms < 0):
        raise InputError(f"active_ms: needed whole milliseconds, 0 or more, came {active_ms!r}")
