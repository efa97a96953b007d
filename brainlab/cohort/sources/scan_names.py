"""What the path of an image outside BIDS tells: whose head it is, at which visit, and in which sequence.

Free names follow no rule, so this is guessed from words, and the caller says what was taken. A guess that would part
two scans of one person is worse than one that puts two people together: the first lets a test measure memory.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from brainlab.cohort.sources.image_files import Note, file_stem

MASK, PHASE = "mask", "phase"
SEQUENCE_WORDS = {
    "FLAIR": ("flair", "t2flair", "flairt2", "t2f"),
    "T1w": ("t1", "t1w", "t1n", "t1se", "mprage", "t1mprage", "bravo", "spgr"),
    "T1ce": ("t1c", "t1ce", "t1gd", "t1post", "t1km"),
    "T2w": ("t2", "t2w", "t2tse"),
    "T2starw": ("t2star", "t2starw", "t2s"),
    "PDw": ("pd", "pdw"),
    "dwi": ("dwi", "dti", "b0", "b1000"),
    "ADC": ("adc",),
    "SWI": ("swi",),
    "DIR": ("dir",),
    PHASE: ("phase", "imag", "imaginary"),
    MASK: ("mask", "msk", "brainmask", "lesionmask", "lesion", "lesions", "lesionchange", "seg", "segmentation", "dseg",
           "probseg", "label", "labels", "roi", "gt", "groundtruth"),
}  # fmt: skip
"""Sequence, or kind of image, to the words that tell it in a file name."""
CONTRAST = ("post", "gd", "ce", "gado", "km")
SPACE_WORDS = ("in", "to", "on", "reg", "space")
"""What follows one of these is another image that this one lies on: `lesion_in_FLAIR`."""
COPY_WORDS = ("orig", "copy", "defaced", "deface", "brain", "bet", "stripped", "n4", "reg", "registered", "norm", "mni",
              "mag", "magnitude", "resampled")  # fmt: skip
"""Words that tell another version of one scan."""
TECHNIQUE_WORDS = ("ax", "axial", "sag", "sagittal", "cor", "coronal", "tra", "3d", "2d", "iso", "tse", "fse", "cube")
_SESSION = (
    r"(?:ses|session|visit|study|timepoint|tp)[-_ ]?[0-9][0-9A-Za-z]*|ses-[0-9A-Za-z]+|baseline"
    r"|follow[-_ ]?up[-_ ]?[0-9]*|(?:19|20)[0-9]{2}[-_]?[01][0-9][-_]?[0-3][0-9]"
)
SESSION = re.compile(rf"(?<![^\W_])(?:{_SESSION})(?![^\W_])", re.IGNORECASE)
RUN = re.compile(r"(?<![^\W_])(?:run|echo|rep)[-_ ]?0*([0-9]+)(?![^\W_])", re.IGNORECASE)
SUBJECT = re.compile(r"sub-[0-9A-Za-z]+")
KIND_FOLDERS = {"anat", "dwi", "func", "fmap", "mri", "mr", "nii", "nifti", "niftis", "image", "images", "imgs", "data",
                "raw", "rawdata", "scans", "preproc", "preprocessed", "processed", "native"}  # fmt: skip
"""Folders named after what they hold, which say nothing of people."""
GROUP_FOLDERS = {"train", "training", "test", "testing", "val", "validation", "patients", "controls", "control",
                 "healthy", "cases"}  # fmt: skip
"""Folders that are surely nobody's name, but those of many."""
_ORIENTED = re.compile(r"^(?:ax|sag|cor|tra|3d|2d)+|(?:ax|sag|cor|tra|3d|2d)+$")
_WORD_TO_SEQUENCE = {word: sequence for sequence, words in SEQUENCE_WORDS.items() for word in words}


@dataclass(frozen=True)
class NameParts:
    """A free name taken apart.

    sequence: None where no word or several tell one. word: the word as written. copies: words of another version.
    session: such as `study1`. rest: what is left, which may name the person.
    """

    sequence: str | None
    word: str
    copies: tuple[str, ...]
    session: str | None
    rest: str


@dataclass(frozen=True)
class ScanPlace:
    """What the path of an image outside BIDS is taken to tell.

    folder: where the scans of the person lie, as a relative path, or None where the file's own name tells the person.
    class_folder: name of the folder above the person's that may be a class, if any.
    """

    participant: str
    session: str | None
    name: NameParts
    folder: str | None
    class_folder: str | None


def take_apart(stem: str) -> NameParts:
    """Take a name without its ending apart: `p0_study1_T2_FLAIR_orig` -> FLAIR, (orig,), study1, p0."""
    found, copies = SESSION.search(stem), []
    session = found[0] if found else None
    stem = SESSION.sub("", stem, count=1)
    for run in RUN.finditer(stem):
        copies += [run[0]] * min(int(run[1][:3]) - 1, 99)
    stem = RUN.sub("", stem)
    pieces = re.split(r"([\W_]+)", stem)
    told: dict[str, str] = {}
    kept = ""
    for position in range(0, len(pieces), 2):
        word = pieces[position].lower()
        if word in SPACE_WORDS and told:
            copies.append(word)
            break
        if sequence := _WORD_TO_SEQUENCE.get(_ORIENTED.sub("", word) or word):
            told.setdefault(sequence, pieces[position])
        elif word in COPY_WORDS or word.startswith(("regto", "reg2", "into")):
            copies.append(word)
        elif word in CONTRAST and "T1w" in told:
            told["T1ce"] = told.pop("T1w")
        elif word in TECHNIQUE_WORDS:
            continue
        else:
            kept += (pieces[position - 1] if position and kept else "") + pieces[position]
    sequence = _one_of(told)
    return NameParts(sequence, told.get(sequence or "", ""), tuple(copies), session, kept.strip("-_. "))


def _one_of(told: Mapping[str, str]) -> str | None:
    """Return the one sequence that the words of a name tell: a mask of a FLAIR is a mask, a T2 FLAIR a FLAIR."""
    for kind in (MASK, PHASE):
        if kind in told:
            return kind
    names = set(told) - ({"T2w"} if "FLAIR" in told else set()) - ({"T1w"} if "T1ce" in told else set())
    return names.pop() if len(names) == 1 else None


def scan_places(
    relatives: Iterable[PurePosixPath], nameless: str, class_folders: bool = False
) -> dict[PurePosixPath, ScanPlace]:
    """Guess person, session and sequence of images from their paths, which are relative to one folder.

    The person is a folder `sub-...`, else the deepest folder that separates people: not one named after a sequence, a
    visit or a kind of file, and not one whose name comes again below another folder, as those of visits do. Without
    such a folder it is what the file's name holds beside words for sequence, visit and version.
    nameless: the person of files whose path names nobody, such as `visit1/flair.nii`.
    class_folders: the folders right below are classes, and nobody's name.
    """
    relatives = list(relatives)
    chains = {relative: _chain(relative, class_folders) for relative in relatives}
    parents: dict[str, set[PurePosixPath]] = defaultdict(set)
    for chain in chains.values():
        for inner in chain[1:]:
            parents[inner.name].add(inner.parent)
    places = {}
    for relative, chain in chains.items():
        subjects = [folder for folder in chain if SUBJECT.fullmatch(folder.name)]
        folder = subjects[-1] if subjects else _person_folder(chain, parents)
        places[relative] = _place(relative, folder, nameless, class_folders)
    return _apart_by_class(places) if class_folders else places


def _chain(relative: PurePosixPath, class_folders: bool) -> list[PurePosixPath]:
    """Return the folders above an image that may be a person's, the outermost first."""
    folders = [folder for folder in reversed(relative.parents) if folder.name]
    return [folder for folder in folders[1 if class_folders else 0 :] if _may_be_a_person(folder.name)]


def _may_be_a_person(folder: str) -> bool:
    return bool(SUBJECT.fullmatch(folder)) or (_may_be_a_group(folder) and folder.lower() not in GROUP_FOLDERS)


def _may_be_a_group(folder: str) -> bool:
    """Whether a folder is not named after a sequence, a visit or a kind of file."""
    return folder.lower() not in KIND_FOLDERS and bool(take_apart(folder).rest)


def _person_folder(chain: list[PurePosixPath], parents: Mapping[str, set[PurePosixPath]]) -> PurePosixPath | None:
    """Return the deepest folder that separates people; `anna/first` and `bert/first`, `anna/anna_1` are visits."""
    level = len(chain) - 1
    while level > 0 and (
        len(parents[chain[level].name]) > 1 or re.match(rf"{re.escape(chain[level - 1].name)}[-_ .]", chain[level].name)
    ):
        level -= 1
    return chain[level] if chain else None


def _place(relative: PurePosixPath, folder: PurePosixPath | None, nameless: str, class_folders: bool) -> ScanPlace:
    parts = take_apart(file_stem(relative.name))
    above = [take_apart(name.name) for name in relative.parents if name.name]
    session = parts.session or next((names.session for names in above if names.session), None)
    if parts.sequence is None:
        # A folder `PD` is rather that of people with Parkinson's disease.
        told = next((names for names in above if names.sequence not in (None, "PDw")), parts)
        parts = replace(parts, sequence=told.sequence, word=told.word)
    if subject := SUBJECT.match(relative.name):
        participant = subject[0]
    elif folder is not None:
        participant = take_apart(folder.name).rest or folder.name
    else:
        participant = parts.rest or nameless
    groups = (group.name for group in (folder or relative).parents if group.name and _may_be_a_group(group.name))
    group = relative.parts[0] if class_folders else next(groups, None)
    return ScanPlace(participant, session, parts, None if folder is None else folder.as_posix(), group)


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


def people_notes(places: Sequence[ScanPlace], class_folders: bool = False) -> list[Note]:
    """Say who was taken for a person, and where that may be wrong."""
    if not places:
        return []
    people = sorted({place.participant for place in places})
    ways = {"file name" if place.folder is None else "folder" for place in places}
    count = "1 person" if len(people) == 1 else f"{len(people)} people"
    reason = f"{count}, named by {' and '.join(sorted(ways))}: {_some(people)}"
    groups = sorted({place.class_folder for place in places if place.class_folder})
    if groups and not class_folders:
        reason += f"; the folders above them ({_some(groups)}) are not taken for classes (--class-folders does that)"
    notes = [{"path": ".", "reason": reason}]
    names: dict[str, set[str]] = defaultdict(set)
    for place in places:
        if place.folder is not None:
            names[place.folder].add(place.name.rest)
    for folder, rests in sorted(names.items()):
        if len(rests) > 1:
            reason = (
                f"taken for one person with several scans ({_some(sorted(rests))}); if these are several people, give "
                "--class-folders where the folder is a class, or --table to map files to people"
            )
            notes.append({"path": folder, "reason": reason})
    return notes


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
