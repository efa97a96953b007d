"""DICOM files made for tests: classic series and enhanced ones, with names, ids and dates that must not get out."""

import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MRImageStorage,
    generate_uid,
)

from brainlab.types import FloatArray

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
SECRETS = {
    "PatientName": "Mustermann^Erika",
    "PatientID": "KH-4711-X",
    "PatientBirthDate": "19611103",
    "AccessionNumber": "ACC998877",
    "InstitutionName": "Sankt Elsewhere",
    "ReferringPhysicianName": "Quincy^Jack",
    "StationName": "MRROOM7",
    "StudyDate": "20190214",
    "SeriesDate": "20190214",
    "StudyTime": "081530.123",
    "StudyID": "ST556677",
    "SeriesDescription": "t1 mprage sag Mustermann",
    "ProtocolName": "t1_mprage Dr Quincy",
    "DeviceSerialNumber": "SER445566",
    "ImageComments": "likes Mustermann",
}
"""Values of every file written here; none may be found in what is imported."""
TAKEN = {"ScanningSequence": "GR", "EchoTime": 2.5, "RepetitionTime": 2300.0, "InversionTime": 900.0, "FlipAngle": 9.0,
         "MagneticFieldStrength": 3.0, "PixelBandwidth": 200.0, "Manufacturer": "SIEMENS",
         "ManufacturerModelName": "Prisma", "MRAcquisitionType": "3D"}  # fmt: skip


def voxels_of(slices: int, rows: int = 24, columns: int = 20, seed: int = 0) -> np.ndarray:
    """Return values [slices, rows, columns] of which no two slices, rows or columns are alike."""
    return np.random.default_rng(seed).integers(0, 4000, (slices, rows, columns)).astype(np.uint16)


def image(
    pixels: np.ndarray,
    position: Sequence[float],
    orientation: Sequence[float] = AXIAL,
    spacing: float = 2.0,
    **tags: Any,
) -> Dataset:
    """Return one classic MR image. pixels [rows, columns]; position, orientation: as in DICOM; tags: to change."""
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = MRImageStorage, generate_uid()
    made.Modality, made.ImageType = "MR", ["ORIGINAL", "PRIMARY", "M", "ND"]
    made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.826.0.1.77.1", "1.2.826.0.1.77.1.1"
    for name, value in {**SECRETS, **TAKEN}.items():
        setattr(made, name, value)
    made.PatientSex, made.SeriesNumber, made.InstanceNumber = "F", 3, 1
    block = made.private_block(0x0029, "ACME 1.0", create=True)
    block.add_new(0x10, "LO", "PrivateMustermann")
    made.ImagePositionPatient, made.ImageOrientationPatient = list(position), list(orientation)
    made.PixelSpacing, made.SliceThickness = [spacing, spacing], 9.0
    put_pixels(made, pixels)
    for name, value in tags.items():
        if value is None:
            if name in made:
                delattr(made, name)
        else:
            setattr(made, name, value)
    return made


def put_pixels(made: Dataset, pixels: np.ndarray) -> None:
    """Give an image its pixels and what describes them."""
    made.Rows, made.Columns = pixels.shape[-2:]
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = 8 * pixels.dtype.itemsize
    made.HighBit, made.PixelRepresentation = made.BitsStored - 1, int(pixels.dtype.kind == "i")
    made.PixelData = pixels.tobytes()
    made["PixelData"].VR = "OW"


def series(
    slices: int = 10,
    *,
    gap_mm: float = 3.0,
    orientation: Sequence[float] = AXIAL,
    start: Sequence[float] = (-20.0, -30.0, 5.0),
    shift: Sequence[float] = (0.0, 0.0, 0.0),
    voxels: np.ndarray | None = None,
    **tags: Any,
) -> list[Dataset]:
    """Return the images of a series from one end to the other, `gap_mm` apart along their normal.

    shift: of each image against the one before, beside the gap, which tilts the stack. voxels [slices, rows, columns].
    """
    values = voxels_of(slices) if voxels is None else voxels
    normal = np.cross(orientation[:3], orientation[3:])
    uid = tags.pop("SeriesInstanceUID", generate_uid())
    return [
        image(
            values[number],
            np.array(start) + number * (gap_mm * normal + shift),
            orientation,
            SeriesInstanceUID=uid,
            **{"InstanceNumber": number + 1, **tags},
        )
        for number in range(len(values))
    ]


def enhanced(volumes: Sequence[np.ndarray], change: Callable[[Dataset, int, int], None], **tags: Any) -> Dataset:
    """Return one enhanced MR image of several volumes [slices, rows, columns], 3 mm apart, bottom up.

    change: called with the functional groups of a frame, the number of its volume and of its slice.
    """
    made = image(volumes[0][0], (0, 0, 0), SOPClassUID=EnhancedMRImageStorage, SeriesInstanceUID=generate_uid(), **tags)
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "EchoTime"):
        delattr(made, name)
    put_pixels(made, np.concatenate(volumes))
    shared, orientation, measures = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = list(AXIAL)
    measures.PixelSpacing, measures.SliceThickness = [2.0, 2.0], 9.0
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    frames = []
    for number, volume in enumerate(volumes):
        for place in range(len(volume)):
            position, own = Dataset(), Dataset()
            position.ImagePositionPatient = [-20.0, -30.0, 5.0 + 3.0 * place]
            own.PlanePositionSequence = [position]
            change(own, number, place)
            frames.append(own)
    made.SharedFunctionalGroupsSequence, made.PerFrameFunctionalGroupsSequence = [shared], frames
    made.NumberOfFrames = len(frames)
    return made


def mosaic(
    voxels: np.ndarray,
    number: int = 1,
    turned: bool = False,
    csa: Mapping[str, Sequence[str]] | None = None,
    **tags: Any,
) -> Dataset:
    """Return a Siemens mosaic of a volume [slices, rows, columns] whose slices are those of `series`.

    turned: whether they follow each other against the normal. csa: values of its private header to add, or to leave out
    where they are none.
    """
    slices, rows, columns = voxels.shape
    side = int(np.ceil(np.sqrt(slices)))
    tiles = np.zeros((side * side, rows, columns), voxels.dtype)
    tiles[:slices] = voxels
    pixels = tiles.reshape(side, side, rows, columns).swapaxes(1, 2).reshape(side * rows, side * columns)
    [one] = series(voxels=pixels[None], InstanceNumber=number, AcquisitionNumber=number, **tags)
    one.ImageType, one.SpacingBetweenSlices = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"], 3.0
    across, down = np.array(one.ImageOrientationPatient, dtype=float).reshape(2, 3)
    # A mosaic's position is that of an image of its size around the centre of its first slice.
    outwards = across * (side - 1) * columns + down * (side - 1) * rows
    one.ImagePositionPatient = [
        float(f"{part:.6f}") for part in np.array(one.ImagePositionPatient) - outwards / 2 * 2.0
    ]
    normal = np.cross(across, down) * (-1 if turned else 1)
    values = {"NumberOfImagesInMosaic": [str(slices)], "SliceNormalVector": [f"{part:.8f}" for part in normal]}
    header = csa_header({**values, **(csa or {})})
    one.private_block(0x0029, "SIEMENS CSA HEADER", create=True).add_new(0x10, "OB", header)
    return one


def csa_header(values: Mapping[str, Sequence[str]]) -> bytes:
    """Return a private header of Siemens (CSA2, as nibabel's documentation describes it) of numbers."""
    parts = [b"SV10\4\3\2\1", struct.pack("<2I", len(values), 77)]
    for name, items in values.items():
        whole = name in ("NumberOfImagesInMosaic", "B_value", "ProtocolSliceNumber")
        kind = b"IS" if whole else b"FD"
        parts.append(struct.pack("<64si4s3i", name.encode(), len(items), kind, 6 if whole else 4, len(items), 77))
        for item in items:
            text = item.encode() + b"\0"
            parts += [struct.pack("<4i", len(text), len(text), 77, len(text)), text, b"\0" * (-len(text) % 4)]
    return b"".join(parts)


def save(made: Dataset, path: Path, syntax: str = ExplicitVRLittleEndian) -> Path:
    """Write a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    implicit, little = syntax == ImplicitVRLittleEndian, syntax != "1.2.840.10008.1.2.2"
    made.save_as(path, implicit_vr=implicit, little_endian=little, enforce_file_format=True)
    return path


def save_all(
    images: Sequence[Dataset], folder: Path, syntax: str = ExplicitVRLittleEndian, start: int = 0
) -> list[Path]:
    """Write images under names that say nothing of their order: a fixed shuffle."""
    order = np.random.default_rng(len(images)).permutation(len(images))
    return [save(one, folder / f"IM{start + int(name):05d}", syntax) for one, name in zip(images, order, strict=True)]


def right_affine(start: Sequence[float], gap_mm: float, spacing: float = 2.0) -> FloatArray:
    """Return the affine [4, 4] (RAS) of an axial series, written down by hand: x and y are turned round."""
    x, y, z = start
    return np.array([[-spacing, 0, 0, -x], [0, -spacing, 0, -y], [0, 0, gap_mm, z], [0, 0, 0, 1.0]])
