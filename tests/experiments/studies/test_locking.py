"""Locking a study: only held-out people, one rendering, a gate that refuses what rendering gives away."""

import dataclasses
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brainlab import workspace
from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError, StudyStateError
from brainlab.experiments.studies import locking
from brainlab.experiments.studies.locking import foresee_sources, lock_study, open_sources, preview
from brainlab.experiments.studies.stimuli import SLICE_DISTANCE, CohortSupply
from brainlab.images.provenance import Provenance
from brainlab.images.provenance_files import save_png
from brainlab.images.volume import Volume
from brainlab.pseudonyms import PUBLIC_KEY, keyed_hash
from brainlab.reading.desk import lifecycle
from brainlab.reading.images.blinding_check import Probe
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.record import integrity
from brainlab.reading.record.store import Store
from brainlab.runs.provenance import recognise
from brainlab.runs.run import Run, load_run

REAL = Source(kind="cohort", name="simulated", n=12)
FAKE = Source(kind="run", name="tiny-vae", n=12)


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


def _draft(root: Path, *sources: Source, **changes: Any) -> Path:
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


def _truth(folder: Path) -> pd.DataFrame:
    """The truth joined with phase and pixel statistics, as only a test may."""
    truth = pd.read_sql("SELECT * FROM truth", sqlite3.connect(Store(folder).truth_path))
    with Store(folder).read() as db:
        rows = db.execute(
            "SELECT stimulus, phase, pixel_sha256 FROM presentation JOIN stimulus ON stimulus = stimulus.id"
        )
        shown = pd.DataFrame([dict(row) for row in rows.fetchall()])
    return truth.merge(shown[shown["phase"] != "repeat"], on="stimulus")


def test_lock_draws_what_the_protocol_asks(studio, tmp_path, monkeypatch):
    monkeypatch.setattr(locking, "PROBE_IMAGES", 200)
    folder = _draft(tmp_path)
    locked = lock_study(folder)
    truth = _truth(folder)
    assert (locked.cases, locked.practice, locked.override) == (24, 4, "")
    assert truth.groupby(["source", "phase"]).size().to_dict() == {
        ("simulated", "main"): 12,
        ("simulated", "practice"): 2,
        ("tiny-vae", "main"): 12,
        ("tiny-vae", "practice"): 2,
    }
    assert truth["pixel_sha256"].is_unique
    assert [source["people"] for source in locked.sources] == [12, None]
    assert locked.probe.passed
    assert min(locked.probe.real, locked.probe.fake) >= 200
    assert integrity.verify(folder).ok
    assert lifecycle.lock_checks(folder)["probe"]["auc"] == locked.probe.auc


def test_real_cases_are_people_that_no_run_was_trained_on(studio, tmp_path):
    folder = _draft(tmp_path)
    lock_study(folder)
    data = PreparedDataset.open(studio / "cohorts" / "simulated")
    scans = data.scans
    trained = scans["participant"][recognise(load_run(studio / "runs" / "tiny-ivae"), data).seen]
    real = _truth(folder).query("label == 'real'")
    shown = scans["participant"].iloc[[json.loads(text)["scan"] for text in real["detail_json"]]]
    assert len(trained)
    assert not set(trained) & set(shown)
    assert real["participant_hash"].is_unique
    assert real["class"].notna().all()
    fake = _truth(folder).query("label == 'fake'")
    assert fake["run_sha256"].str.len().eq(64).all()
    assert fake["participant_hash"].isna().all()


def test_too_few_held_out_people_is_one_line(studio, tmp_path):
    folder = _draft(tmp_path, Source(kind="cohort", name="simulated", n=30), FAKE, stimulus="volume")
    with pytest.raises(InputError, match=r"needs 32 images .* got 21 from 21 scans"):
        lock_study(folder)
    assert lifecycle.study_status(folder).state == "draft"
    assert not Store(folder).truth_path.exists()


def test_more_slices_than_scans_come_from_distant_places(studio, tmp_path):
    folder = _draft(tmp_path, Source(kind="cohort", name="simulated", n=50), FAKE)
    expected = foresee_sources(lifecycle.load_protocol(folder))
    locked = lock_study(folder)
    assert list(locked.sources) == expected, "the desk says before the lock what the lock records"
    assert [source["people"] for source in expected] == [21, None]
    real = _truth(folder).query("label == 'real'")
    detail = pd.DataFrame([json.loads(text) for text in real["detail_json"]])
    for _, slices in detail.groupby("scan")["slice"]:
        assert np.diff(np.sort(slices)).min(initial=99) >= SLICE_DISTANCE


def test_sources_show_the_same_slices_equally_often(studio, tmp_path):
    folder = _draft(tmp_path, practice=0)
    lock_study(folder)
    truth = _truth(folder)
    truth["slice"] = [json.loads(text)["slice"] for text in truth["detail_json"]]
    counts = truth.groupby(["label", "slice"]).size().unstack(fill_value=0)
    assert abs(counts.loc["real"] - counts.loc["fake"]).max() <= 1


def test_classes_can_be_chosen(studio, tmp_path):
    folder = _draft(tmp_path, classes=("ms", "healthy"), practice=0)
    lock_study(folder)
    assert set(_truth(folder).query("label == 'real'")["class"]) == {"ms", "healthy"}


def test_the_probe_is_told_whom_each_real_image_is_of(studio, tmp_path, monkeypatch):
    """It keeps images of one person in one fold, or it would know the person again."""
    told: list[str] = []

    def probe(real, fake, seed, groups):
        told.extend(groups)
        return Probe(None, {}, (), len(real), len(fake))

    monkeypatch.setattr(locking, "PROBE_IMAGES", 60)
    monkeypatch.setattr(locking, "probe", probe)
    lock_study(_draft(tmp_path))
    assert len(set(told[:60])) == 45  # people of the cohort
    assert len(set(told[60:])) == 60


def _lock_twice(*roots: Path, sources: tuple[Source, ...] = ()) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lock two studies of one protocol and return their truths in the order of their pixels."""
    folders = [_draft(root, *sources, seed=5) for root in roots]
    for folder in folders:
        lock_study(folder)
    first, second = (_truth(folder).sort_values("pixel_sha256").reset_index() for folder in folders)
    return first, second


def test_the_salt_decides_every_draw(studio, tmp_path, monkeypatch):
    """Images, their slices, samples and practice: the same with one salt."""
    monkeypatch.setattr(locking, "new_salt", lambda: b"s" * 32)
    first, second = _lock_twice(tmp_path / "one", tmp_path / "other")
    columns = ["label", "source", "participant_hash", "seed", "phase", "pixel_sha256"]
    assert first[columns].equals(second[columns])
    assert not set(first["stimulus"]) & set(second["stimulus"])


def test_scans_that_another_study_here_shows_are_drawn_anew(studio, tmp_path, monkeypatch):
    """With one salt the second study would show the same scans at first."""
    monkeypatch.setattr(locking, "new_salt", lambda: b"s" * 32)
    first, second = _lock_twice(tmp_path, tmp_path)
    real = [set(truth.query("label == 'real'")["pixel_sha256"]) for truth in (first, second)]
    assert not real[0] & real[1]


def test_two_studies_of_one_protocol_and_seed_share_no_fake(studio, tmp_path):
    first, second = _lock_twice(tmp_path / "one", tmp_path / "other")
    real = [set(truth.query("label == 'real'")["pixel_sha256"]) for truth in (first, second)]
    assert len(real[0] & real[1]) < len(real[0]) / 2  # 14 of 250 slices, drawn anew
    fakes = [truth.query("label == 'fake'") for truth in (first, second)]
    for column in ("pixel_sha256", "seed"):
        assert fakes[0][column].is_unique
        assert not set(fakes[0][column]) & set(fakes[1][column])


def test_a_person_has_one_name_within_a_study_and_none_that_can_be_counted_out(studio, tmp_path):
    """Not even with the salt, which lies beside it in truth.db: the key is forgotten after the lock."""
    studies_of_40 = _lock_twice(tmp_path, tmp_path, sources=(Source(kind="cohort", name="simulated", n=40), FAKE))
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


def test_a_lock_that_failed_leaves_no_salt_and_the_next_draws_another(studio, tmp_path, monkeypatch):
    drawn: list[bytes] = []
    monkeypatch.setattr(locking, "new_salt", lambda: drawn.append(os.urandom(32)) or drawn[-1])
    folder = _draft(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("brainlab.reading.record.sealing.chain.anchor_seal", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            lock_study(folder)
    assert not Store(folder).truth_path.exists()
    before = len(drawn)
    lock_study(folder)
    (salt,) = sqlite3.connect(Store(folder).truth_path).execute("SELECT salt FROM salt").fetchone()
    assert salt in drawn[before:]
    assert salt not in (folder / "study.db").read_bytes()
    assert salt.hex().encode() not in (folder / "study.db").read_bytes()


def test_volumes_are_read_whole(studio, tmp_path):
    folder = _draft(tmp_path, stimulus="volume", practice=0)
    lock_study(folder)
    with Store(folder).read() as db:
        shapes = {(row["kind"], row["shape_json"], len(row["pixels"])) for row in db.execute("SELECT * FROM stimulus")}
    assert shapes == {("volume", '{"shape": [40, 48, 40], "voxel_size_mm": [4.0, 4.0, 4.0]}', 40 * 48 * 40)}


def test_the_gate_refuses_what_rendering_gives_away(studio, tmp_path, monkeypatch):
    """A run whose images have a bright frame, as untrained decoders have."""
    decode = Run.decode

    def framed(self, z):
        images = decode(self, z)
        images[:, :, :2] = 0.5
        return images

    monkeypatch.setattr(Run, "decode", framed)
    monkeypatch.setattr(locking, "PROBE_IMAGES", 60)
    folder = _draft(tmp_path)
    with pytest.raises(StudyStateError, match=r"AUC 1.00, at most 0.60 allowed\) by border") as caught:
        lock_study(folder)
    assert "\n" not in str(caught.value)
    assert lifecycle.study_status(folder).state == "draft"
    locked = lock_study(folder, override="the frame is what we study")
    assert not locked.probe.passed
    assert lifecycle.lock_checks(folder)["override"] == "the frame is what we study"
    assert "the frame is what we study" in lifecycle.history(folder)[-1]["note"]


def test_any_folder_can_be_a_source(studio, tmp_path, monkeypatch):
    """Slices as PNG and volumes as NIfTI from elsewhere, beside a cohort of which only the test split is taken."""
    brains = PreparedDataset.open(studio / "cohorts" / "simulated")
    pictures, scans = tmp_path / "png", tmp_path / "nii"
    pictures.mkdir()
    scans.mkdir()
    for row in range(14):
        volume = brains.batch(np.array([row]))[0, 0]
        levels = np.rint(volume[:, :, 20][::-1, ::-1].T * 255).astype(np.uint8)
        said = [Provenance(kind="generated", seed=row)]
        save_png(Image.fromarray(levels), pictures / f"{row}.png", said)
        Volume(volume, brains.affine).save(scans / f"{row}.nii.gz", provenance=said)
    sources = (
        REAL,
        Source(kind="folder", name=str(pictures), n=12, label="fake"),
        Source(kind="folder", name=str(scans), n=12, label="fake"),
    )
    folder = _draft(tmp_path, *sources, practice=0)
    lock_study(folder)
    truth = _truth(folder)
    assert truth.groupby(["source", "label"]).size().to_dict() == {
        ("simulated", "real"): 12,
        (str(pictures), "fake"): 12,
        (str(scans), "fake"): 12,
    }
    # What the files say of themselves must not reach a reader, who is sent what lies in study.db.
    kept = (folder / "study.db").read_bytes()
    assert not [mark for mark in (b"Brainlab", b"brainlab,", b"not a real scan", b"generated by") if mark in kept]
    for source in sources[1:]:
        real = dataclasses.replace(source, label="real")
        with pytest.raises(InputError, match=r"needs a scan as a real case, got an image that says that it is gen"):
            lock_study(_draft(tmp_path / "as-real", REAL, real, practice=0))
    # Also of people that no run here was trained on, for nobody knows whom the folders' makers trained on.
    monkeypatch.setattr(locking, "list_runs", list)
    for chosen, splits in (((REAL, sources[1]), {"test"}), ((REAL,), {"test", "train"})):
        supply = open_sources(Protocol(title="Who", sources=chosen, readers=(Reader(code="A"),)))[0]
        assert isinstance(supply, CohortSupply)
        assert set(brains.scans["split"].iloc[supply.held_out]) == splits


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (Source(kind="run", name="nobody", n=1), "known are tiny-ivae, tiny-vae"),
        (Source(kind="cohort", name="nowhere", n=1), "known are simulated"),
        (Source(kind="folder", name="/no/such/folder", n=1, label="real"), "no such folder"),
        (Source(kind="folder", name=".", n=1, label="real"), "needs images"),
    ],
)
def test_a_missing_source_is_one_line(studio, tmp_path, monkeypatch, source, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=said) as caught:
        lock_study(_draft(tmp_path / "studies", source))
    assert "\n" not in str(caught.value)


def test_odd_images_are_refused(studio, tmp_path, monkeypatch):
    strange = tmp_path / "strange"
    strange.mkdir()
    source = Source(kind="folder", name=str(strange), n=1, label="fake")
    (strange / "a.png").write_bytes(b"not a picture")
    with pytest.raises(InputError, match=r"a\.png: cannot be read as a picture"):
        lock_study(_draft(tmp_path, REAL, source, practice=0))
    Image.fromarray(np.zeros((19, 19), np.uint8)).save(strange / "a.png")
    # Also where there are images enough for the probe, which would name the byte length.
    monkeypatch.setattr(locking, "probe", lambda *_: Probe(1.0, {}, ("byte_length",), 9, 9))
    with pytest.raises(InputError, match="all cases must look alike"):
        lock_study(_draft(tmp_path, REAL, source, practice=0))
    (strange / "a.png").unlink()
    Volume(np.full((40, 48, 40), 900, np.float32), np.eye(4)).save(strange / "a.nii")
    with pytest.raises(InputError, match="scale them first"):
        lock_study(_draft(tmp_path, REAL, source, practice=0))


def test_the_test_split_alone_is_read_where_the_key_of_a_run_s_people_is_missing(studio, tmp_path):
    settings = studio / "runs" / "tiny-vae" / "config.json"
    before = settings.read_text(encoding="utf-8")
    data = json.loads(before)["data"]
    changed = {"key": "1a2b3c4d", "sha256": "0" * 64, "participants": ["f" * 32], "voxels": [], "files": []}
    try:
        settings.write_text(json.dumps({**json.loads(before), "data": data | changed}), encoding="utf-8")
        folder = _draft(tmp_path)
        supply = open_sources(lifecycle.load_protocol(folder))[0]
        assert isinstance(supply, CohortSupply)
        assert set(supply.dataset.scans["split"].iloc[supply.held_out]) == {"test"}
        warned = [line for line in lock_study(folder).warnings if "1a2b3c4d" in line]
        assert warned[0].startswith("simulated: tiny-vae: the key of its people's names")
    finally:
        settings.write_text(before, encoding="utf-8")


def test_a_run_on_real_people_does_not_forbid_simulated_namesakes(studio, tmp_path):
    settings = studio / "runs" / "tiny-vae" / "config.json"
    before = settings.read_text(encoding="utf-8")
    people = [keyed_hash(f"sub-{number:04d}", PUBLIC_KEY) for number in range(45)]
    try:
        for simulated, held_out in ((True, 0), (False, 21)):
            data = {
                **json.loads(before)["data"],
                "participants": people,
                "voxels": [],
                "files": [],
                "simulated": simulated,
            }
            settings.write_text(json.dumps({**json.loads(before), "data": data}), encoding="utf-8")
            supply = open_sources(lifecycle.load_protocol(_draft(tmp_path)))[0]
            assert isinstance(supply, CohortSupply)
            assert len(supply.held_out) == held_out
    finally:
        settings.write_text(before, encoding="utf-8")


def test_a_preview_shows_each_source_as_readers_would(studio, tmp_path):
    images = preview(lifecycle.load_protocol(_draft(tmp_path)), per_source=2)
    assert list(images) == ["simulated", "tiny-vae"]
    assert {(image.shape, image.dtype.name) for group in images.values() for image in group} == {((384, 320), "uint8")}
