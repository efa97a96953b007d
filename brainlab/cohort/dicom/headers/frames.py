"""One DICOM file as its single images: where each lies, how it was taken, and what makes it none to import.

A classic file holds one image; an enhanced one many, whose parameters lie in functional groups, shared or of each
(DICOM PS3.3, C.7.6.16); a Siemens mosaic the slices of a volume.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID

from brainlab.cohort.dicom.headers.diffusion import Csa, Weighting, read_weighting
from brainlab.cohort.dicom.headers.import_tags import GE_COMPONENT, HEADER_TAGS, OTHERS, PERSON, SIEMENS_B_VALUE
from brainlab.cohort.dicom.headers.mosaic import Mosaic, mosaic_of
from brainlab.cohort.dicom.headers.settings import settings_of
from brainlab.errors import UnreadableScanError
from brainlab.images.dicom.csa import MOSAIC, read_csa
from brainlab.images.dicom.header import quietly, read_header
from brainlab.images.dicom.pixels import size_of
from brainlab.images.dicom.placement import LEAST_MM, MOST_MM, is_pixel_size, is_right_angled
from brainlab.images.dicom.tags import groups_of, number, numbers, text, value, words

MR_IMAGES = {
    "1.2.840.10008.5.1.4.1.1.4": "MR",
    "1.2.840.10008.5.1.4.1.1.4.1": "enhanced MR",
    "1.2.840.10008.5.1.4.1.1.4.4": "legacy converted enhanced MR",
}
NEVER_MISSING = ("Modality", "Rows", "Columns", "PhotometricInterpretation")
"""Of MR images (type 1; DICOM PS3.3, A.4 and A.36), so that a file without one of them is none, or not whole."""
SECONDARY_CAPTURES = "1.2.840.10008.5.1.4.1.1.7"
SPECTROSCOPY = "1.2.840.10008.5.1.4.1.1.4.2"
DIRECTORY = "1.2.840.10008.1.3.10"
OTHER_COMPONENTS = {
    **dict.fromkeys(("P", "PHASE", "PHASE MAP"), "phase of the signal"),
    **dict.fromkeys(("R", "REAL"), "real part of the signal"),
    **dict.fromkeys(("I", "IMAGINARY"), "imaginary part of the signal"),
    **dict.fromkeys(("VELOCITY MAP", "VELOCITY"), "velocity"),
}
GE_COMPONENTS = {1: "phase of the signal", 2: "real part of the signal", 3: "imaginary part of the signal"}
MAGNITUDE = "magnitude"
RECONSTRUCTIONS = {
    "MPR", "MIP", "MNIP", "MINIP", "REFORMATTED", "PROJECTION IMAGE", "SUBTRACT", "SUBTRACTION", "CSA MPR", "CSA MIP",
    "SCREEN SAVE", "POSDISP", "CURVED", "COLLAGE", "3D RENDERING", "VOLREN", "MAX IP", "MIN IP", "MAXIMUM", "MINIMUM",
}  # fmt: skip
"""Values of Image Type, or Frame Type, of images that were computed from others and show nothing new, with spaces for
underscores."""
QUANTITATIVE_MAPS = {
    "T1 MAP", "T2 MAP", "T2 STAR MAP", "T2* MAP", "T1RHO MAP", "R1 MAP", "R2 MAP", "R2 STAR MAP", "R2* MAP",
    "EFF R2 STAR", "PD MAP", "PROTON DENSITY MAP", "MTR MAP", "FAT FRACTION", "FF", "WATER FRACTION",
    "FLIP ANGLE MAP", "B0 MAP", "B1 MAP", "FIELD MAP", "FA", "COLFA", "TENSOR", "TENSOR B0", "DIFFUSION ANISO", "EADC",
    "CBF", "CBV", "MTT", "TTP", "TMAX", "RELCBF", "RELCBV", "RELCCBV", "RELMTT", "RCBF", "RCBV", "REGIONAL CBF",
    "REGIONAL CBV", "GBP", "PBP", "NEI", "TTEST",
}  # fmt: skip
"""The same of maps of a quantity: no contrast that a sequence has."""
NO_AGENT = re.compile(
    r"(no|none|nil|false|without|ohne|keine?s?|sans)\b.*|non[ -]?contrast.*|n([./ ]?a\.?)?|w/o.*|0([.,]0*)?( *ml)?|-+",
    re.IGNORECASE,
)
"""What is written for a contrast agent where there was none."""
FARTHEST_MM = 1e4
"""How far from its isocentre a scanner may say that an image lies."""
SLICE_DISTANCES = ("SpacingBetweenSlices", "SliceThickness")
"""Fields that say how far slices are apart: the first that a header has counts."""
SCANNER_MAPS = {"ADC": "ADC"}
"""Maps that scanners compute and that are imported, by their value of Image Type."""


@dataclass(frozen=True)
class Origin:
    """What a whole file says. It holds names and ids, and stays in memory.

    person: values of `PERSON`. private: texts that nothing written may repeat. description: free text, to be read for
    the sequence only. image_type: empty where its frames are of several types, which it cannot tell.
    """

    person: Mapping[str, str]
    study: str
    study_date: str
    series: str
    series_number: float
    time: str
    descriptions: tuple[str, ...]
    private: frozenset[str]
    image_type: tuple[str, ...]
    contrast_agent: bool


@dataclass(frozen=True)
class Frame:
    """One image of a file.

    number: which of an enhanced file's, or of a mosaic's, from 0, None of a classic one. uid: of the instance.
    instance: its number, by which nothing is sorted that its place can sort. shape: rows, columns. pixel_mm: distance
    of rows, of columns. position, orientation: in mm, LPS, as DICOM has them (PS3.3, C.7.6.2). slope, intercept: of the
    stored values. kind: its Frame Type, or else the Image Type of its file. component: `MAGNITUDE`, or in words what
    else it shows, which is not imported. contrast: as an enhanced image codes it, else empty. settings: BIDS fields in
    BIDS units. weighting: by diffusion. tiles: the mosaic that it is a slice of.
    """

    path: Path
    number: int | None
    uid: str
    instance: float
    origin: Origin
    shape: tuple[int, int]
    pixel_mm: tuple[float, float]
    position: tuple[float, float, float]
    orientation: tuple[float, ...]
    slope: float
    intercept: float
    kind: tuple[str, ...]
    component: str
    contrast: str
    settings: Mapping[str, float | str | tuple[str, ...]]
    weighting: Weighting
    time_point: float | None
    acquisition: float | None
    tiles: Mosaic | None = None

    @property
    def kinds(self) -> frozenset[str]:
        """All that it and its file say of what it is."""
        return frozenset((*self.kind, *self.origin.image_type))


@dataclass(frozen=True)
class RefusedFile:
    """A file that is not imported. series: which it belongs to, empty where it does not say."""

    path: Path
    series: str
    reason: str


def frames_of(path: Path) -> list[Frame] | RefusedFile | None:
    """Return the images of a file, or why they are not imported; None for an index of others (DICOMDIR)."""
    series = ""
    try:
        with quietly():  # values are read when they are asked for, which is when pydicom finds them wrong
            header = read_header(path, HEADER_TAGS)
            if text(header.file_meta, "MediaStorageSOPClassUID") == DIRECTORY:
                return None
            series = text(header, "SeriesInstanceUID")
            groups: Sequence[Dataset | None] = value(header, "PerFrameFunctionalGroupsSequence") or [None]
            classic = groups[0] is None
            image_type = _image_type(header, groups)
            _check_kind(header, image_type)
            if not classic:
                claimed = number(header, "NumberOfFrames")
                if claimed != len(groups):
                    raise UnreadableScanError(f"claims {claimed:g} frames and describes {len(groups)}; export it again")
            origin = _origin(header, image_type)
            csa = read_csa(path) if classic and _needs_csa(header, origin.image_type) else {}
            frames = [_frame(path, header, origin, csa, place, group) for place, group in enumerate(groups)]
            return _slices(frames[0], csa) if classic and MOSAIC in origin.image_type else frames
    except UnreadableScanError as error:
        return RefusedFile(path, series, error.reason)


def _image_type(header: Dataset, groups: Sequence[Dataset | None]) -> tuple[str, ...]:
    """Return the Image Type of a file, empty where its frames are of several types: it may be that of the first."""
    told = [_type_of_frame(header, own) for own in groups]
    several = len({(words(one, "FrameType"), words(one, "ComplexImageComponent")) for one in told}) > 1
    return () if several else words(header, "ImageType")


def _type_of_frame(header: Dataset, own: Dataset | None) -> Dataset:
    return groups_of(header, Dataset() if own is None else own)("MRImageFrameTypeSequence")


def _check_kind(header: Dataset, image_type: tuple[str, ...]) -> None:
    """Refuse what is no grey MR image, what was computed from others, and what has writing burnt in."""
    kind, modality = text(header, "SOPClassUID"), text(header, "Modality").upper()
    if kind == SPECTROSCOPY:
        raise UnreadableScanError("MR spectroscopy; an MR image is needed")
    if kind in MR_IMAGES and not all(value(header, name) for name in NEVER_MISSING):
        raise UnreadableScanError("is cut off or damaged: its header lacks what every MR image has; copy it again")
    if not kind:
        raise UnreadableScanError("no image, or cut off or damaged: its header does not say what it is; copy it again")
    if not value(header, "Rows"):
        raise UnreadableScanError(f"no image ({_class_name(kind)}); an MR image is needed")
    if modality != "MR":
        raise UnreadableScanError(f"{modality if modality.isalnum() else 'no'} modality; an MR image is needed")
    colours = text(header, "PhotometricInterpretation").upper()
    if number(header, "SamplesPerPixel") not in (None, 1.0) or not colours.startswith("MONOCHROME"):
        named = colours if colours.replace("_", "").isalnum() else "unknown"
        raise UnreadableScanError(f"a colour image ({named}), such as a screenshot; a grey one is needed")
    if kind.startswith(SECONDARY_CAPTURES):
        raise UnreadableScanError("a secondary capture, such as a screenshot; the scanner's own images are needed")
    if kind not in MR_IMAGES:
        raise UnreadableScanError(f"no MR image ({_class_name(kind)})")
    if text(header, "BurnedInAnnotation").upper() == "YES":
        raise UnreadableScanError("has annotation burnt into its pixels, which may name the patient; export it without")
    if made := _made_from_others(image_type):
        raise UnreadableScanError(f"{made}; the original images are needed")
    if (number(header, "NumberOfFrames") or 1) > 1 and not value(header, "PerFrameFunctionalGroupsSequence"):
        raise UnreadableScanError("has several frames and does not say where they lie; export it as enhanced MR")


def _made_from_others(kinds: Sequence[str]) -> str:
    """Return what was made of other images and is not imported, empty of others. kinds: Image Type or Frame Type."""
    if set(kinds) & set(SCANNER_MAPS):
        return ""
    named = {kind.replace("_", " ") for kind in kinds}
    if found := sorted(named & RECONSTRUCTIONS):
        return f"computed from other images ({found[0]})"
    if maps := sorted(named & QUANTITATIVE_MAPS):
        return f"a map of a quantity ({maps[0]})"
    secondary = tuple(kinds[:2]) == ("DERIVED", "SECONDARY")
    return "computed from other images (DERIVED SECONDARY)" if secondary else ""


def _class_name(uid: str) -> str:
    """Return a name of a kind of object from the standard; a maker's own has none."""
    known = UID(uid)
    return known.name if uid and not known.is_private and known.name != uid else "an object of the maker's own"


def _origin(header: Dataset, image_type: tuple[str, ...]) -> Origin:
    person = {name: text(header, name) for name in PERSON}
    agent = text(header, "ContrastBolusAgent")
    free = ("SeriesDescription", "ProtocolName", "SequenceName", "PulseSequenceName")
    return Origin(
        person=person,
        study=text(header, "StudyInstanceUID"),
        study_date=next(
            (date for name in ("StudyDate", "SeriesDate", "AcquisitionDate") if (date := text(header, name))), ""
        ),
        series=text(header, "SeriesInstanceUID"),
        series_number=number(header, "SeriesNumber") or 0.0,
        time=text(header, "SeriesTime") or text(header, "AcquisitionTime"),
        descriptions=tuple(text(header, name).lower() for name in free),
        private=frozenset(filter(None, (text(header, name).lower() for name in (*PERSON, *OTHERS)))),
        image_type=image_type,
        contrast_agent=bool(agent) and not NO_AGENT.fullmatch(agent),
    )


def _needs_csa(header: Dataset, image_type: tuple[str, ...]) -> bool:
    """Whether an image is a mosaic, or one of diffusion that says its weighting, if at all, in the CSA header alone."""
    if MOSAIC in image_type:
        return True
    of_siemens = text(header, "Manufacturer").upper().startswith("SIEMENS")
    told = any(value(header, name) is not None for name in ("DiffusionBValue", SIEMENS_B_VALUE))
    return of_siemens and "DIFFUSION" in image_type and not told


def _slices(frame: Frame, csa: Csa) -> list[Frame]:
    """Return the slices of a mosaic; frame: it as one image."""
    orientation = np.array(frame.orientation).reshape(2, 3)
    orientation /= np.linalg.norm(orientation, axis=1, keepdims=True)
    tiles = mosaic_of(csa, frame.shape, orientation)
    gap_mm = next((frame.settings[name] for name in SLICE_DISTANCES if name in frame.settings), None)
    if not isinstance(gap_mm, float) or not LEAST_MM <= gap_mm <= MOST_MM:
        raise UnreadableScanError("a Siemens mosaic that does not say how far its slices are apart; export it again")
    places = tiles.positions(np.array(frame.position), orientation, frame.pixel_mm, gap_mm)
    return [
        replace(frame, number=number, shape=tiles.shape, position=(x, y, z), tiles=tiles)
        for number, (x, y, z) in enumerate(places.tolist())
    ]


def _frame(path: Path, header: Dataset, origin: Origin, csa: Csa, place: int, own: Dataset | None) -> Frame:
    """Read one image; own: its functional groups, None of a classic file."""
    group = groups_of(header, Dataset() if own is None else own)
    shape = size_of(header)
    position = numbers(group("PlanePositionSequence"), "ImagePositionPatient")
    orientation = numbers(group("PlaneOrientationSequence"), "ImageOrientationPatient")
    spacing = numbers(group("PixelMeasuresSequence"), "PixelSpacing")
    if len(position) != 3 or len(orientation) != 6 or max(map(abs, position)) > FARTHEST_MM:
        raise UnreadableScanError("does not say where it lies in the patient; a localised MR image is needed")
    if not is_right_angled(orientation):
        raise UnreadableScanError("has rows and columns that are not at right angles; export it again")
    if not is_pixel_size(spacing):
        raise UnreadableScanError("does not say how large its pixels are; export it again")
    values = group("PixelValueTransformationSequence")
    slope = number(values, "RescaleSlope")
    content, told = group("FrameContentSequence"), _type_of_frame(header, own)
    kind = words(told, "FrameType")
    return Frame(
        path=path,
        number=None if own is None else place,
        uid=text(header, "SOPInstanceUID") or str(path),
        instance=(number(header, "InstanceNumber") or 0.0) + place,
        origin=origin,
        shape=shape,
        pixel_mm=(spacing[0], spacing[1]),
        position=(position[0], position[1], position[2]),
        orientation=orientation,
        slope=slope or 1.0,
        intercept=number(values, "RescaleIntercept") or 0.0,
        kind=kind or origin.image_type,
        component=_made_from_others(kind) or _component(header, told, (*kind[2:], *origin.image_type[2:])),
        contrast=text(told, "AcquisitionContrast").upper(),
        settings=settings_of(header, group),
        weighting=read_weighting(header, group, csa),
        time_point=number(content, "TemporalPositionIndex") or number(header, "TemporalPositionIdentifier"),
        acquisition=number(header, "AcquisitionNumber"),
    )


def _component(header: Dataset, told: Dataset, kinds: Sequence[str]) -> str:
    """Return `MAGNITUDE`, or which other part of the complex signal an image shows."""
    for word in (*words(told, "ComplexImageComponent"), *kinds):
        if word in OTHER_COMPONENTS:
            return OTHER_COMPONENTS[word]
    if text(header, "Manufacturer").upper().startswith("GE"):
        return GE_COMPONENTS.get(int(number(header, GE_COMPONENT) or 0), MAGNITUDE)
    return MAGNITUDE
