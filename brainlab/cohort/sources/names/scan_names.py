"""Take a free name apart by its words: sequence, version and visit, and what is left of it, which may name a person."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

MASK, PHASE = "mask", "phase"
SEQUENCE_WORDS = {
    "FLAIR": ("flair", "t2flair", "flairt2", "t2f"),
    "T1w": ("t1", "t1w", "t1n", "mprage", "t1mprage", "bravo", "spgr"),
    "T1SE": ("t1se",),
    "T1ce": ("t1c", "t1ce", "t1gd", "t1post", "t1km"),
    "T2w": ("t2", "t2w", "t2tse"),
    "T2starw": ("t2star", "t2starw", "t2s"),
    "PDw": ("pd", "pdw"),
    "dwi": ("dwi", "dti", "b0", "b1000"),
    "ADC": ("adc",),
    "SWI": ("swi",),
    "DIR": ("dir",),
    "MTRmap": ("mtr", "mtrmap"),
    "DVR": ("dvr",),
    PHASE: ("phase", "imag", "imaginary"),
    MASK: ("mask", "msk", "brainmask", "lesionmask", "lesion", "lesions", "lesionchange", "seg", "segmentation", "dseg",
           "probseg", "label", "labels", "roi", "gt", "groundtruth"),
}  # fmt: skip
"""Sequence, or kind of image, to the words that tell it in a file name."""
FOREIGN_WORDS = {
    "PET": ("pet", "suv", "suvr", "fdg", "pib", "amyloid"),
    "SPECT": ("spect", "datscan"),
    "angio": ("mra", "tof", "angio"),
    "bold": ("bold", "fmri", "rsfmri"),
    "perfusion": ("asl", "cbf", "pwi"),
}
"""The same of images that no recipe is for. They count only in a name that tells no sequence, since they may mean
something else there; 'ct' is left out, which is as often a control."""
CONTRAST = ("post", "gd", "ce", "gado", "km")
SPACE_WORDS = ("in", "to", "on", "reg", "space")
"""What follows one of these is another image that this one lies on: `lesion_in_FLAIR`."""
COPY_WORDS = ("orig", "copy", "defaced", "deface", "brain", "bet", "stripped", "n4", "reg", "registered", "norm", "mni",
              "mag", "magnitude", "resampled", "pp")  # fmt: skip
"""Words that tell another version of one scan."""
TECHNIQUE_WORDS = ("ax", "axial", "sag", "sagittal", "cor", "coronal", "tra", "3d", "2d", "iso", "tse", "fse", "cube")
_SESSION = (
    r"(?:ses|session|visit|study|timepoint|tp)[-_ ]?[0-9][0-9A-Za-z]*|ses-[0-9A-Za-z]+|baseline"
    r"|(?:wave|time|day|week|month|year)[-_ ]?[0-9]+|follow[-_ ]?up[-_ ]?[0-9]*"
)
_DATE = r"(?:19|20)[0-9]{2}(?P<mark>[-_]?)[01][0-9](?P=mark)[0-3][0-9]"
DATE = re.compile(rf"{_DATE}|(?:19|20)[0-9]{{2}}")
SESSION = re.compile(rf"(?<![^\W_])(?:{_SESSION}|{_DATE})(?![^\W_])", re.IGNORECASE)
RUN = re.compile(r"(?<![^\W_])(?:run|echo|rep)[-_ ]?0*([0-9]+)(?![^\W_])", re.IGNORECASE)
_ORIENTED = re.compile(r"^(?:ax|sag|cor|tra|3d|2d)+|(?:ax|sag|cor|tra|3d|2d)+$")
_WORD_TO_SEQUENCE = {word: sequence for sequence, words in SEQUENCE_WORDS.items() for word in words}
_WORD_TO_FOREIGN = {word: kind for kind, words in FOREIGN_WORDS.items() for word in words}


@dataclass(frozen=True)
class NameParts:
    """A free name taken apart.

    sequence: None where no word or several tell one. word: the word as written. copies: words of another version.
    session: such as `study1`, or a date; a name that is a year alone is one too. rest: what is left, which may name
    the person.
    """

    sequence: str | None
    word: str
    copies: tuple[str, ...]
    session: str | None
    rest: str


def take_apart(stem: str) -> NameParts:
    """Take a name without its ending apart: `p0_study1_T2_FLAIR_orig` -> FLAIR, (orig,), study1, p0."""
    copies: list[str] = []
    visits = [stem] if DATE.fullmatch(stem) else [found[0] for found in SESSION.finditer(stem)]
    stem = "" if DATE.fullmatch(stem) else SESSION.sub("", stem)
    for run in RUN.finditer(stem):
        copies += [run[0]] * min(int(run[1][:3]) - 1, 99)
    stem = RUN.sub("", stem)
    pieces = re.split(r"([\W_]+)", stem)
    known = _WORD_TO_SEQUENCE if any(map(_sequence_of, pieces[::2])) else _WORD_TO_FOREIGN
    told: dict[str, str] = {}
    kept = ""
    for position in range(0, len(pieces), 2):
        word = pieces[position].lower()
        if word in SPACE_WORDS and told:
            copies.append(word)
            break
        if sequence := _sequence_of(word, known):
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
    word = told.get(sequence or "", "")
    return NameParts(sequence, word, tuple(copies), "_".join(visits) or None, kept.strip("-_. ()[]"))


def _sequence_of(word: str, known: Mapping[str, str] = _WORD_TO_SEQUENCE) -> str | None:
    """Return the sequence that a word tells, whatever it says of its orientation: `AX3DFLAIR` -> FLAIR."""
    word = word.lower()
    return known.get(_ORIENTED.sub("", word) or word)


def _one_of(told: Mapping[str, str]) -> str | None:
    """Return the one sequence that the words of a name tell: a mask of a FLAIR is a mask, a T2 FLAIR a FLAIR."""
    for kind in (MASK, PHASE):
        if kind in told:
            return kind
    names = set(told) - ({"T2w"} if "FLAIR" in told else set()) - ({"T1w"} if "T1ce" in told else set())
    return names.pop() if len(names) == 1 else None
