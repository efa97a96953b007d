"""Readers of what lies beside scans: tables of people and visits, sidecars, b-values, names of labels."""

import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.fuzz.parser import DEEP, Parser, in_file
from brainlab.cohort.dicom.register import RECORD, Register
from brainlab.cohort.preparation.series import choose_images
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.sources.discovery import find_sources
from brainlab.cohort.sources.listing import list_scans
from brainlab.cohort.sources.segmentation_files import find_segmentations
from brainlab.experiments.cross_validation.record import read_record
from brainlab.experiments.myelin.clinical_scores import scores_of
from brainlab.pseudonyms import key_id

PEOPLE = b"participant_id\tage\tsex\tgroup\nsub-01\t45\tM\tms\nsub-02\t89+\tF\thealthy\nsub-03\tn/a\tO\tn/a\n"
SIDECAR = {"EchoTime": 0.09, "RepetitionTime": 9.0, "InversionTime": 2.5, "PixelBandwidth": 200, "FlipAngle": [90]}
SESSIONS = b"session_id\tage\tacq_time\nses-1\t45\t2020-01-01\nses-2\t46\tn/a\n"
SCANS = b"filename\tage\nses-1/anat/sub-01_ses-1_FLAIR.nii.gz\t45\n"
MEANINGS = {"age": {"Units": "months"}, "sex": {"Levels": {"1": "male", "2": "female"}}}
KEY = b"key"
IMAGE = b"\x1f\x8b" + bytes(60)


def _bids(name: str) -> Callable[[bytes, Path], Any]:
    """Return what lists a dataset of which an input is one file."""

    def parse(content: bytes, folder: Path) -> Any:
        for path in ("sub-01/ses-1/anat/sub-01_ses-1", "sub-01/ses-2/anat/sub-01_ses-2", "sub-02/anat/sub-02"):
            image = folder / f"{path}_FLAIR.nii.gz"
            image.parent.mkdir(parents=True)
            image.write_bytes(IMAGE)
        (folder / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.8.0"}', encoding="utf-8")
        (folder / "participants.tsv").write_bytes(PEOPLE)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        return list_scans(folder)

    return parse


def _of_table(content: bytes, folder: Path) -> Any:
    (folder / "a.nii").write_bytes(bytes(400))
    (folder / "table.csv").write_bytes(content)
    return list_scans(folder, table=folder / "table.csv")


def _labels(content: bytes, folder: Path) -> Any:
    for place, name in (("scans", "FLAIR"), ("labels", "dseg")):
        path = folder / place / "sub-01" / "anat" / f"sub-01_{name}.nii.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(IMAGE)
    (folder / "labels" / "dseg.tsv").write_bytes(content)
    return find_segmentations(folder / "labels", find_sources(folder / "scans", None).scans)


def _b_values(content: bytes, folder: Path) -> Any:
    (folder / "a.bval").write_bytes(content)
    return choose_images(folder / "a.nii.gz", weighted=True)(4, None)


def _scores(path: Path) -> Any:
    visit = SimpleNamespace(participant="sub-01", session="1", name="sub-01 1")
    cohort: Any = SimpleNamespace(people=lambda: {"sub-01": [visit]})
    return scores_of(cohort, path)


def _prepared(name: str) -> Callable[[bytes, Path], Any]:
    def parse(content: bytes, folder: Path) -> Any:
        np.save(folder / "volumes.npy", np.zeros((2, 4, 5), np.uint8))
        np.save(folder / "segmentations.npy", np.zeros((2, 4, 5), np.uint8))
        (folder / "recipe.json").write_text(json.dumps(RECIPE), encoding="utf-8")
        (folder / "scans.tsv").write_bytes(PREPARED)
        (folder / name).write_bytes(content)
        return PreparedDataset.open(folder)

    return parse


def _label_images() -> Iterable[bytes]:
    stream = io.BytesIO()
    np.save(stream, np.zeros((2, 4, 5), np.uint8))
    yield stream.getvalue()


def _register(content: bytes, folder: Path) -> Any:
    (folder / RECORD).parent.mkdir(parents=True, exist_ok=True)
    (folder / RECORD).write_bytes(content)
    return Register(folder, KEY)


IMPORTED = {"key": key_id(KEY), "people": {"a": "sub-01"}, "visits": {}, "images": {}}
RECIPE = {
    "name": "x", "shape": [4, 5], "affine": np.eye(4).tolist(), "plane": "axial", "dtype": "uint8",
    "labels": {"1": "lesion"},
}  # fmt: skip
PREPARED = b"participant\tsession\tclass\tsplit\tage_years\n1\ta\tms\ttrain\t45\n2\tn/a\thealthy\ttest\tn/a\n"
FOLD = {"number": 1, "seconds": 1.5, "scans": [{"row": 1, "mae": 0.1}], "curve": [[1, 0.5]]}
FOLDS = {
    "format": 1, "name": "x", "method": "unet", "title": "x", "inputs": ["T1w"], "target": "FLAIR", "folds": 5,
    "config": {}, "schedule": {}, "parameters": None, "data": {}, "measured": [FOLD],
}  # fmt: skip

PARSERS = {
    "participants": Parser(lambda: [PEOPLE], _bids("participants.tsv")),
    "participants-json": Parser(lambda: [json.dumps(MEANINGS).encode(), DEEP], _bids("participants.json")),
    "sessions": Parser(lambda: [SESSIONS], _bids("sub-01/sub-01_sessions.tsv")),
    "scans-table": Parser(lambda: [SCANS], _bids("sub-01/sub-01_scans.tsv")),
    "truth-table": Parser(lambda: [b"participant_id\tlesion_ml\nsub-02\t3.5\n"], _bids("derivatives/truth/a.tsv")),
    "description": Parser(
        lambda: [json.dumps({"Name": "x", "GeneratedBy": [{"Name": "y"}]}).encode(), DEEP],
        _bids("dataset_description.json"),
    ),
    "sidecar": Parser(lambda: [json.dumps(SIDECAR).encode(), DEEP], _bids("sub-02/anat/sub-02_FLAIR.json")),
    "scan-table": Parser(lambda: [b"file,participant,class,age\na.nii,sub-01,ms,45\n"], _of_table),
    "labels": Parser(lambda: [b"index\tname\n0\tbackground\n1\tlesion\n"], _labels),
    "b-values": Parser(lambda: [b"0 1000 1000 2000\n"], _b_values),
    "scores": Parser(lambda: [b"participant,session,edss\nsub-01,1,3.5\n"], in_file("a.csv", _scores)),
    "prepared-recipe": Parser(lambda: [json.dumps(RECIPE).encode(), DEEP], _prepared("recipe.json")),
    "prepared-scans": Parser(lambda: [PREPARED], _prepared("scans.tsv")),
    "prepared-labels": Parser(_label_images, _prepared("segmentations.npy")),
    "import-record": Parser(
        lambda: [
            json.dumps({"key": key_id(KEY), "people": {"a": "sub-01"}, "visits": {}, "images": {}}).encode(),
            DEEP,
        ],
        _register,
    ),
    "cross-validation": Parser(
        lambda: [json.dumps(FOLDS).encode(), DEEP], in_file("cross-validation.json", read_record)
    ),
}
