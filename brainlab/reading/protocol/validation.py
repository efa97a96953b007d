"""Everything that can be wrong with a protocol, each in one line."""

import dataclasses
import math
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from brainlab.errors import InputError
from brainlab.images.grid import PLANES
from brainlab.reading.protocol.allocation import allocation_problems
from brainlab.reading.protocol.composition import cases_of, composition_fault
from brainlab.reading.protocol.harmonisation import harmonisation_problems
from brainlab.reading.protocol.questions import CUE, LABELS, question_problems

if TYPE_CHECKING:
    from brainlab.reading.protocol.design import Protocol

RESERVED_KEYS = frozenset({
    "reader", "round", "case", "phase", "occurrence", "position", "answer", "confidence", "truth", "source", "class",
    "shown_at", "received_at", "active_ms", "revisions",
})  # fmt: skip
"""Columns that every export has; a further question of such a key would overwrite one."""

SIDE_BY_SIDE_KEYS = ("answer_shown", "arrangement")
"""Columns that an export has besides where a case has several images."""

KIND_LABELS = {"cohort": "real", "run": "fake"}
"""What a source of a kind holds, where it does not say itself."""

LONGEST_CAP_S = 86_400
LONGEST_WASHOUT = 520
LONGEST_DARK_S = 10

FLAGS = ("confidence", "cue", "practice_feedback")
TEXTS = ("title", "reader_title", "instructions", "consent")
NUMBERS = (
    "window_low", "window_high", "background_floor", "repeats_share", "dark_pause_s", "washout_weeks",
    "equivalence_margin",
)  # fmt: skip
WHOLE_NUMBERS = ("magnification", "practice", "rest_break_every", "rounds")


def protocol_faults(p: "Protocol") -> list[str]:
    """Return everything that is wrong with a protocol, in the order of its fields; of wrong types first."""
    if wrong := _wrong_types(p):
        return wrong
    codes = [reader.code for reader in p.readers]
    taken = [question.key for question in p.questions[1:] if question.key in RESERVED_KEYS]
    taken += [question.key for question in p.questions[:1] if question.key == "confidence"]
    whole = [source for source in p.sources if type(source.n) is int]
    supplied = [(s.name, s.label or KIND_LABELS.get(s.kind), s.n) for s in whole]
    fault = composition_fault(p.questions[0], supplied) if p.questions else None
    cases = cases_of(p.questions[0], supplied) if p.questions and supplied else 0
    checks = [
        (not p.title.strip(), "title: needs a few words, got an empty text"),
        (not p.sources, "sources: needs at least one, got none"),
        (not p.readers, "readers: needs at least one, got none"),
        (any(not code.strip() for code in codes), "readers: every reader needs a code"),
        (len(set(codes)) < len(codes), f"readers: codes must differ, got {', '.join(codes)}"),
        (len({s.name for s in p.sources}) < len(p.sources), "sources: names must differ, as tables go by them"),
        (any(s.kind not in ("cohort", "run", "folder") for s in p.sources), "sources: kind is cohort, run or folder"),
        (len(whole) < len(p.sources) or any(s.n < 1 for s in whole), "sources: n must be a whole number, at least 1"),
        (
            any(s.label not in (None, *LABELS) or (s.kind == "folder" and s.label is None) for s in p.sources),
            "sources: label is real or fake, and a folder must have one",
        ),
        (any(s.kind == "run" and s.label == "real" for s in p.sources), "sources: a run makes fakes, not real cases"),
        (any(s.kind == "cohort" and s.label == "fake" for s in p.sources), "sources: a cohort holds real cases"),
        (any(not 0 < s.truncation <= 2 for s in p.sources), "sources: truncation must be above 0 and at most 2"),
        (p.stimulus not in ("slice", "volume"), f"stimulus: needs slice or volume, got {p.stimulus}"),
        (p.plane not in PLANES, f"plane: needs one of {', '.join(PLANES)}, got {p.plane}"),
        (
            len(p.slice_range) != 2 or not 0 <= p.slice_range[0] <= p.slice_range[-1] <= 1,
            f"slice_range: needs two numbers 0 <= first <= last <= 1, got {list(p.slice_range)}",
        ),
        *harmonisation_problems(p.harmonisation),
        *allocation_problems(p.allocation, cases, len(p.readers)),
        *question_problems(p.questions),
        (p.cue and any(q.key == CUE.key for q in p.questions), f"questions: the key {CUE.key} is that of the cue"),
        (bool(taken), f"questions: the export has columns of its own named {', '.join(taken)}; choose other keys"),
        (fault is not None, f"sources: {fault}"),
        (p.window not in ("fixed", "adjustable"), f"window: needs fixed or adjustable, got {p.window}"),
        (not 0 <= p.window_low < p.window_high <= 1, "window_low, window_high: needs 0 <= low < high <= 1"),
        (not 0 <= p.background_floor < 0.5, "background_floor: needs 0 to 0.5"),
        (
            p.interpolation not in ("linear", "nearest"),
            f"interpolation: needs linear or nearest, got {p.interpolation}",
        ),
        (not 0 <= p.magnification <= 32, "magnification: needs 0 (automatic) to 32"),
        (not 0 <= p.repeats_share <= 1, "repeats_share: needs 0 to 1"),
        (not 0 <= p.practice <= 100, "practice: needs 0 to 100"),
        (
            p.time_cap_s is not None and not 0 < p.time_cap_s <= LONGEST_CAP_S,
            f"time_cap_s: needs seconds above 0 and at most {LONGEST_CAP_S}, or null",
        ),
        (not 0 <= p.dark_pause_s <= LONGEST_DARK_S, f"dark_pause_s: needs 0 to {LONGEST_DARK_S} seconds"),
        (p.rest_break_every < 0, "rest_break_every: needs 0 (none) or more"),
        (not 1 <= p.rounds <= 5, "rounds: needs 1 to 5"),
        (type(p.seed) is not int or not 0 <= p.seed < 2**32, f"seed: needs a whole number from 0 to {2**32 - 1}"),
        (not 0 <= p.washout_weeks <= LONGEST_WASHOUT, f"washout_weeks: needs 0 to {LONGEST_WASHOUT}"),
        (not 0 < p.equivalence_margin < 0.5, "equivalence_margin: needs above 0 and below 0.5"),
    ]
    return [fault for wrong, fault in checks if wrong]


def check_reader_codes(codes: Sequence[str]) -> None:
    """Raise InputError where a new study has a reader's code that tables, links or spreadsheets could not hold.

    Asked when a study is made and not of every protocol, so that studies which earlier versions made still open.
    """
    for code in codes:
        if code.startswith("-") or not code or not all(_is_plain(sign) for sign in code):
            raise InputError(
                f"readers: a code needs letters, digits, '.', '_' or '-', and no '-' first, got {code!r}; change it"
            )
    folded = [unicodedata.normalize("NFKC", code).casefold() for code in codes]
    for place, code in enumerate(codes):
        if folded[place] in folded[:place]:
            twin = codes[folded.index(folded[place])]
            raise InputError(f"readers: codes need to differ in more than case, got {twin} and {code}; change one")


def check_question_keys(protocol: "Protocol") -> None:
    """Raise InputError where a question of a new study has the key of a column that only its export would have.

    Asked when a study is made, for the reason that `check_reader_codes` gives.
    """
    taken = [question.key for question in protocol.questions[1:] if question.key in SIDE_BY_SIDE_KEYS]
    if protocol.grouped and taken:
        raise InputError(f"questions: the export has columns of its own named {', '.join(taken)}; choose other keys")


def _is_plain(sign: str) -> bool:
    """Whether a sign is a letter (of any script, with its marks), a digit or one of . _ -"""
    return sign in "._-" or unicodedata.category(sign)[0] in "LMN"


def _wrong_types(p: "Protocol") -> list[str]:
    """Return every value that is of no kind that its field can hold; JSON lets anything come."""
    checks = [
        *((not isinstance(getattr(p, name), str), f"{name}: needs a text") for name in TEXTS),
        *((type(getattr(p, name)) is not bool, f"{name}: needs true or false") for name in FLAGS),
        *((not _is_number(getattr(p, name)), f"{name}: needs a number") for name in NUMBERS),
        *((type(getattr(p, name)) is not int, f"{name}: needs a whole number") for name in WHOLE_NUMBERS),
        (p.time_cap_s is not None and not _is_number(p.time_cap_s), "time_cap_s: needs a number, or null"),
        (not _are_texts(p.classes), "classes: needs a list of texts"),
        (any(not isinstance(s.name, str) for s in p.sources), "sources: name is a text"),
        (any(not _is_number(s.truncation) for s in p.sources), "sources: truncation is a number"),
        (any(not isinstance(text, str) for r in p.readers for text in (r.code, r.name)), "readers: needs texts"),
        (
            any(r.experience_years is not None and not _is_number(r.experience_years) for r in p.readers),
            "readers: experience_years is a number, or null",
        ),
        (any(not isinstance(text, str) for q in p.questions for text in (q.key, q.text)), "questions: needs texts"),
        (any(not _are_texts(q.options) for q in p.questions), "questions: options are a list of texts"),
        (any(type(q.images) is not int for q in p.questions), "questions: images is a whole number"),
        (
            p.allocation is not None and any(type(n) is not int for n in dataclasses.astuple(p.allocation)),
            "allocation: anchors and readings are whole numbers",
        ),
        (any(type(q.required) is not bool for q in p.questions), "questions: required is true or false"),
    ]
    return [fault for wrong, fault in checks if wrong]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _are_texts(values: object) -> bool:
    return isinstance(values, tuple | list) and all(isinstance(value, str) for value in values)
