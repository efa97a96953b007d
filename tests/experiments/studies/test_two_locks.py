"""Two studies of one protocol: the same under one salt, and without an image in common under two."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd

from brainlab.experiments.studies import locking
from brainlab.experiments.studies.locking import lock_study
from brainlab.pseudonyms import keyed_hash
from brainlab.reading.protocol.design import Source
from tests.experiments.studies.conftest import FAKE, draft, either, truth_by_image


def _lock_twice(*roots: Path, **changes: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lock two studies of one protocol and return their truths in the order of their pixels."""
    folders = [draft(root, **changes, seed=5, magnification=1) for root in roots]
    for folder in folders:
        lock_study(folder)
    first, second = (truth_by_image(folder).sort_values("pixel_sha256").reset_index() for folder in folders)
    return first, second


@either
def test_the_salt_decides_every_draw(studio, tmp_path, monkeypatch, design):
    """Images, their slices, samples and practice: the same with one salt."""
    monkeypatch.setattr(locking, "new_salt", lambda: b"s" * 32)
    first, second = _lock_twice(tmp_path / "one", tmp_path / "other", **design)
    columns = ["label", "source", "participant_hash", "seed", "phase", "pixel_sha256"]
    assert first[columns].equals(second[columns])
    assert not set(first["stimulus"]) & set(second["stimulus"])


@either
def test_scans_that_another_study_here_shows_are_drawn_anew(studio, tmp_path, monkeypatch, design):
    """With one salt the second study would show the same scans at first."""
    monkeypatch.setattr(locking, "new_salt", lambda: b"s" * 32)
    first, second = _lock_twice(tmp_path, tmp_path, **design)
    real = [set(truth.query("label == 'real'")["pixel_sha256"]) for truth in (first, second)]
    assert not real[0] & real[1]


@either
def test_two_studies_of_one_protocol_and_seed_share_no_fake(studio, tmp_path, design):
    """Nor does a study show an image twice."""
    first, second = _lock_twice(tmp_path / "one", tmp_path / "other", **design)
    assert first["pixel_sha256"].is_unique
    real = [set(truth.query("label == 'real'")["pixel_sha256"]) for truth in (first, second)]
    assert len(real[0] & real[1]) < len(real[0]) / 2  # 14 of 250 slices, drawn anew
    fakes = [truth.query("label == 'fake'") for truth in (first, second)]
    for column in ("pixel_sha256", "seed"):
        assert fakes[0][column].is_unique
        assert not set(fakes[0][column]) & set(fakes[1][column])


@either
def test_a_person_has_one_name_within_a_study_and_none_that_can_be_counted_out(studio, tmp_path, design):
    """Not even with the salt, which lies beside it in truth.db: the key is forgotten after the lock."""
    people = Source(kind="cohort", name="simulated", n=40)
    machine = Source(kind="run", name="tiny-vae", n=120) if "questions" in design else FAKE
    studies_of_40 = _lock_twice(tmp_path, tmp_path, **design | {"sources": (people, machine)})
    first, second = (truth.query("label == 'real'") for truth in studies_of_40)
    for real in (first, second):
        scans = [json.loads(text)["scan"] for text in real["detail_json"]]
        assert len(set(zip(scans, real["participant_hash"], strict=True))) == len(set(scans)) == 21
        assert real["participant_hash"].nunique() == 21
    assert not set(first["participant_hash"]) & set(second["participant_hash"])
    salts = [
        sqlite3.connect(path).execute("SELECT salt FROM salt").fetchone()[0] for path in tmp_path.glob("*/truth.db")
    ]
    counted = {keyed_hash(f"sub-{number:04d}", key) for number in range(45) for key in (*salts, b"")}
    assert not counted & {*first["participant_hash"], *second["participant_hash"]}
