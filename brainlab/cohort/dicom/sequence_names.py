"""Which BIDS name a volume has: by what its header codes, by how it was taken, and by words of its description.

| sequence | words | else by parameters |
|---|---|---|
| `dwi` | dwi, dti, dmri, diff, diffusion, trace | a b-value, or Image Type DIFFUSION |
| `ADC` | - | Image Type ADC |
| `FLAIR` | flair, dark fluid, da-fl, tirm | spin echo, inverted, TI >= 1.2 s, TE >= 60 ms |
| `DIR` | dir, double inversion | - |
| `angio` | tof, mra, angio | - |
| `T2starw` | t2*, t2star, swi, swan, hemo, medic | gradient echo, TE >= 12 ms |
| `T1w` | t1, mprage, bravo, spgr, tfl, tfe, flash, vibe | gradient echo, TE < 12 ms; spin echo, short TE and TR or TI |
| `PDw` | pd, proton density | spin echo, TE <= 50 ms, TR >= 1.5 s |
| `T2w` | t2 | spin echo, TE > 50 ms, TR >= 1.5 s |
| `MP2RAGE` | mp2rage with inv1 or inv2 | mp2rage, several inversions in a series |
| `MR` | field map, b0 map, t1 map and the like, sa2rage, asl, stir | Image Type ASL or PERFUSION; what fits nothing |

The first text with any of the words decides (description of the series, then protocol, then sequence), where it names
one sequence only: 'pd+t2' and 'T1 FLAIR' leave it to the parameters. Parameters win where they contradict words: a
diffusion image is no gradient echo and not inverted unless it is echo planar, a FLAIR has a long inversion, a T2w none.
A b-value above 0 and Image Type come before words. A localiser is none. `MR` is no sequence that a recipe prepares.
"""

import re

from brainlab.cohort.dicom.headers.frames import SCANNER_MAPS, Frame
from brainlab.cohort.dicom.series import Volume, is_diffusion, is_weighted

UNKNOWN = "MR"
"""Suffix of a volume whose sequence is not known; `.bidsignore` lists it, since BIDS has no such suffix."""
INVERSIONS = "MP2RAGE"
"""Suffix of the two images that an MP2RAGE was combined from."""
LOCALISER = re.compile(
    r"locali[sz]|\bloc\b|scout|survey|smartbrain|3[ -]?plane|three.?plane|calibration|asset.?cal|shim"
)
OTHER_WORDS = re.compile(
    r"field.?map|(?<![a-z])fmap(?![a-z])|(?<![a-z])b[01][ _-]?(plus[ _-]?)?map|sa2rage|(?<![a-z])(p|pc)?asl(?![a-z])"
    r"|(?<![a-z])stir(?![a-z])|(?<![a-z])(t1|t2|t1rho|r1|r2|pd)[ _-]?(\*|star)?[ _-]?maps?(?![a-z])"
)
"""What names an image of no sequence here, whatever else its text has: 'tfl_b1map', 't2_stir'."""
WORDS = {
    "dwi": r"(?<![a-z])(dwi|dti|dmri|diffusion|(diff|tracew?)(?![a-z]))",
    "FLAIR": r"flair|dark.?fluid|(?<![a-z])da-fl(?![a-z])|tirm",
    # Not '64 dir' and 'dir98', which count directions, nor 'dir-AP', which is the direction of phase encoding.
    "DIR": r"(?<![a-z\d])(?<!\d\d[ _-])(?<![ _-]\d[ _-])dir"
    r"(?![a-z]|\d+(?!d)|[ _-]?(ap|pa|lr|rl|is|si|fh|hf|[ijk])(?![a-z]))"
    r"|double.?inversion",
    "angio": r"(?<![a-z])tof|(?<![a-z])mra(?![a-z])|angio",
    "T2starw": r"t2[ _-]?(\*|star)|(?<![a-z])swi(?![a-z])|(?<![a-z])swan(?![a-z])|ha?emo|(?<![a-z])medic(?![a-z])",
    "T1w": r"t1(?!rho)|mp2?rage|bravo|spgr|(?<![a-z])tfl|(?<![a-z])tfe|flash|vibe",
    "PDw": r"(?<![a-z])pd(?![a-z]{2})|proton.?dens",
    "T2w": r"t2(?![ _-]?(\*|star))",
}
CODED = {
    "FLUID_ATTENUATED": "FLAIR", "T1": "T1w", "T2": "T2w", "PROTON_DENSITY": "PDw", "T2_STAR": "T2starw",
    "STIR": UNKNOWN, "TOF": "angio",
}  # fmt: skip
"""By Acquisition Contrast of enhanced images (DICOM PS3.3, C.8.13.3.1.1)."""
NOT_ANATOMICAL = {"ASL", "PERFUSION"}
"""By Image Type: images of blood flow, which were taken like those of another sequence."""
OPPOSITE_DIXON = {
    **dict.fromkeys(("FAT", "F"), "fat"),
    **dict.fromkeys(("OPP PHASE", "OPPOSED PHASE", "OUT PHASE", "OUT OF PHASE", "OP"), "opposed"),
}
"""By Image Type: the images of a Dixon series which do not look like others of the sequence."""
OPPOSITE_DIXON_WORDS = {
    "fat": re.compile(r"dixon.*[ _-](f|fat)$|^fat ?:"),
    "opposed": re.compile(r"dixon.*[ _-](opp|op|oop|out)$|^out[ -]?phase ?:"),
}
LONG_INVERSION_S, LONG_ECHO_S, T1_INVERSION_S = 1.2, 0.06, 0.4
SHORT_ECHO_S, T2_ECHO_S, LONG_REPETITION_S, STAR_ECHO_S = 0.03, 0.05, 1.5, 0.012


def is_localiser(frame: Frame) -> bool:
    """Whether a description says that an image only helps to place others."""
    named = any(LOCALISER.search(text) for text in frame.origin.descriptions[:2])
    return named or "LOCALIZER" in frame.kinds


def sequence_of(volume: Volume) -> str:
    """Return the BIDS suffix of a volume, `UNKNOWN` where it is none that is known here."""
    frame = volume.first
    kinds = frame.kinds
    for kind, suffix in SCANNER_MAPS.items():
        if kind in kinds:
            return suffix
    if len(volume.images) > 1 or is_weighted(volume.frames) or "TRACEW" in kinds:
        return "dwi"
    if kinds & NOT_ANATOMICAL:
        return UNKNOWN
    if inversion_of(volume):
        return INVERSIONS
    return _named(frame) or CODED.get(frame.contrast, "") or _by_parameters(frame) or UNKNOWN


def acquisition_of(volume: Volume, sequence: str) -> str:
    """Return the label `acq-` of a spin echo among T1-weighted images, as it has another contrast; else nothing."""
    used = _kinds(volume.first)
    return "se" if sequence == "T1w" and "SE" in used and "GR" not in used else ""


def reconstruction_of(volume: Volume) -> str:
    """Return the label `rec-` of the fat and the opposed-phase image of a Dixon series, else nothing.

    Images with the label come after those without it, so that water or in phase is taken for the sequence.
    """
    for kind in (*volume.first.kind[2:], *volume.first.origin.image_type[2:]):
        if label := OPPOSITE_DIXON.get(kind.replace("_", " ")):
            return label
    found = (
        label for label, words in OPPOSITE_DIXON_WORDS.items() if words.search(volume.first.origin.descriptions[0])
    )
    return next(found, "")


def inversion_of(volume: Volume) -> str:
    """Return the label `inv-` of an MP2RAGE's first or second image, which is no T1w as the combined one is."""
    texts = volume.first.origin.descriptions
    if "UNI" in volume.first.kinds or not any("mp2rage" in text for text in texts[:2]):
        return ""
    number = re.search(r"(?<![a-z])inv[ _-]?([12])(?!\d)", texts[0]) or re.search(r"inversion-(\d)", volume.part)
    return number[1] if number else ""


def folder_of(sequence: str) -> str:
    """Return the folder of a session in which BIDS has a sequence."""
    return "dwi" if sequence in ("dwi", "ADC") else "anat"


def _named(frame: Frame) -> str:
    """Return the only sequence that the first text with such words names, unless it cannot be that one."""
    for text in frame.origin.descriptions:
        if OTHER_WORDS.search(text):
            return UNKNOWN
        found = [name for name, pattern in WORDS.items() if re.search(pattern, text)]
        if "dwi" in found and ("EP" in _kinds(frame) or (found == ["dwi"] and not _is_anatomical(frame))):
            return "dwi"
        found = [name for name in found if name != "dwi"]
        if found:
            inverted = found[0] in ("FLAIR", "DIR") and "T1w" not in found  # 'T2 FLAIR' is one, 'T1 FLAIR' is not
            alone = len(found) == 1 or inverted or found[0] == "angio"
            return _unless_contradicted(found[0], frame) if alone else ""
    return ""


def _is_anatomical(frame: Frame) -> bool:
    """Whether an image was taken as none of diffusion is: a gradient echo or inverted, and not echo planar."""
    used = _kinds(frame)
    return "EP" not in used and ("GR" in used or "IR" in used)


def _unless_contradicted(name: str, frame: Frame) -> str:
    """Return the sequence that words name, or another where echo and inversion time of a spin echo tell it is not."""
    used = _kinds(frame)
    echo, _, inversion = _times(frame)
    if "GR" in used or not {"SE", "IR"} & set(used) or not inversion or echo is None:
        return name
    if name == "T2w" and inversion >= LONG_INVERSION_S and echo >= LONG_ECHO_S:
        return "FLAIR"
    short = inversion < T1_INVERSION_S or (inversion < LONG_INVERSION_S and echo <= T2_ECHO_S)
    return _by_parameters(frame) or UNKNOWN if name == "FLAIR" and short else name


def _by_parameters(frame: Frame) -> str:
    used = _kinds(frame)
    if is_diffusion(frame):
        return "dwi"
    echo, repetition, inversion = _times(frame)
    if echo is None or "EP" in used:
        return ""
    if "GR" in used and "SE" not in used:
        return "T1w" if echo < STAR_ECHO_S else "T2starw"
    if "SE" not in used:
        return ""
    if inversion:
        if inversion >= LONG_INVERSION_S and echo >= LONG_ECHO_S:
            return "FLAIR"
        return "T1w" if T1_INVERSION_S <= inversion < LONG_INVERSION_S and echo <= T2_ECHO_S else ""
    if repetition is None:
        return ""
    if repetition < LONG_REPETITION_S:
        return "T1w" if echo <= SHORT_ECHO_S else ""
    return "T2w" if echo > T2_ECHO_S else "PDw"


def _times(frame: Frame) -> tuple[float | None, float | None, float | None]:
    """Return echo, repetition and inversion time in s, None where the header has none."""
    names = ("EchoTime", "RepetitionTime", "InversionTime")
    echo, repetition, inversion = (
        value if isinstance(value := frame.settings.get(name), float) else None for name in names
    )
    return echo, repetition, inversion


def _kinds(frame: Frame) -> tuple[str, ...]:
    used = frame.settings.get("ScanningSequence")
    return used if isinstance(used, tuple) else ()
