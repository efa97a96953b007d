"""The questions of a case: their kinds, and which answers fit them.

An answer is kept as text, whatever its kind:

    choice  one of the options
    scale   a whole number from `low` to `high`
    text    as it was typed
    place   JSON: the voxel that was pointed at, and where that is in mm (see `_check_place`)
    pair    the side, left or right, on which the real image is
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

from brainlab.errors import InputError
from brainlab.images.grid import PLANES

QUESTION_KINDS = ("choice", "scale", "text", "place", "pair")
SIDES = ("left", "right")
LONGEST_TEXT = 4000
"""Signs of the longest answer that is kept."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question of a case; only required ones count for progress, and the first always is.

    options: what a choice offers; for a scale the words at its two ends, or none. low, high: ends of a scale, within
    0 to 10, so that each value has a key.
    """

    key: str
    kind: Literal["choice", "scale", "text", "place", "pair"]
    text: str
    options: tuple[str, ...] = ()
    required: bool = True
    low: int = 1
    high: int = 5

    @property
    def values(self) -> tuple[str, ...]:
        """Every answer there can be, in order; empty where answers are free."""
        if self.kind == "scale":
            return tuple(str(value) for value in range(self.low, self.high + 1))
        return {"choice": self.options, "pair": SIDES}.get(self.kind, ())


VERDICT = Question(key="verdict", kind="choice", text="Is this image real or fake?", options=("real", "fake"))
WHICH = Question(key="which", kind="pair", text="Which of the two images is real?")
CUE = Question(key="cue", kind="text", text="What was your verdict based on? (optional)", required=False)


@dataclass(frozen=True)
class Picture:
    """What a place is checked against: the grid of one image, and whether two lie side by side.

    shape: [rows, columns] of a slice or [X, Y, Z] of a volume. voxel_size_mm: one per axis. plane: of a slice.
    """

    shape: tuple[int, ...]
    voxel_size_mm: tuple[float, ...]
    plane: str
    paired: bool = False


def question_problems(questions: tuple[Question, ...]) -> list[tuple[bool, str]]:
    """Return each thing that may be wrong with questions, and whether it is."""
    keys = [question.key for question in questions]
    return [
        (not any(q.required for q in questions), "questions: at least one must be required"),
        (bool(questions) and not questions[0].required, "questions: the first one must be required"),
        (any(not q.key.strip() for q in questions), "questions: every question needs a key"),
        (any(not q.text.strip() for q in questions), "questions: every question needs a text"),
        (len(set(keys)) < len(keys), "questions: keys must differ"),
        (any(q.kind not in QUESTION_KINDS for q in questions), f"questions: kind is {', '.join(QUESTION_KINDS)}"),
        (any(q.kind == "choice" and len(q.options) < 2 for q in questions), "questions: a choice needs two options"),
        (
            any(len(set(q.options)) < len(q.options) or not all(o.strip() for o in q.options) for q in questions),
            "questions: options must differ, and none may be empty",
        ),
        (
            any(q.kind == "scale" and len(q.options) not in (0, 2) for q in questions),
            "questions: the options of a scale are the words at its two ends, or none",
        ),
        (
            any(q.kind == "scale" and not _fits_keys(q) for q in questions),
            "questions: a scale runs from 0 or 1 to at most 10 in whole numbers",
        ),
        (
            any(q.kind in ("text", "place", "pair") and q.options for q in questions),
            "questions: only choice and scale have options",
        ),
        (any(q.kind == "pair" for q in questions[1:]), "questions: a pair can only be the first question"),
        (sum(q.kind == "place" for q in questions) > 1, "questions: one place can be asked for, not more"),
    ]


def check_answer(question: Question, text: Any, picture: Picture) -> str:
    """Return an answer as it is kept; raises InputError when it does not fit the question."""
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST_TEXT:
        raise InputError(f"{question.key}: needs a text of 1 to {LONGEST_TEXT} signs")
    if question.kind == "place":
        return _check_place(question.key, text, picture)
    if question.values and text not in question.values:
        raise InputError(f"{question.key}: needs one of {', '.join(question.values)}, got {text[:80]}")
    return text


def _check_place(key: str, text: str, picture: Picture) -> str:
    """Check {"voxel": [...], "plane": ..., "side": ...} and add `mm`, from the centre of the first voxel.

    voxel: index of the image as it is stored, [row, column] or [x, y, z]. plane: on which it was pointed at.
    side: in which image of a pair, and only there.
    """
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise InputError(f"{key}: needs a place in the image, got {text[:80]}")
    voxel: Any
    voxel, plane, side = given.get("voxel"), given.get("plane"), given.get("side")
    known = isinstance(voxel, list) and len(voxel) == len(picture.shape)
    if not known or not all(type(i) is int and 0 <= i < n for i, n in zip(voxel, picture.shape, strict=True)):
        size = " x ".join(map(str, picture.shape))
        raise InputError(f"{key}: needs a place inside the image of {size}, got {json.dumps(voxel)[:80]}")
    planes = PLANES if len(picture.shape) == 3 else (picture.plane,)
    if plane not in planes:
        raise InputError(f"{key}: needs the plane {' or '.join(planes)}, got {str(plane)[:80]}")
    if side not in (SIDES if picture.paired else (None,)):
        raise InputError(f"{key}: needs {'the side left or right' if picture.paired else 'no side'}")
    mm = [round(index * size, 3) for index, size in zip(voxel, picture.voxel_size_mm, strict=True)]
    place = {"voxel": voxel, "mm": mm, "plane": plane}
    return json.dumps(place | ({"side": side} if picture.paired else {}))


def _fits_keys(scale: Question) -> bool:
    whole = type(scale.low) is int and type(scale.high) is int
    return whole and scale.low in (0, 1) and scale.low < scale.high <= 10
