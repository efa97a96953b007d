"""What reads files, links and tables that users bring, each with some whole inputs to begin from.

A parser is called with bytes; it may return, or raise an error of brainlab's own. Anything else is a finding.
"""

import gzip
import io
import json
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import torch
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, MRImageStorage, generate_uid

from app.data.codes import from_link, to_link, to_steps
from brainlab.cohort.dicom.frames import RefusedFile, frames_of
from brainlab.cohort.dicom.importing import import_dicom
from brainlab.cohort.sources.listing import list_scans
from brainlab.files.array_files import open_array
from brainlab.files.picture_files import read_pictures
from brainlab.images.dicom.slice_file import read_dicom
from brainlab.images.volume import Volume
from brainlab.reading.protocol.design import Protocol, preset
from brainlab.reading.statistics.ratings import read_ratings
from brainlab.runs.files import read_evaluation, read_settings
from brainlab.runs.run import load_run
from brainlab.training.checkpoint import RESUME, load_resume, save_resume
from brainlab.workspace import MODELS

SHAPE = (6, 5, 4)
VOXELS = np.random.default_rng(0).integers(0, 400, SHAPE).astype(np.int16)
AFFINE = np.array([[-2.0, 0.1, 0, 40], [0.1, 2, 0.2, -30], [0, -0.2, 3, 10], [0, 0, 0, 1]])
RUN = MODELS / "vae-8"


@dataclass(frozen=True)
class Parser:
    """One parser. seeds: makes whole inputs.  read: takes an input, and a folder that is emptied before each."""

    seeds: Callable[[], Iterable[bytes]]
    read: Callable[[bytes, Path], Any]


def _file(name: str, read: Callable[[Path], Any]) -> Callable[[bytes, Path], Any]:
    def parse(content: bytes, folder: Path) -> Any:
        (folder / name).write_bytes(content)
        return read(folder / name)

    return parse


def _gzipped(name: str, read: Callable[[Path], Any]) -> Callable[[bytes, Path], Any]:
    """Fuzz what is compressed; a changed byte of the compressed file itself would end in its check sum."""
    return lambda content, folder: _file(name, read)(gzip.compress(content, 1), folder)


def _bytes_of(image: Any, name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        nib.save(image, Path(folder) / name)
        return (Path(folder) / name).read_bytes()


def _nifti() -> Iterable[bytes]:
    for kind in (np.int16, np.float32, np.uint8):
        image = nib.Nifti1Image(VOXELS.astype(kind), AFFINE)
        image.header.set_slope_inter(2.0, 1.0)
        yield _bytes_of(image, "a.nii")
    yield _bytes_of(nib.Nifti2Image(VOXELS, AFFINE), "a.nii")
    yield _bytes_of(nib.Nifti1Image(np.stack([VOXELS, VOXELS], -1), AFFINE), "a.nii")


def _mgh() -> Iterable[bytes]:
    yield _bytes_of(nib.MGHImage(VOXELS.astype(np.float32), AFFINE), "a.mgh")
    yield _bytes_of(nib.MGHImage(VOXELS.astype(np.uint8), AFFINE), "a.mgh")


def _of_sitk(name: str) -> Callable[[], Iterable[bytes]]:
    def seeds() -> Iterable[bytes]:
        import SimpleITK

        for compressed in (False, True):
            image = SimpleITK.GetImageFromArray(VOXELS)
            image.SetSpacing((1.0, 2.0, 3.0))
            with tempfile.TemporaryDirectory() as folder:
                SimpleITK.WriteImage(image, str(Path(folder) / name), useCompression=compressed)
                yield (Path(folder) / name).read_bytes()

    return seeds


def _dicom() -> Iterable[bytes]:
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = MRImageStorage, syntax
        meta.MediaStorageSOPInstanceUID = generate_uid()
        image = Dataset()
        image.file_meta = meta
        image.SOPClassUID, image.SOPInstanceUID = MRImageStorage, meta.MediaStorageSOPInstanceUID
        image.Modality, image.PatientID, image.PatientName, image.PatientAge = "MR", "1", "A^B", "045Y"
        image.StudyInstanceUID, image.SeriesInstanceUID = generate_uid(), generate_uid()
        image.StudyDate, image.SeriesNumber, image.InstanceNumber = "20200101", 1, 1
        image.ScanningSequence, image.EchoTime, image.RepetitionTime = "GR", 2.5, 2300.0
        image.ImagePositionPatient, image.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
        image.PixelSpacing, image.SliceThickness = [1, 1], 1
        image.Rows, image.Columns, image.SamplesPerPixel = 8, 6, 1
        image.PhotometricInterpretation, image.BitsAllocated, image.BitsStored, image.HighBit = (
            "MONOCHROME2",
            16,
            12,
            11,
        )
        image.PixelRepresentation, image.RescaleSlope, image.RescaleIntercept = 0, 2, -1
        image.PixelData = np.arange(48, dtype=np.uint16).tobytes()
        stream = io.BytesIO()
        image.save_as(stream, enforce_file_format=True)
        yield stream.getvalue()


def _read_dicom(path: Path) -> Any:
    found = frames_of(path)
    return found if isinstance(found, RefusedFile) else read_dicom(path)


def _import_dicom(content: bytes, folder: Path) -> Any:
    (folder / "scanner").mkdir()
    (folder / "scanner" / "1").write_bytes(content)
    return import_dicom(folder / "scanner", folder / "bids")


def _pictures() -> Iterable[bytes]:
    image = Image.fromarray(VOXELS[:, :, 0].astype(np.uint8).repeat(8, 0).repeat(8, 1))
    for kind in ("PNG", "TIFF", "JPEG", "BMP"):
        stream = io.BytesIO()
        image.save(stream, kind)
        yield stream.getvalue()


def _read_picture(content: bytes, folder: Path) -> Any:
    ending = {b"\x89P": ".png", b"II": ".tif", b"\xff\xd8": ".jpg", b"BM": ".bmp"}.get(content[:2], ".png")
    return _file(f"a{ending}", read_pictures)(content, folder)


def _arrays() -> Iterable[bytes]:
    for array in (VOXELS, VOXELS.astype(np.float32)):
        stream = io.BytesIO()
        np.save(stream, array)
        yield stream.getvalue()


PEOPLE = b"participant_id\tage\tsex\tgroup\nsub-01\t45\tM\tms\nsub-02\t89+\tF\thealthy\nsub-03\tn/a\tO\tn/a\n"
SIDECAR = {"EchoTime": 0.09, "RepetitionTime": 9.0, "InversionTime": 2.5, "PixelBandwidth": 200, "FlipAngle": [90]}


def _bids(content: bytes, folder: Path, name: str) -> Any:
    for person in ("sub-01", "sub-02"):
        place = folder / person / "anat"
        place.mkdir(parents=True)
        (place / f"{person}_FLAIR.nii.gz").write_bytes(b"\x1f\x8b" + bytes(60))
    (folder / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.8.0"}', encoding="utf-8")
    (folder / name).write_bytes(content)
    return list_scans(folder)


def _of_table(content: bytes, folder: Path) -> Any:
    (folder / "a.nii").write_bytes(bytes(400))
    (folder / "table.csv").write_bytes(content)
    return list_scans(folder, table=folder / "table.csv")


def _weights(content: bytes, folder: Path) -> Any:
    (folder / "config.json").write_bytes((RUN / "config.json").read_bytes())
    (folder / "weights.safetensors").write_bytes(content)
    return load_run(folder)


def _small_weights() -> Iterable[bytes]:
    from safetensors.torch import save

    yield (RUN / "weights.safetensors").read_bytes()[:4000]
    yield save({"a": torch.zeros(2, 3), "b": torch.ones(4, dtype=torch.float16)})


def _resume() -> Iterable[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        save_resume(Path(folder), {"networks": {"a": torch.zeros(3)}, "progress": {"step": 1}, "text": "x"})
        yield (Path(folder) / RESUME).read_bytes()


def _protocol() -> Iterable[bytes]:
    yield preset("dwi-2020").to_json().encode()
    yield json.dumps({"title": "x", "sources": [], "readers": [{"code": "A"}]}).encode()


ANSWERS = b"reader,case,answer,truth,confidence\nA,1,real,real,3\nA,2,fake,fake,\nB,1,real,real,5\nB,2,,fake,1\n"

PARSERS: dict[str, Parser] = {
    "nifti": Parser(_nifti, _file("a.nii", Volume.load)),
    "nifti-gz": Parser(_nifti, _gzipped("a.nii.gz", Volume.load)),
    "mgh": Parser(_mgh, _file("a.mgh", Volume.load)),
    "nrrd": Parser(_of_sitk("a.nrrd"), _file("a.nrrd", Volume.load)),
    "metaimage": Parser(_of_sitk("a.mha"), _file("a.mha", Volume.load)),
    "dicom": Parser(_dicom, _file("a.dcm", _read_dicom)),
    "dicom-import": Parser(_dicom, _import_dicom),
    "picture": Parser(_pictures, _read_picture),
    "array": Parser(_arrays, _file("a.npy", open_array)),
    "participants": Parser(lambda: [PEOPLE], lambda content, folder: _bids(content, folder, "participants.tsv")),
    "sidecar": Parser(
        lambda: [json.dumps(SIDECAR).encode()],
        lambda content, folder: _bids(content, folder, "sub-01/anat/sub-01_FLAIR.json"),
    ),
    "scan-table": Parser(lambda: [b"file,participant,class,age\na.nii,sub-01,ms,45\n"], _of_table),
    "answers-csv": Parser(
        lambda: [ANSWERS, ANSWERS.replace(b",", b";")], lambda content, _: read_ratings(content, "x")
    ),
    "protocol": Parser(_protocol, lambda content, _: Protocol.from_json(content.decode("utf-8", "replace"))),
    "share-link": Parser(
        lambda: [to_link(to_steps(np.linspace(-3, 3, 8))).encode()],
        lambda content, _: from_link(content.decode("utf-8", "replace"), 8),
    ),
    "run-config": Parser(
        lambda: [(RUN / "config.json").read_bytes()],
        _file("config.json", lambda path: read_settings(path.parent, to_resume=True)),
    ),
    "run-weights": Parser(_small_weights, _weights),
    "run-checkpoint": Parser(_resume, _file(RESUME, lambda path: load_resume(path.parent))),
    "run-evaluation": Parser(
        lambda: [json.dumps({"mse": {"value": 0.1, "sd": None, "n": 3, "settings": {}, "better": "lower"}}).encode()],
        _file("evaluation.json", read_evaluation),
    ),
}
