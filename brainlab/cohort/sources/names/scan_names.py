"""Take a free name apart by its words: sequence, version and visit, and what is left of it, which may name a person."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MASK, PHASE = "mask", "phase"
DIXON = "fat or opposed phase of Dixon"
"""Images of a head that do not look like others of their sequence."""
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
    MASK: ("mask", "msk", "brainmask", "defacemask", "lesionmask", "lesion", "lesions", "lesionchange", "seg",
           "segmentation", "dseg", "probseg", "label", "labels", "roi", "gt", "groundtruth", "aseg", "aparc", "wmparc",
           "ribbon", "synthseg"),
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
WITHIN = {"T2w": "FLAIR", "T1w": "T1ce", "dwi": "ADC"}
"""Sequence to the one that is meant where a name tells both."""
SPACE_WORDS = ("in", "to", "on", "reg", "space")
"""What follows one of these is another image that this one lies on: `lesion_in_FLAIR`."""
COPY_WORDS = ("orig", "copy", "defaced", "deface", "brain", "bet", "stripped", "n4", "reg", "registered", "norm", "mni",
              "mag", "magnitude", "resampled", "pp")  # fmt: skip
"""Words that tell another version of one scan."""
TECHNIQUE_WORDS = ("ax", "axial", "sag", "sagittal", "cor", "coronal", "tra", "3d", "2d", "iso", "tse", "fse", "cube")
_SESSION = (
    r"(?:ses|session|visit|study|timepoint|tp)[-_ ]?[0-9][0-9A-Za-z]*|ses-[0-9A-Za-z]+|baseline"
    r"|(?:wave|time|day|week|wk|month|year)[-_ ]?[0-9]+|follow[-_ ]?up[-_ ]?[0-9]*"
)
_DATE = (
    r"(?:(?:19|20)[0-9]{2}(?P<mark>[-_]?)[01][0-9](?P=mark)[0-3][0-9]"
    r"|(?:0[1-9]|[12][0-9]|3[01])(?P<dots>[-_]?)(?:0[1-9]|[12][0-9]|3[01])(?P=dots)(?:19|20)[0-9]{2})"
)
"""Year, month and day, or the year behind the other two in either order."""
DATE = re.compile(rf"{_DATE}|(?:19|20)[0-9]{{2}}")
SESSION = re.compile(rf"(?<![^\W_])(?:{_SESSION}|{_DATE})(?![^\W_])", re.IGNORECASE)
RUN = re.compile(r"(?<![^\W_])(?:run|echo|rep)[-_ ]?0*([0-9]+)(?![^\W_])", re.IGNORECASE)
_ORIENTED = re.compile(r"^(?:ax|sag|cor|tra|3d|2d)+|(?:ax|sag|cor|tra|3d|2d)+$")
_WORD_TO_SEQUENCE = {word: sequence for sequence, words in SEQUENCE_WORDS.items() for word in words}
_WORD_TO_FOREIGN = {word: kind for kind, words in FOREIGN_WORDS.items() for word in words}


@dataclass(frozen=True)
class NameParts:
    """A free name taken apart.

    sequence: None where no word tells one, `FLAIR+dwi` where it stays open which of several is meant. word: the word as
    written. copies: words of another version. session: such as `study1`, or a date; a name that is a year alone is one
    too. rest: what is left, which may name the person.
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
    start = _after_group(pieces)
    alone = sum(map(bool, pieces[::2])) == 1
    known = _WORD_TO_SEQUENCE if any(map(sequence_of, pieces[start::2])) else _WORD_TO_FOREIGN
    told: dict[str, list[str]] = defaultdict(list)
    kept = ""
    for position in range(0, len(pieces), 2):
        word = pieces[position].lower()
        if word in SPACE_WORDS and told:
            copies.append(word)
            break
        if position >= start and (sequence := sequence_of(word, known)):
            told[sequence].append(pieces[position])
        elif (word in COPY_WORDS and not (word == "n4" and alone)) or word.startswith(("regto", "reg2", "into")):
            copies.append(word)
        elif word in CONTRAST and "T1w" in told:
            told["T1ce"] = told.pop("T1w")
        elif word in TECHNIQUE_WORDS:
            continue
        else:
            kept += (pieces[position - 1] if position and kept else "") + pieces[position]
    sequences, times = _meant(told)
    word = told[sequences[0]][0] if sequences else ""
    visits += times
    return NameParts("+".join(sequences) or None, word, tuple(copies), "_".join(visits) or None, kept.strip("-_. ()[]"))


def sequence_of(word: str, known: Mapping[str, str] = _WORD_TO_SEQUENCE) -> str | None:
    """Return the sequence that a word tells, whatever it says of its orientation: `AX3DFLAIR` -> FLAIR."""
    word = word.lower()
    return known.get(_ORIENTED.sub("", word) or word)


def _after_group(pieces: Sequence[str]) -> int:
    """Return where the words behind a leading `PD` of patients begin, else 0: `PD_01`, `PD_anna_flair`, not `PD_T2`.

    pieces: words, and what lies between them.
    """
    if len(pieces) < 3 or pieces[0].lower() != "pd" or "(" in pieces[1]:
        return 0
    others = any(map(sequence_of, pieces[4::2])) and not sequence_of(pieces[2])
    return 2 if pieces[2].isdecimal() or others else 0


def _meant(told: Mapping[str, Sequence[str]]) -> tuple[list[str], list[str]]:
    """Return the sequence that the words of a name tell, several where that stays open, and the words for visits.

    A mask of a FLAIR is a mask, a T2 FLAIR a FLAIR; `t1` and `t2` beside one other sequence are visits.
    """
    for kind in (MASK, PHASE):
        if kind in told:
            return [kind], []
    left = {name: words for name, words in told.items() if WITHIN.get(name) not in told}
    times = [name for name, words in left.items() if [word.lower() for word in words] in (["t1"], ["t2"])]
    if len(left) == 2 and len(times) == 1 and "PDw" not in left:
        return [name for name in left if name not in times], [*left[times[0]]]
    return sorted(left), []
