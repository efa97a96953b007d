"""What reads files, links and tables that users bring, each with some whole inputs to begin from.

A parser is called with bytes; it may return, or raise an error of brainlab's own. Anything else is a finding.
"""

import gzip
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.data.codes import from_link, to_link, to_steps
from benchmarks.fuzz import seeds
from brainlab.cohort.dicom.importing import import_dicom
from brainlab.cohort.sources.listing import list_scans
from brainlab.files.array_files import open_array
from brainlab.files.picture_files import read_pictures
from brainlab.images.dicom.pixels import stored_frames
from brainlab.images.dicom.slice_file import read_dicom
from brainlab.images.volume import Volume
from brainlab.reading.protocol.design import Protocol
from brainlab.reading.statistics.ratings import read_ratings
from brainlab.runs.files import read_evaluation, read_settings
from brainlab.runs.run import load_run
from brainlab.training.checkpoint import RESUME, load_resume


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


def _of_frame(content: bytes, folder: Path) -> Any:
    """Read a compressed frame within a file that is whole; the first byte says which kind it is."""
    _, syntax, shape = seeds.compressed(seeds.PACKED[content[0] % len(seeds.PACKED)])
    return _file("a.dcm", lambda path: stored_frames(path, [0]))(seeds.dicom_of(content[1:], syntax, shape), folder)


def _import_dicom(content: bytes, folder: Path) -> Any:
    (folder / "scanner").mkdir()
    (folder / "scanner" / "1").write_bytes(content)
    return import_dicom(folder / "scanner", folder / "bids")


def _read_picture(content: bytes, folder: Path) -> Any:
    ending = {b"\x89P": ".png", b"II": ".tif", b"\xff\xd8": ".jpg", b"BM": ".bmp"}.get(content[:2], ".png")
    return _file(f"a{ending}", read_pictures)(content, folder)


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
    (folder / "config.json").write_bytes((seeds.RUN / "config.json").read_bytes())
    (folder / "weights.safetensors").write_bytes(content)
    return load_run(folder)


PARSERS: dict[str, Parser] = {
    "nifti": Parser(seeds.nifti, _file("a.nii", Volume.load)),
    "nifti-gz": Parser(seeds.nifti, _gzipped("a.nii.gz", Volume.load)),
    "mgh": Parser(seeds.mgh, _file("a.mgh", Volume.load)),
    "nrrd": Parser(seeds.of_sitk("a.nrrd"), _file("a.nrrd", Volume.load)),
    "metaimage": Parser(seeds.of_sitk("a.mha"), _file("a.mha", Volume.load)),
    "dicom": Parser(seeds.dicom, _file("a.dcm", read_dicom)),
    "dicom-frame": Parser(
        lambda: [bytes([number]) + seeds.compressed(kind)[0] for number, kind in enumerate(seeds.PACKED)], _of_frame
    ),
    "dicom-import": Parser(seeds.dicom, _import_dicom),
    "picture": Parser(seeds.pictures, _read_picture),
    "array": Parser(seeds.arrays, _file("a.npy", open_array)),
    "participants": Parser(lambda: [seeds.PEOPLE], lambda content, folder: _bids(content, folder, "participants.tsv")),
    "sidecar": Parser(
        lambda: [json.dumps(seeds.SIDECAR).encode()],
        lambda content, folder: _bids(content, folder, "sub-01/anat/sub-01_FLAIR.json"),
    ),
    "scan-table": Parser(lambda: [b"file,participant,class,age\na.nii,sub-01,ms,45\n"], _of_table),
    "answers-csv": Parser(
        lambda: [seeds.ANSWERS, seeds.ANSWERS.replace(b",", b";")], lambda content, _: read_ratings(content, "x")
    ),
    "protocol": Parser(seeds.protocol, lambda content, _: Protocol.from_json(content.decode("utf-8", "replace"))),
    "share-link": Parser(
        lambda: [to_link(to_steps(np.linspace(-3, 3, 8))).encode()],
        lambda content, _: from_link(content.decode("utf-8", "replace"), 8),
    ),
    "run-config": Parser(
        lambda: [(seeds.RUN / "config.json").read_bytes()],
        _file("config.json", lambda path: read_settings(path.parent, to_resume=True)),
    ),
    "run-weights": Parser(seeds.small_weights, _weights),
    "run-checkpoint": Parser(seeds.resume, _file(RESUME, lambda path: load_resume(path.parent))),
    "run-evaluation": Parser(
        lambda: [json.dumps({"mse": {"value": 0.1, "sd": None, "n": 3, "settings": {}, "better": "lower"}}).encode()],
        _file("evaluation.json", read_evaluation),
    ),
}
