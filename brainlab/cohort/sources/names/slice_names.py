"""Tell the number of a slice from whose it is in the names of pictures: `anna_012.png` is slice 12 of `anna`.

A number that counts pictures must not make a person of each: slices of one person are nearly copies of each other.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

from brainlab.cohort.sources.image_files import file_stem
from brainlab.cohort.sources.names.person_names import GROUP_WORDS, IMAGE_WORDS, PERSON_WORDS, SCHEMES, VISIT

SLICE_WORDS = "slice|slc|sl|axial|ax|coronal|cor|sagittal|sag|frame|page|z|y|x"
NUMBER = re.compile(
    rf"^(?P<rest>.*?)(?P<word>(?<![^\W\d_])(?:{SLICE_WORDS}))?(?P<mark>[-_ .]*)(?P<number>\d+)$", re.IGNORECASE
)
MOST_SLICES = 512
"""One scan has no more; a number that runs further counts pictures of many people."""


def without_slice_numbers(relatives: Iterable[PurePosixPath]) -> dict[PurePosixPath, tuple[PurePosixPath, int | None]]:
    """Return each path without the slice's number at the end of its name, and the number where there is one.

    It is one behind a word such as `slice`, or apart from another number or a name of somebody; not where it is all
    that tells people apart (`patient12`, `img_12`), part of a public id, a visit's, or where more than `MOST_SLICES`
    pictures differ in it alone.
    """
    found: dict[PurePosixPath, tuple[PurePosixPath, int | None]] = {}
    groups: dict[PurePosixPath, list[tuple[PurePosixPath, int]]] = defaultdict(list)
    for relative in relatives:
        found[relative] = relative, None
        stem = file_stem(relative.name)
        named = NUMBER.match(stem)
        if named and _is_slice(stem, named):
            kept = named["rest"].rstrip("-_ .")
            groups[relative.with_name(kept + relative.name[len(stem) :])].append((relative, int(named["number"])))
    for stripped, members in groups.items():
        if len(members) <= MOST_SLICES:
            found |= {relative: (stripped, number) for relative, number in members}
    return found


def _is_slice(stem: str, named: re.Match[str]) -> bool:
    if named["word"]:
        return True
    words = re.findall(r"\d+|[^\W\d_]+", named["rest"].lower())
    ids = any(found.end() == len(stem) for found in SCHEMES.finditer(stem))
    if not named["mark"] or not words or ids or VISIT.fullmatch(words[-1] + named["number"]):
        return False
    return any(word.isdecimal() or word not in PERSON_WORDS | IMAGE_WORDS | GROUP_WORDS | {"p"} for word in words)
