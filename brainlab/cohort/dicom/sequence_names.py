"""Which BIDS name a volume has: by what its header codes, by how it was taken, and by words of its description.

| sequence | words | else by parameters |
|---|---|---|
| `dwi` | dwi, dti, diff, trace | a b-value, or Image Type DIFFUSION |
| `ADC` | - | Image Type ADC |
| `FLAIR` | flair, dark fluid, tirm | spin echo, inverted, TI >= 1.2 s, TE >= 60 ms |
| `DIR` | dir, double inversion | - |
| `angio` | tof, mra, angio | - |
| `T2starw` | t2*, t2star, swi, swan, hemo, medic | gradient echo, TE >= 12 ms |
| `T1w` | t1, mprage, bravo, spgr, tfl, tfe, flash, vibe | gradient echo, TE < 12 ms; spin echo, short TE and TR or TI |
| `PDw` | pd, proton density | spin echo, TE <= 50 ms, TR >= 1.5 s |
| `T2w` | t2 | spin echo, TE > 50 ms, TR >= 1.5 s |

The first text with any of the words decides (description of the series, then protocol, then sequence), where it names
one sequence only: 'pd+t2' and 'T1 FLAIR' leave it to the parameters. A localiser is none. What fits nothing is `MR`,
which is no sequence that a recipe prepares.
"""

import re
from collections.abc import Sequence

from brainlab.cohort.dicom.frames import SCANNER_MAPS, Frame
from brainlab.cohort.dicom.series import Volume, is_diffusion

UNKNOWN = "MR"
"""Suffix of a volume whose sequence is not known; `.bidsignore` lists it, since BIDS has no such suffix."""
LOCALISER = re.compile(
    r"locali[sz]|\bloc\b|scout|survey|smartbrain|3[ -]?plane|three.?plane|calibration|asset.?cal|shim"
)
WORDS = {
    "FLAIR": r"flair|dark.?fluid|tirm",
    "DIR": r"(?<![a-z])dir(?![a-z])|double.?inversion",
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
LONG_INVERSION_S, LONG_ECHO_S, T1_INVERSION_S = 1.2, 0.06, 0.4
SHORT_ECHO_S, T2_ECHO_S, LONG_REPETITION_S, STAR_ECHO_S = 0.03, 0.05, 1.5, 0.012


def is_localiser(frame: Frame) -> bool:
    """Whether a description says that an image only helps to place others."""
    named = any(LOCALISER.search(text) for text in frame.origin.descriptions[:2])
    return named or "LOCALIZER" in frame.origin.image_type


def sequence_of(volume: Volume) -> str:
    """Return the BIDS suffix of a volume, `UNKNOWN` where it is none that is known here."""
    frame = volume.first
    kinds = set(frame.origin.image_type)
    for kind, suffix in SCANNER_MAPS.items():
        if kind in kinds:
            return suffix
    texts = frame.origin.descriptions
    if is_diffusion(frame) or any(re.search(r"(?<![a-z])(dwi|dti|diff|trace)", text) for text in texts):
        return "dwi"
    return _named(texts) or CODED.get(frame.contrast, "") or _by_parameters(frame) or UNKNOWN


def acquisition_of(volume: Volume, sequence: str) -> str:
    """Return the label `acq-` of a spin echo among T1-weighted images, as it has another contrast; else nothing."""
    used = _kinds(volume.first)
    return "se" if sequence == "T1w" and "SE" in used and "GR" not in used else ""


def folder_of(sequence: str) -> str:
    """Return the folder of a session in which BIDS has a sequence."""
    return "dwi" if sequence in ("dwi", "ADC") else "anat"


def _named(texts: Sequence[str]) -> str:
    """Return the only sequence that the first text with such words names."""
    for text in texts:
        found = [name for name, pattern in WORDS.items() if re.search(pattern, text)]
        if found:
            inverted = found[0] in ("FLAIR", "DIR") and "T1w" not in found  # 'T2 FLAIR' is one, 'T1 FLAIR' is not
            return found[0] if len(found) == 1 or inverted or found[0] == "angio" else ""
    return ""


def _by_parameters(frame: Frame) -> str:
    settings, used = frame.settings, _kinds(frame)
    echo, repetition, inversion = (
        value if isinstance(value := settings.get(name), float) else None
        for name in ("EchoTime", "RepetitionTime", "InversionTime")
    )
    if echo is None:
        return ""
    if "GR" in used and "SE" not in used:
        return "T1w" if echo < STAR_ECHO_S else "T2starw"
    if "SE" not in used or "EP" in used:
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


def _kinds(frame: Frame) -> tuple[str, ...]:
    used = frame.settings.get("ScanningSequence")
    return used if isinstance(used, tuple) else ()
