"""Tell the number of a slice from whose it is in the names of pictures: `anna_012.png` is slice 12 of `anna`.

A number that counts pictures must not make a person of each: slices of one person are nearly copies of each other.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

from brainlab.cohort.sources.image_files import file_stem
from brainlab.cohort.sources.names.person_names import (
    GROUP_WORDS,
    IMAGE_WORDS,
    LETTER_VISIT,
    PERSON_WORDS,
    SCHEMES,
    VISIT,
)
from brainlab.cohort.sources.names.scan_names import COPY_WORDS, RUN, SESSION, TECHNIQUE_WORDS, sequence_of

PLANES = "axial|ax|coronal|cor|sagittal|sag"
WORDED = re.compile(
    r"(?:(?<![^\W\d_])(?:slice|slc|sl|frame|page)[-_ .]*(?P<number>\d+)(?![^\W_])"
    r"|(?<![^\W_])(?P<of>\d+)[-_ .]*of[-_ .]*\d+(?![^\W_])"
    rf"|(?:(?<![^\W\d_])(?:{PLANES})|(?<=[\W\d_])[xyz])[-_ .]*(?P<last>\d+)$)",
    re.IGNORECASE,
)
"""A number behind a word for slices, or before all of them (`12_of_100`); at the end behind a plane or an axis too."""
BARE = re.compile(r"(?<![^\W_])(?:image|img|im)?(\d{1,7})(?![^\W_])", re.IGNORECASE)
NO_NAMES = PERSON_WORDS | IMAGE_WORDS | GROUP_WORDS | {"p"}


def without_slice_numbers(relatives: Iterable[PurePosixPath]) -> dict[PurePosixPath, tuple[PurePosixPath, int | None]]:
    """Return each path without the slice's number in its name, and the number where there is one.

    It is one behind a word such as `slice`; or at the end, apart from another number or a name of somebody; or before
    words for sequence and plane, or anywhere else beside a name, where other pictures differ in it alone. It is not
    where it is all that tells people apart (`patient12`, `img_12`), part of a public id, a date or a visit's.
    """
    found: dict[PurePosixPath, tuple[PurePosixPath, int | None]] = {}
    groups: dict[PurePosixPath, dict[PurePosixPath, int]] = defaultdict(dict)
    for relative in relatives:
        found[relative] = relative, None
        stem = file_stem(relative.name)
        named = _slice_number(stem)
        if named is None:
            continue
        place, number, sure = named
        before, after = stem[: place.start()].rstrip("-_ ."), stem[place.end() :].lstrip("-_ .")
        stripped = relative.with_name("_".join(filter(None, (before, after))) + relative.name[len(stem) :])
        if sure:
            found[relative] = stripped, number
        else:
            groups[stripped][relative] = number
    for stripped, members in groups.items():
        if len(set(members.values())) > 1:
            found |= {relative: (stripped, number) for relative, number in members.items()}
    return found


def _slice_number(stem: str) -> tuple[re.Match[str], int, bool] | None:
    """Return where the number of a slice may stand, the number, and whether the name alone says so."""
    if worded := list(WORDED.finditer(stem)):
        return worded[-1], int(worded[-1]["number"] or worded[-1]["of"] or worded[-1]["last"]), True
    taken = [found.span() for known in (SCHEMES, SESSION, RUN) for found in known.finditer(stem)]
    for bare in reversed(list(BARE.finditer(stem))):
        before, after = _words(stem[: bare.start()]), re.findall(r"[^\W_]+", stem[bare.end() :].lower())
        if any(start < bare.end() and bare.start() < end for start, end in taken):
            continue
        if before and VISIT.fullmatch(before[-1] + bare[1]):
            continue
        if not stem[bare.end() :]:
            return (bare, int(bare[1]), True) if _names_somebody(before) else None
        rest = [word for word in after if not _tells_no_person(word)]
        counts = bool(before) and before[-1] in NO_NAMES  # `patient_12_left`
        if not counts and _names_somebody([*before, *rest]) and (before or not all(map(_may_be_a_visit, rest))):
            return bare, int(bare[1]), False
    return None


def _words(text: str) -> list[str]:
    return re.findall(r"\d+|[^\W\d_]+", text.lower())


def _names_somebody(words: Iterable[str]) -> bool:
    return any(word.isdecimal() or word not in NO_NAMES for word in words)


def _tells_no_person(word: str) -> bool:
    """Whether a word tells a sequence, a plane or a version."""
    return word in (*COPY_WORDS, *TECHNIQUE_WORDS) or sequence_of(word) is not None


def _may_be_a_visit(word: str) -> bool:
    return bool(VISIT.fullmatch(word) or LETTER_VISIT.fullmatch(word))
