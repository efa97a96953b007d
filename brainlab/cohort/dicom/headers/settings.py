"""What BIDS wants to know of how an image was taken, in its units: s, Hz, T, degrees, mm. No free text."""

import re
from collections.abc import Callable, Iterable, Mapping

from pydicom.dataset import Dataset

from brainlab.images.dicom.tags import number, text, words

Setting = float | int | str | tuple[str, ...]

MAKERS = {
    "siemens": "Siemens", "ge": "GE", "general electric": "GE", "philips": "Philips", "canon": "Canon",
    "toshiba": "Toshiba", "hitachi": "Hitachi", "fujifilm": "Fujifilm", "hyperfine": "Hyperfine", "uih": "UIH",
    "united imaging": "UIH", "bruker": "Bruker", "esaote": "Esaote", "agilent": "Agilent", "varian": "Varian",
    "neusoft": "Neusoft", "synaptive": "Synaptive", "paramed": "Paramed", "mr solutions": "MR Solutions",
}  # fmt: skip
"""Beginning of a maker's name, in small letters, and how it is written; others are left out."""
MODEL = re.compile(r"[A-Za-z][A-Za-z0-9 _.+-]{1,31}")
SEQUENCES = {"SE", "IR", "GR", "EP", "RM"}
VARIANTS = {"SK", "MTC", "SS", "TRSS", "SP", "MP", "OSP", "NONE"}


def settings_of(header: Dataset, group: Callable[[str], Dataset]) -> dict[str, Setting]:
    """Return BIDS field by value of one image; group: its functional group of a name, or the file where it has none."""
    timing, field = group("MRTimingAndRelatedParametersSequence"), number(header, "MagneticFieldStrength")
    measures, echo = group("PixelMeasuresSequence"), group("MREchoSequence")
    echo_time = number(echo, "EffectiveEchoTime")
    found: dict[str, Setting | None] = {
        "EchoTime": _seconds(number(echo, "EchoTime") if echo_time is None else echo_time),
        "RepetitionTime": _seconds(number(timing, "RepetitionTime") or number(header, "RepetitionTime")),
        "InversionTime": _seconds(_inversion(group("MRModifierSequence"))),
        "FlipAngle": number(timing, "FlipAngle") or number(header, "FlipAngle"),
        "MagneticFieldStrength": field / 10_000 if field and field > 100 else field,  # some write gauss
        "PixelBandwidth": number(group("MRImagingModifierSequence"), "PixelBandwidth"),
        "EchoTrainLength": int(number(timing, "EchoTrainLength") or number(header, "EchoTrainLength") or 0),
        "SliceThickness": number(measures, "SliceThickness"),
        "SpacingBetweenSlices": number(measures, "SpacingBetweenSlices"),
        "ScanningSequence": _sequences(header, group("MRModifierSequence")),
        "SequenceVariant": tuple(word for word in words(header, "SequenceVariant") if word in VARIANTS),
        "MRAcquisitionType": next((word for word in words(header, "MRAcquisitionType") if word in ("2D", "3D")), None),
        "Manufacturer": _maker(text(header, "Manufacturer").lower()),
        "ManufacturersModelName": text(header, "ManufacturerModelName"),
    }
    return {name: value for name, value in found.items() if value and (isinstance(value, str | tuple) or value > 0)}


def common_settings(images: Iterable[Mapping[str, Setting]], private: Iterable[str]) -> dict[str, Setting]:
    """Return the settings that all images of a volume share.

    private: texts, in small letters, that nothing may repeat: the model's name is free text, and left out where it is
    unlike one or has a word of them.
    """
    first, *others = images
    shared = {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}
    model = str(shared.get("ManufacturersModelName", ""))
    theirs = {word for told in private for word in re.findall(r"\w{2,}", told)}
    if not MODEL.fullmatch(model) or theirs & set(re.findall(r"\w+", model.lower())):
        shared.pop("ManufacturersModelName", None)
    return shared


def _sequences(header: Dataset, modifier: Dataset) -> tuple[str, ...]:
    """Return the kinds of sequence as classic files code them; enhanced ones say the same in other words."""
    coded = tuple(word for word in words(header, "ScanningSequence") if word in SEQUENCES)
    if coded:
        return coded
    pulses = text(header, "EchoPulseSequence").upper()
    said = {
        "SE": pulses in ("SPIN", "BOTH"),
        "IR": text(modifier, "InversionRecovery").upper() == "YES",
        "GR": pulses in ("GRADIENT", "BOTH"),
        "EP": text(header, "EchoPlanarPulseSequence").upper() == "YES",
    }
    return tuple(word for word, told in said.items() if told)


def _inversion(modifier: Dataset) -> float | None:
    """Return the first inversion time: enhanced images have a list of them."""
    times = number(modifier, "InversionTime")
    return number(modifier, "InversionTimes") if times is None else times


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds / 1000, 9)


def _maker(name: str) -> str | None:
    return next((maker for start, maker in MAKERS.items() if re.match(rf"{start}\b", name)), None)
