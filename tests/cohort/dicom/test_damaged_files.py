"""Bytes changed, added, lost: each file is imported or left out with a reason, and nothing else happens."""

import random
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from brainlab.cohort.dicom.headers.frames import RefusedFile, frames_of
from brainlab.cohort.dicom.importing import ImportReport
from tests.dicom_files import enhanced, save, series, voxels_of

SIZE = {"rows": 8, "columns": 6}


def one(path: Path, syntax: str) -> bytes:
    return save(series(1, voxels=voxels_of(1, **SIZE))[0], path, syntax).read_bytes()


def several(path: Path) -> bytes:
    def change(frame: Dataset, volume: int, place: int) -> None:
        weighting = Dataset()
        weighting.DiffusionBValue = 1000.0 * volume
        frame.MRDiffusionSequence = [weighting]

    return save(enhanced([voxels_of(3, **SIZE, seed=n) for n in range(2)], change), path).read_bytes()


def packed(path: Path) -> bytes:
    path.write_bytes(several(path))
    image = dcmread(path)
    image.compress(RLELossless)
    image.save_as(path)
    return path.read_bytes()


WHOLE: dict[str, Callable[[Path], bytes]] = {
    "explicit": lambda path: one(path, ExplicitVRLittleEndian),
    "implicit": lambda path: one(path, ImplicitVRLittleEndian),
    "deflated": lambda path: one(path, DeflatedExplicitVRLittleEndian),
    "enhanced": several,
    "run-length encoded": packed,
}


def damage(content: bytes, chance: random.Random) -> bytes:
    raw = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 5, 30])):
        place, kind = chance.randrange(128, len(raw)), chance.random()
        if kind < 0.6:
            raw[place] = chance.choice([0, 1, 127, 128, 255, ord("9"), ord("-"), ord("\\"), chance.randrange(256)])
        elif kind < 0.75:
            raw[place:place] = chance.randbytes(chance.randrange(1, 9))
        elif kind < 0.9:
            del raw[place : place + chance.randrange(1, 20)]
        else:
            del raw[place:]
        if len(raw) < 140:
            break
    return bytes(raw)


@pytest.mark.parametrize("kind", WHOLE)
def test_damaged_files_end_nothing(
    kind: str, tmp_path: Path, bring_in: Callable[..., ImportReport], recwarn: pytest.WarningsRecorder
):
    content, chance = WHOLE[kind](tmp_path / "whole"), random.Random(kind)
    (tmp_path / "scanner").mkdir()
    for number in range(60):
        (tmp_path / "scanner" / str(number)).write_bytes(damage(content, chance))
    report = bring_in()
    assert report.series + len(report.skipped) > 0
    assert all("\n" not in note["reason"] and "Muster" not in note["reason"] for note in report.skipped)
    assert not [warning for warning in recwarn.list if "pydicom" in warning.filename]


@pytest.mark.parametrize("far", [1e30, 1e300, -1e308])
def test_places_that_are_none(far: float, tmp_path: Path, bring_in: Callable[..., ImportReport]):
    images = series(4, voxels=voxels_of(4, **SIZE))
    for number, image in enumerate(images):
        image.ImagePositionPatient = [str(np.format_float_scientific(far, 3)), "0", str(number)]
        save(image, tmp_path / "scanner" / str(number))
    report = bring_in()
    assert (report.series, len(report.skipped)) == (0, 1)


@pytest.mark.parametrize("tag", ["Modality", "Rows", "Columns", "PhotometricInterpretation"])
def test_a_file_cut_off_in_its_header_is_not_told_to_be_of_another_kind(tmp_path, tag):
    path = tmp_path / "a.dcm"
    content = one(path, ExplicitVRLittleEndian)
    element = Tag(tag)
    path.write_bytes(content[: content.index(struct.pack("<HH", element.group, element.element), 132)])
    refused = frames_of(path)
    assert isinstance(refused, RefusedFile)
    assert refused.reason.startswith("is cut off or damaged")
