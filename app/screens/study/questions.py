"""The editor of a study's questions: what is asked first, and what besides."""

from dataclasses import replace
from typing import Literal, cast

import streamlit as st

from brainlab.reading.protocol.design import Protocol
from brainlab.reading.protocol.questions import QUESTION_KINDS, VERDICT, WHICH, Question

OWN = "Another question"
FIRST = {"Real or fake?": VERDICT, "Which of two is real?": WHICH}
KINDS = {
    "choice": "One of some options",
    "scale": "A number on a scale",
    "text": "Free text",
    "place": "A place in the image",
}
LARGEST = 10
Kind = Literal["choice", "scale", "text", "place", "pair"]


def first_question(start: Protocol, key: str) -> Question:
    """Ask for the question that every case begins with; another than the two usual ones has a form of its own."""
    before = start.questions[0]
    usual = next((name for name, question in FIRST.items() if _alike(question, before)), OWN)
    asked = st.segmented_control("First question", [*FIRST, OWN], default=usual, key=f"{key}-first") or usual
    if asked == usual and asked != OWN:
        return before
    if asked != OWN:
        return FIRST[asked]
    fresh = Question(key="quality", kind="scale", text="How good is the image?", options=("useless", "excellent"))
    return _edit(before if usual == OWN else fresh, f"{key}-question-first", first=True)


def further_questions(start: Protocol, key: str) -> tuple[Question, ...]:
    """Ask for the questions after the first; each can be taken away, and more added."""
    before = start.questions[1:]
    held = st.session_state.setdefault(f"{key}-further", list(range(len(before))))
    asked = []
    for number in held:
        fresh = Question(key=f"question_{number + 2}", kind="choice", text="", options=("yes", "no"), required=False)
        with st.container(border=True):
            asked.append(_edit(before[number] if number < len(before) else fresh, f"{key}-question-{number}"))
            if st.button("Remove this question", key=f"{key}-remove-{number}", type="tertiary"):
                held.remove(number)
                st.rerun()
    if st.button("Add a question", key=f"{key}-add"):
        held.append(max([len(before) - 1, *held]) + 1)
        st.rerun()
    return tuple(asked)


def _edit(before: Question, key: str, first: bool = False) -> Question:
    """Show one question as a form."""
    kinds = [kind for kind in QUESTION_KINDS if kind in KINDS]
    left, right = st.columns(2)
    kind = left.selectbox("Answer", kinds, kinds.index(before.kind), format_func=KINDS.__getitem__, key=f"{key}-kind")
    column = right.text_input(
        "Column of the export", before.key, key=f"{key}-key", help="One short word; readers never see it."
    )
    text = st.text_input("Question", before.text, key=f"{key}-text", placeholder="What do you see?")
    question = replace(before, key=column.strip(), kind=cast(Kind, kind), text=text, options=())
    if kind == "choice":
        options = before.options if before.kind == "choice" else ("yes", "no")
        lines = st.text_area("Options, one per line", "\n".join(options), key=f"{key}-options", height=110)
        question = replace(question, options=tuple(line.strip() for line in lines.splitlines() if line.strip()))
    elif kind == "scale":
        question = _scale(question, before.options if before.kind == "scale" else (), key)
    if first:
        return replace(question, required=True)
    return replace(question, required=st.toggle("Must be answered", before.required, key=f"{key}-required"))


def _scale(question: Question, ends: tuple[str, ...], key: str) -> Question:
    """Ask for the ends of a scale and the words at them."""
    low, low_word, high, high_word = st.columns([1, 2, 1, 2])
    first = low.number_input("From", 0, 1, question.low, key=f"{key}-low")
    words = [low_word.text_input("meaning", ends[0] if ends else "", key=f"{key}-low-word")]
    last = high.number_input("To", 2, LARGEST, question.high, key=f"{key}-high")
    words.append(high_word.text_input("meaning", ends[1] if ends else "", key=f"{key}-high-word"))
    options = tuple(word.strip() for word in words) if any(word.strip() for word in words) else ()
    return replace(question, low=int(first), high=int(last), options=options)


def _alike(usual: Question, other: Question) -> bool:
    """Whether a question is one of the usual ones, whatever its words."""
    return usual.kind == other.kind and set(usual.options) == set(other.options)
