"""The editor of a study's questions: what is asked first, and what besides."""

from dataclasses import replace
from typing import Literal, cast

import streamlit as st

from brainlab.counted import counted
from brainlab.reading.protocol.design import Protocol
from brainlab.reading.protocol.questions import (
    ALTERNATIVES,
    MOST_RANKED,
    ONE_FAKE,
    ONE_REAL,
    QUESTION_KINDS,
    RANKING,
    VERDICT,
    WHICH,
    Question,
)

OWN = "Another question"
FIRST = {
    "Real or fake?": VERDICT,
    "Which of two is real?": WHICH,
    "Which one is real?": ONE_REAL,
    "Which one is fake?": ONE_FAKE,
    "Rank from real to fake": RANKING,
}
KINDS = {
    "choice": "One of some options",
    "scale": "A number on a scale",
    "text": "Free text",
    "place": "A place in the image",
}
LARGEST = 10
Kind = Literal["choice", "scale", "text", "place"]


def first_question(start: Protocol, key: str) -> Question:
    """Ask for the question that every case begins with; another than the usual ones has a form of its own."""
    before = start.questions[0]
    usual = next((name for name, question in FIRST.items() if _alike(question, before)), OWN)
    asked = st.segmented_control("First question", [*FIRST, OWN], default=usual, key=f"{key}-first") or usual
    if asked != OWN:
        return _images(before if asked == usual else FIRST[asked], key)
    fresh = Question(key="quality", kind="scale", text="How good is the image?", options=("useless", "excellent"))
    return _edit(before if usual == OWN else fresh, f"{key}-question-first", first=True)


def _images(question: Question, key: str) -> Question:
    """Ask how many images of a forced choice or a ranking are side by side, and say what that takes of the sources."""
    name, where = "Images side by side", f"{key}-images-{question.kind}-{question.wanted}"
    if question.kind == "alternatives":
        images = st.segmented_control(name, ALTERNATIVES, default=question.images, key=where) or question.images
        other = "fake" if question.wanted == "real" else "real"
        st.caption(f"Each case takes one {question.wanted} and {counted(images - 1, f'{other} image')}.")
        return replace(question, images=images)
    if question.kind == "ranking":
        images = int(st.number_input(name, 2, MOST_RANKED, question.images, key=where))
        st.caption("Each case takes one image of every source, so that all sources need as many.")
        return replace(question, images=images)
    return question


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
    same = set(usual.options) == set(other.options) and usual.wanted == other.wanted
    return usual.kind == other.kind and same
