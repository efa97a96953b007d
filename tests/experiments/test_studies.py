"""Locking a study: only held-out people, one rendering, a gate that refuses what rendering gives away."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brainlab import workspace
from brainlab.cohort.prepared import PreparedDataset, participant_hash
from brainlab.errors import InputError, StudyStateError
from brainlab.experiments import studies
from brainlab.experiments.runs import Run
from brainlab.experiments.stimuli import SLICE_DISTANCE, CohortSupply
from brainlab.experiments.studies import lock_study, open_sources, preview
from brainlab.pseudonyms import PUBLIC_KEY, keyed_hash
from brainlab.reading import desk, integrity
from brainlab.reading.design import Protocol, Reader, Source
from brainlab.reading.store import Store
from brainlab.volume import Volume

REAL = Source(kind="cohort", name="simulated", n=12)
FAKE = Source(kind="run", name="tiny-vae", n=12)


@pytest.fixture
def studio(tiny_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny workspace, whose runs draw what a well trained decoder draws: brains on a haze that is never 0."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tiny_workspace))
    monkeypatch.setattr(workspace, "MODELS", tmp_path / "no models")
    monkeypatch.setattr(studies, "PROBE_IMAGES", 4)  # too few to judge, and quick
    brains = PreparedDataset.open(tiny_workspace / "cohorts" / "simulated")

    def sample(self: Run, n: int, seed: int, truncation: float = 1.0) -> tuple[Any, Any]:
        random = np.random.default_rng(seed)
        images = brains.batch(random.integers(len(brains), size=n))[:, 0]
        return None, np.clip(images + random.uniform(0, 0.02, images.shape).astype(np.float32), 0, 1)

    monkeypatch.setattr(Run, "sample", sample)
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
    return desk.study_folder(desk.create_study(protocol, root), root)


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
    monkeypatch.setattr(studies, "PROBE_IMAGES", 200)
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
    assert locked.probe.passed
    assert min(locked.probe.real, locked.probe.fake) >= 200
    assert integrity.verify(folder).ok
    assert desk.lock_checks(folder)["probe"]["auc"] == locked.probe.auc


def test_real_cases_are_people_that_no_run_was_trained_on(studio, tmp_path):
    folder = _draft(tmp_path)
    lock_study(folder)
    data = PreparedDataset.open(studio / "cohorts" / "simulated")
    trained = set(data.scans["participant"][data.indices("train")].map(participant_hash))
    real = _truth(folder).query("label == 'real'")
    assert trained
    assert not trained & set(real["participant_hash"])
    assert real["participant_hash"].is_unique
    assert real["class"].notna().all()
    fake = _truth(folder).query("label == 'fake'")
    assert fake["run_sha256"].str.len().eq(64).all()
    assert fake["participant_hash"].isna().all()


def test_too_few_held_out_people_is_one_line(studio, tmp_path):
    folder = _draft(tmp_path, Source(kind="cohort", name="simulated", n=30), FAKE, stimulus="volume")
    with pytest.raises(InputError, match=r"needed 32 images .* came 21 from 21 scans"):
        lock_study(folder)
    assert desk.study_status(folder).state == "draft"
    assert not Store(folder).truth_path.exists()


def test_more_slices_than_scans_come_from_distant_places(studio, tmp_path):
    folder = _draft(tmp_path, Source(kind="cohort", name="simulated", n=50), FAKE)
    lock_study(folder)
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


def test_the_same_seed_draws_the_same_study(studio, tmp_path):
    folders = [_draft(tmp_path, seed=5) for _ in range(2)]
    for folder in folders:
        lock_study(folder)
    first, second = (_truth(folder).sort_values("pixel_sha256").reset_index() for folder in folders)
    columns = ["label", "source", "participant_hash", "seed", "phase", "pixel_sha256"]
    assert first[columns].equals(second[columns])
    assert not set(first["stimulus"]) & set(second["stimulus"])


def test_volumes_are_read_whole(studio, tmp_path):
    folder = _draft(tmp_path, stimulus="volume", practice=0)
    lock_study(folder)
    with Store(folder).read() as db:
        shapes = {(row["kind"], row["shape_json"], len(row["pixels"])) for row in db.execute("SELECT * FROM stimulus")}
    assert shapes == {("volume", '{"shape": [40, 48, 40], "voxel_size_mm": [4.0, 4.0, 4.0]}', 40 * 48 * 40)}


def test_the_gate_refuses_what_rendering_gives_away(studio, tmp_path, monkeypatch):
    """A run whose images have a bright frame, as untrained decoders have."""
    sample = Run.sample

    def framed(self, n, seed, truncation=1.0):
        z, images = sample(self, n, seed, truncation)
        images[:, :, :2] = 0.5
        return z, images

    monkeypatch.setattr(Run, "sample", framed)
    monkeypatch.setattr(studies, "PROBE_IMAGES", 60)
    folder = _draft(tmp_path)
    with pytest.raises(StudyStateError, match=r"AUC 1.00, at most 0.60 allowed\) by border") as caught:
        lock_study(folder)
    assert "\n" not in str(caught.value)
    assert desk.study_status(folder).state == "draft"
    locked = lock_study(folder, override="the frame is what we study")
    assert not locked.probe.passed
    assert desk.lock_checks(folder)["override"] == "the frame is what we study"
    assert "the frame is what we study" in desk.history(folder)[-1]["note"]


def test_any_folder_can_be_a_source(studio, tmp_path):
    """Slices as PNG and volumes as NIfTI from elsewhere, beside a cohort of which only the test split is taken."""
    brains = PreparedDataset.open(studio / "cohorts" / "simulated")
    pictures, scans = tmp_path / "png", tmp_path / "nii"
    pictures.mkdir()
    scans.mkdir()
    for row in range(14):
        volume = brains.batch(np.array([row]))[0, 0]
        levels = np.rint(volume[:, :, 20][::-1, ::-1].T * 255).astype(np.uint8)
        Image.fromarray(levels).save(pictures / f"{row}.png")
        Volume(volume, brains.affine).save(scans / f"{row}.nii.gz")
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
    supply = open_sources(desk.load_protocol(folder))[0]
    assert isinstance(supply, CohortSupply)
    assert set(brains.scans["split"].iloc[supply.held_out]) == {"test"}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (Source(kind="run", name="nobody", n=1), "known are tiny-ivae, tiny-vae"),
        (Source(kind="cohort", name="nowhere", n=1), "known are simulated"),
        (Source(kind="folder", name="/no/such/folder", n=1, label="real"), "no such folder"),
        (Source(kind="folder", name=".", n=1, label="real"), "needed images"),
    ],
)
def test_a_missing_source_is_one_line(studio, tmp_path, monkeypatch, source, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=said) as caught:
        lock_study(_draft(tmp_path / "studies", source))
    assert "\n" not in str(caught.value)


def test_odd_images_are_refused(studio, tmp_path):
    strange = tmp_path / "strange"
    strange.mkdir()
    source = Source(kind="folder", name=str(strange), n=1, label="fake")
    (strange / "a.png").write_bytes(b"not a picture")
    with pytest.raises(InputError, match=r"a\.png: not a readable PNG"):
        lock_study(_draft(tmp_path, REAL, source, practice=0))
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(strange / "a.png")
    with pytest.raises(InputError, match="all cases must look alike"):
        lock_study(_draft(tmp_path, REAL, source, practice=0))
    (strange / "a.png").unlink()
    Volume(np.full((40, 48, 40), 900, np.float32), np.eye(4)).save(strange / "a.nii")
    with pytest.raises(InputError, match="scale them first"):
        lock_study(_draft(tmp_path, REAL, source, practice=0))


def test_the_test_split_alone_is_read_where_the_key_of_a_run_s_people_is_missing(studio, tmp_path):
    settings = studio / "runs" / "tiny-vae" / "config.json"
    before = settings.read_text()
    data = json.loads(before)["data"]
    changed = {"key": "1a2b3c4d", "sha256": "0" * 64, "participants": ["f" * 32], "voxels": [], "files": []}
    try:
        settings.write_text(json.dumps({**json.loads(before), "data": data | changed}))
        folder = _draft(tmp_path)
        supply = open_sources(desk.load_protocol(folder))[0]
        assert isinstance(supply, CohortSupply)
        assert set(supply.dataset.scans["split"].iloc[supply.held_out]) == {"test"}
        warned = [line for line in lock_study(folder).warnings if "1a2b3c4d" in line]
        assert warned[0].startswith("simulated: tiny-vae: the key of its people's names")
    finally:
        settings.write_text(before)


def test_a_run_on_real_people_does_not_forbid_simulated_namesakes(studio, tmp_path):
    settings = studio / "runs" / "tiny-vae" / "config.json"
    before = settings.read_text()
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
            settings.write_text(json.dumps({**json.loads(before), "data": data}))
            supply = open_sources(desk.load_protocol(_draft(tmp_path)))[0]
            assert isinstance(supply, CohortSupply)
            assert len(supply.held_out) == held_out
    finally:
        settings.write_text(before)


def test_a_preview_shows_each_source_as_readers_would(studio, tmp_path):
    images = preview(desk.load_protocol(_draft(tmp_path)), per_source=2)
    assert list(images) == ["simulated", "tiny-vae"]
    assert {(image.shape, image.dtype.name) for group in images.values() for image in group} == {((384, 320), "uint8")}
