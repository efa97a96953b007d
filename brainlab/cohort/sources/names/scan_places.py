"""Guess from the paths of all images outside BIDS whose heads they are, at which visit, and in which sequence.

A guess that parts two scans of one person is worse than one that puts two people together: the first lets a test
measure memory. `people_notes` says what was taken for what.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import PurePosixPath

from brainlab.cohort.sources.image_files import file_stem
from brainlab.cohort.sources.names.person_names import (
    IMAGE_WORDS,
    MOST_VISITS,
    SUBJECT,
    Clue,
    Person,
    looks_like_visit,
    may_name_somebody,
    people,
    says_person,
    visit_beside,
)
from brainlab.cohort.sources.names.scan_names import DATE, NameParts, take_apart

KIND_FOLDERS = {"anat", "dwi", "func", "fmap", "mri", "mr", "nii", "nifti", "niftis", "image", "images", "imgs", "data",
                "raw", "rawdata", "scans", "preproc", "preprocessed", "processed", "native"}  # fmt: skip
"""Folders named after what they hold, which say nothing of people."""
GROUP_FOLDERS = {"train", "training", "test", "testing", "val", "validation", "patients", "controls", "control",
                 "healthy", "cases"}  # fmt: skip
GROUP_FOLDER = re.compile(r"(?:group|site|cent(?:er|re)|cohort|batch|dataset|part|fold|dis[ck])[-_ ]?[0-9A-Za-z]?\d*")
"""Folders that are surely nobody's name, but those of many."""


@dataclass(frozen=True)
class ScanPlace:
    """What the path of an image outside BIDS is taken to tell.

    folder: where the scans of the person lie, as a relative path, or None where the file's own name tells the person.
    class_folder: name of the folder above the person's that may be a class, if any. clue: the part of the folder's or
    file's name that tells the person.
    """

    participant: str
    session: str | None
    name: NameParts
    folder: str | None
    class_folder: str | None
    clue: Clue


@dataclass(frozen=True)
class _Named:
    """An image, and the name of its person as a folder or the file writes it; '' where none does.

    inner: the folders between the person's and the image that may be visits, such as `1` or `first`.
    """

    relative: PurePosixPath
    parts: NameParts
    folder: PurePosixPath | None
    written: str
    inner: str


def scan_places(
    relatives: Iterable[PurePosixPath], nameless: str, class_folders: bool = False
) -> dict[PurePosixPath, ScanPlace]:
    """Guess person, session and sequence of images from their paths, which are relative to one folder.

    The person is named by a folder `sub-...`, else by the outermost folder that says that it is a person's
    (`patient01`), else by the deepest that separates people: not one named after a sequence, a visit or a kind of file,
    and not one whose name comes again below another folder, as those of visits do. Without such a folder it is what the
    file's name holds beside words for sequence, visit and version. Which of these names mean one person: `people`.
    nameless: the person of files whose path names nobody, such as `visit1/flair.nii`; files named by a date alone are a
    person each.
    class_folders: the folders right below are classes, and nobody's name.
    """
    named = _sequences_beside([_name(*each) for each in _folders(list(relatives), class_folders)])
    named = _named_by_files(named)
    persons = people(each.written for each in named if each.written)
    inner: dict[str, set[str]] = defaultdict(set)
    for each in named:
        inner[each.written].add(each.inner)
    named = [replace(each, inner="") if len(inner[each.written]) == 1 else each for each in named]
    places = {each.relative: _place(each, persons, nameless, class_folders) for each in named}
    return _apart_by_class(places) if class_folders else places


def _folders(relatives: list[PurePosixPath], class_folders: bool) -> list[tuple[PurePosixPath, PurePosixPath | None]]:
    """Return each image with the folder that is a person's, if any is."""
    chains = {relative: _chain(relative, class_folders) for relative in relatives}
    parents: dict[str, set[PurePosixPath]] = defaultdict(set)
    for chain in chains.values():
        for inner in chain[1:]:
            parents[inner.name].add(inner.parent)
    shared = {(parent, _shape(name)) for name, above in parents.items() if len(above) > 1 for parent in above}
    shared |= _numbered_visits(chains.values())
    found = []
    for relative, chain in chains.items():
        subjects = [folder for folder in chain if SUBJECT.fullmatch(folder.name)]
        found.append((relative, subjects[-1] if subjects else _person_folder(chain, shared)))
    return found


def _chain(relative: PurePosixPath, class_folders: bool) -> list[PurePosixPath]:
    """Return the folders above an image that may be a person's, the outermost first.

    Visits above people are none of them, nor is a visit alone, unless it may as well count people and the file names
    nobody: `V1/anna.nii`, `pre/flair.nii`, but not `V1/flair.nii`.
    """
    folders = [folder for folder in reversed(relative.parents) if folder.name]
    chain = [folder for folder in folders[1 if class_folders else 0 :] if _may_be_a_person(folder.name)]
    while chain and looks_like_visit(chain[0].name):
        counts = chain[0].name.rstrip("0123456789").lower() in (*IMAGE_WORDS, "v", "t")
        if counts and len(chain) == 1 and not may_name_somebody(take_apart(file_stem(relative.name)).rest):
            break
        chain = chain[1:]
    return chain


def _numbered_visits(chains: Iterable[list[PurePosixPath]]) -> set[tuple[PurePosixPath, str]]:
    """Return folders of people with the shape of their visits' names, where both are numbers: `1234567/9876543`.

    Numbers that hold more than `MOST_VISITS` on average are those of sites, and these are people's.
    """
    below: dict[PurePosixPath, set[PurePosixPath]] = defaultdict(set)
    for chain in chains:
        for outer, inner in pairwise(chain):
            if outer.name.isdecimal() and inner.name.isdecimal():
                below[outer].add(inner)
    counts = [len(inner) for inner in below.values()]
    visits = max(counts, default=0) > 1 and sum(counts) <= MOST_VISITS * len(counts)
    return {(inner.parent, _shape(inner.name)) for group in below.values() for inner in group if visits}


def _may_be_a_person(folder: str) -> bool:
    group = folder.lower() in GROUP_FOLDERS or GROUP_FOLDER.fullmatch(folder.lower())
    return bool(SUBJECT.fullmatch(folder)) or (_may_be_a_group(folder) and not group)


def _may_be_a_group(folder: str) -> bool:
    """Whether a folder is not named after a sequence, a visit or a kind of file."""
    return folder.lower() not in KIND_FOLDERS and bool(take_apart(folder).rest)


def _shape(folder: str) -> str:
    """Return a name with its numbers masked: visits 1 and 2 are named alike."""
    return re.sub(r"\d+", "#", folder.casefold())


def _person_folder(chain: list[PurePosixPath], shared: set[tuple[PurePosixPath, str]]) -> PurePosixPath | None:
    """Return the folder that separates people; `anna/first` and `bert/first`, `anna/anna_1`, `anna/MR2` are visits.

    shared: folders that hold one whose name comes again elsewhere, with its shape; all of that shape are visits.
    """
    if sure := [folder for folder in chain if says_person(folder.name)]:
        return sure[0]
    level = len(chain) - 1
    while level > 0 and (
        (chain[level].parent, _shape(chain[level].name)) in shared
        or looks_like_visit(chain[level].name)
        or re.match(rf"{re.escape(chain[level - 1].name)}[-_ .]", chain[level].name)
    ):
        level -= 1
    return chain[level] if chain else None


def _name(relative: PurePosixPath, folder: PurePosixPath | None) -> _Named:
    parts = take_apart(file_stem(relative.name))
    if subject := SUBJECT.match(relative.name):
        written = subject[0]
    elif folder is not None:
        written = take_apart(folder.name).rest or folder.name
    else:
        written = parts.rest
    below = [name.name for name in reversed(relative.parents) if folder is not None and folder in name.parents]
    return _Named(relative, parts, folder, written, "_".join(name for name in below if _may_be_a_group(name)))


def _sequences_beside(named: list[_Named]) -> list[_Named]:
    """Let `PD_01` be a proton density of 01, and no patient, where `FLAIR_01` or another sequence lies beside it."""
    beside = {(each.relative.parent, each.parts.rest) for each in named if each.parts.sequence}
    found = []
    for each in named:
        group, rest = re.match(r"(PD[\W_]+)?(.*)", each.parts.rest, re.IGNORECASE | re.DOTALL).groups()  # type: ignore[union-attr]
        if group and each.parts.sequence is None and (each.relative.parent, rest) in beside:
            parts = replace(each.parts, sequence="PDw", word=group[:2], rest=rest)
            each = replace(each, parts=parts, written=rest if each.folder is None else each.written)
        found.append(each)
    return found


def _named_by_files(named: list[_Named]) -> list[_Named]:
    """Let files name people where a person's own name comes again in folders of no person: `anna/p01`, `bert/p01`."""
    sure = {each.relative: each.parts.rest for each in named if says_person(each.parts.rest)}
    where: dict[str, set[PurePosixPath | None]] = defaultdict(set)
    for each in named:
        if each.relative in sure and (each.folder is None or not says_person(each.written)):
            where[each.parts.rest].add(each.folder)
    if not any(len(folders) > 1 for folders in where.values()):
        return named
    return [
        replace(each, folder=None, written=each.parts.rest)
        if each.relative in sure and not says_person(each.written)
        else each
        for each in named
    ]


def _place(each: _Named, persons: Mapping[str, Person], nameless: str, class_folders: bool) -> ScanPlace:
    parts, relative, folder = each.parts, each.relative, each.folder
    above = [take_apart(name.name) for name in relative.parents if name.name]
    dated = parts.session or next((names.session for names in above if names.session), None)
    if parts.sequence is None:
        # A folder `PD` is rather that of people with Parkinson's disease.
        told = next((names for names in above if names.sequence not in (None, "PDw")), parts)
        parts = replace(parts, sequence=told.sequence, word=told.word)
    if each.written:
        person = persons[each.written]
    else:
        only_dated = dated is not None and DATE.fullmatch(dated) is not None
        person = Person(dated if only_dated and dated else nameless, None, Clue.NOTHING)
    outer = [name.name for name in reversed((folder or relative).parents) if name.name][int(class_folders) :]
    visits = [dated, *(name for name in outer if looks_like_visit(name) and _may_be_a_person(name)), person.session]
    if folder is not None:
        visits += [each.inner, visit_beside(parts.rest, each.written)]
    session = "_".join(dict.fromkeys(visit for visit in visits if visit)) or None
    groups = (group.name for group in (folder or relative).parents if group.name and _may_be_a_group(group.name))
    group = relative.parts[0] if class_folders else next(groups, None)
    where = None if folder is None else folder.as_posix()
    return ScanPlace(person.name, session, parts, where, group, person.clue)


def _apart_by_class(places: Mapping[PurePosixPath, ScanPlace]) -> dict[PurePosixPath, ScanPlace]:
    """Tell people of one name in several class folders apart, since the user said that these are not one person's."""
    classes: dict[str, set[str | None]] = defaultdict(set)
    for place in places.values():
        classes[place.participant].add(place.class_folder)
    return {
        relative: replace(place, participant=f"{place.class_folder}/{place.participant}")
        if len(classes[place.participant]) > 1
        else place
        for relative, place in places.items()
    }
