"""The questions of a case: their kinds, and which answers fit them.

An answer is kept as text, whatever its kind:

    choice  one of the options
    scale   a whole number from `low` to `high`
    text    as it was typed
    place   JSON: the voxel that was pointed at, and where that is in mm (see `_check_place`)
    pair    the side, left or right, on which the real image is
    alternatives  the number of the image that is the only real one (or the only fake one), from 1
    ranking  the numbers of all images, most real first, as `3,1,4,2`

The last three are asked of several images side by side: pairs are 2-alternative, quartets 4-alternative forced choice.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

from brainlab.errors import InputError
from brainlab.files.json_text import parse_json
from brainlab.images.grid import PLANES

QUESTION_KINDS = ("choice", "scale", "text", "place", "pair", "alternatives", "ranking")
GROUP_KINDS = ("pair", "alternatives", "ranking")
"""Kinds that are asked of several images side by side."""

LABELS = ("real", "fake")
SIDES = ("left", "right")
ALTERNATIVES = (2, 4, 6, 8)
"""Numbers of images of a forced choice."""

MOST_RANKED = 8
LONGEST_TEXT = 4000
"""Signs of the longest answer that is kept."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question of a case; only required ones count for progress, and the first always is.

    options: what a choice offers; for a scale the words at its two ends, or none. low, high: ends of a scale, within
    0 to 10, so that each value has a key. images: side by side, of alternatives or a ranking. wanted: what the only one
    of its kind among alternatives is.
    """

    key: str
    kind: Literal["choice", "scale", "text", "place", "pair", "alternatives", "ranking"]
    text: str
    options: tuple[str, ...] = ()
    required: bool = True
    low: int = 1
    high: int = 5
    images: int = 1
    wanted: Literal["real", "fake"] = "real"

    @property
    def places(self) -> tuple[str, ...]:
        """Names of the images side by side, as they stand, row by row; none where a case is one image."""
        if self.kind == "pair":
            return SIDES
        return tuple(str(place + 1) for place in range(self.images)) if self.kind in GROUP_KINDS else ()

    @property
    def values(self) -> tuple[str, ...]:
        """Every answer there can be, in order; empty where answers are free."""
        if self.kind == "scale":
            return tuple(str(value) for value in range(self.low, self.high + 1))
        return {"choice": self.options, "pair": SIDES, "alternatives": self.places}.get(self.kind, ())


VERDICT = Question(key="verdict", kind="choice", text="Is this image real or fake?", options=("real", "fake"))
WHICH = Question(key="which", kind="pair", text="Which of the two images is real?")
ONE_REAL = Question(key="which", kind="alternatives", text="Which one of the images is real?", images=4)
ONE_FAKE = Question(key="which", kind="alternatives", text="Which one of the images is fake?", images=4, wanted="fake")
RANKING = Question(key="ranking", kind="ranking", text="Rank the images, most real first.", images=2)
CUE = Question(key="cue", kind="text", text="What was your verdict based on? (optional)", required=False)


@dataclass(frozen=True)
class Picture:
    """What a place is checked against: the grid of one image, and which lie side by side.

    shape: [rows, columns] of a slice or [X, Y, Z] of a volume. voxel_size_mm: one per axis. plane: of a slice.
    places: names of the images of a group (`Question.places`).
    """

    shape: tuple[int, ...]
    voxel_size_mm: tuple[float, ...]
    plane: str
    places: tuple[str, ...] = ()


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
            any(q.kind not in ("choice", "scale") and q.options for q in questions),
            "questions: only choice and scale have options",
        ),
        *(
            (
                any(q.kind == kind for q in questions[1:]),
                f"questions: {'a ' * (kind != 'alternatives')}{kind} can only be the first question",
            )
            for kind in GROUP_KINDS
        ),
        (
            any(q.kind == "alternatives" and q.images not in ALTERNATIVES for q in questions),
            f"questions: alternatives need {', '.join(map(str, ALTERNATIVES))} images",
        ),
        (
            any(q.kind == "ranking" and not 2 <= q.images <= MOST_RANKED for q in questions),
            f"questions: a ranking needs 2 to {MOST_RANKED} images",
        ),
        (
            any(q.images != 1 and q.kind not in ("alternatives", "ranking") for q in questions),
            "questions: only alternatives and a ranking have images",
        ),
        (any(q.wanted not in LABELS for q in questions), "questions: wanted is real or fake"),
        (sum(q.kind == "place" for q in questions) > 1, "questions: one place can be asked for, not more"),
    ]


def check_answer(question: Question, text: Any, picture: Picture) -> str:
    """Return an answer as it is kept; raises InputError when it does not fit the question."""
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST_TEXT:
        raise InputError(f"{question.key}: needs a text of 1 to {LONGEST_TEXT} signs")
    if question.kind == "place":
        return _check_place(question.key, text, picture)
    if question.kind == "ranking":
        return _check_ranking(question, text)
    if question.values and text not in question.values:
        raise InputError(f"{question.key}: needs one of {', '.join(question.values)}, got {text[:80]}")
    return text


def _check_ranking(question: Question, text: str) -> str:
    """Check that every image is ranked once."""
    if sorted(text.split(",")) != sorted(question.places):
        raise InputError(f"{question.key}: needs each of {', '.join(question.places)} once, got {text[:80]}")
    return text


def _check_place(key: str, text: str, picture: Picture) -> str:
    """Check {"voxel": [...], "plane": ..., "side": ...} and add `mm`, from the centre of the first voxel.

    voxel: index of the image as it is stored, [row, column] or [x, y, z]. plane: on which it was pointed at.
    side: in which of several images, and only there.
    """
    try:
        given = parse_json(text)
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
    if side not in (picture.places or (None,)):
        wanted = f"one of the sides {', '.join(picture.places)}" if picture.places else "no side"
        raise InputError(f"{key}: needs {wanted}, got {str(side)[:80]}")
    mm = [round(index * size, 3) for index, size in zip(voxel, picture.voxel_size_mm, strict=True)]
    place = {"voxel": voxel, "mm": mm, "plane": plane}
    return json.dumps(place | ({"side": side} if picture.places else {}))


def _fits_keys(scale: Question) -> bool:
    whole = type(scale.low) is int and type(scale.high) is int
    return whole and scale.low in (0, 1) and scale.low < scale.high <= 10
