"""Studies of the tiny workspace whose run draws brains, and what was sealed of them."""

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from brainlab import workspace
from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.studies import locking
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.protocol.questions import ONE_REAL
from brainlab.reading.record.store import Store
from brainlab.runs.run import Run

REAL = Source(kind="cohort", name="simulated", n=12)
FAKE = Source(kind="run", name="tiny-vae", n=12)
FAKES = Source(kind="run", name="tiny-vae", n=36)

either = pytest.mark.parametrize(
    "design",
    [{"sources": (REAL, FAKE)}, {"sources": (REAL, FAKES), "questions": (ONE_REAL,)}],
    ids=["single", "quartets"],
)
"""Changes to a protocol: single images, or quartets of which one image is real."""


@pytest.fixture
def root(tiny_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder for studies of the tiny workspace, whose locks look at few images."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tiny_workspace))
    monkeypatch.setattr(workspace, "MODELS", tmp_path / "no models")
    monkeypatch.setattr(locking, "PROBE_IMAGES", 4)  # too few to judge, and quick
    return tmp_path


@pytest.fixture
def studio(tiny_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny workspace, whose runs draw what a well trained decoder draws: brains on a haze that is never 0."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tiny_workspace))
    monkeypatch.setattr(workspace, "MODELS", tmp_path / "no models")
    monkeypatch.setattr(locking, "PROBE_IMAGES", 4)  # too few to judge, and quick
    brains = PreparedDataset.open(tiny_workspace / "cohorts" / "simulated")

    def decode(self: Run, z: np.ndarray) -> np.ndarray:
        random = np.random.default_rng([int(value) for value in np.ravel(z).view(np.uint32)])
        images = brains.batch(random.integers(len(brains), size=len(z)))[:, 0]
        return np.clip(images + random.uniform(0, 0.02, images.shape).astype(np.float32), 0, 1)

    monkeypatch.setattr(Run, "decode", decode)
    return tiny_workspace


def draft(root: Path, *sources: Source, **changes: Any) -> Path:
    protocol = Protocol(
        **{
            "title": "Locking",
            "sources": sources or (REAL, FAKE),
            "readers": (Reader(code="A"),),
            "practice": 4,
            **changes,
        }
    )
    return lifecycle.study_folder(lifecycle.create_study(protocol, root), root)


def truth_by_image(folder: Path) -> pd.DataFrame:
    """The truth joined with phase and pixel statistics, a row an image, as only a test may."""
    truth = pd.read_sql("SELECT * FROM truth", sqlite3.connect(Store(folder).truth_path), index_col="stimulus")
    with Store(folder).read() as db:
        shown = db.execute(
            "SELECT stimulus, phase, pixels FROM presentation JOIN stimulus ON stimulus = stimulus.id"
            " WHERE phase <> 'repeat'"
        ).fetchall()
    rows = []
    for stimulus, phase, pixels in shown:
        whole = truth.loc[stimulus].to_dict()
        images = json.loads(whole["detail_json"]).get("images", [whole])
        for image, part in zip(images, np.split(np.frombuffer(pixels, np.uint8), len(images)), strict=True):
            disease = whole["class"] if image["label"] == "real" else None
            own = {"stimulus": stimulus, "phase": phase, "pixel_sha256": hashlib.sha256(part.tobytes()).hexdigest()}
            rows.append({"detail_json": json.dumps(image)} | image | own | {"class": disease})
    return pd.DataFrame(rows)
