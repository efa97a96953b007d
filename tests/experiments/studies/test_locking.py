"""Locking a study: only held-out people, one rendering, a gate that refuses what rendering gives away."""

import dataclasses
import json
import os
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

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
from tests.experiments.studies.conftest import FAKE, REAL, draft, either, truth_by_image


@pytest.fixture
def own_studio(studio, tmp_path, monkeypatch):
    """A copy of the studio, whose runs a test may change."""
    workspace = shutil.copytree(studio, tmp_path / "workspace")
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(workspace))
    return workspace


def tell_of_training(workspace: Path, changes: dict[str, Any]) -> None:
    """Change what the run `tiny-vae` keeps of the data that it was trained on."""
    settings = workspace / "runs" / "tiny-vae" / "config.json"
    told = json.loads(settings.read_text(encoding="utf-8"))
    settings.write_text(json.dumps({**told, "data": told["data"] | changes}), encoding="utf-8")


def test_lock_draws_what_the_protocol_asks(studio, tmp_path, monkeypatch):
    monkeypatch.setattr(locking, "PROBE_IMAGES", 200)
    folder = draft(tmp_path)
    locked = lock_study(folder)
    truth = truth_by_image(folder)
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


@either
def test_real_cases_are_people_that_no_run_was_trained_on(studio, tmp_path, design):
    folder = draft(tmp_path, **design)
    lock_study(folder)
    data = PreparedDataset.open(studio / "cohorts" / "simulated")
    scans = data.scans
    trained = scans["participant"][recognise(load_run(studio / "runs" / "tiny-ivae"), data).seen]
    real = truth_by_image(folder).query("label == 'real'")
    shown = scans["participant"].iloc[[json.loads(text)["scan"] for text in real["detail_json"]]]
    assert len(trained)
    assert not set(trained) & set(shown)
    assert real["participant_hash"].is_unique
    assert real["class"].notna().all()
    fake = truth_by_image(folder).query("label == 'fake'")
    assert fake["run_sha256"].str.len().eq(64).all()
    assert fake["participant_hash"].isna().all()


def test_too_few_held_out_people_is_one_line(studio, tmp_path):
    folder = draft(tmp_path, Source(kind="cohort", name="simulated", n=30), FAKE, stimulus="volume")
    with pytest.raises(InputError, match=r"needs 32 images .* got 21 from 21 scans"):
        lock_study(folder)
    assert lifecycle.study_status(folder).state == "draft"
    assert not Store(folder).truth_path.exists()


def test_more_slices_than_scans_come_from_distant_places(studio, tmp_path):
    folder = draft(tmp_path, Source(kind="cohort", name="simulated", n=50), FAKE)
    expected = foresee_sources(lifecycle.load_protocol(folder))
    locked = lock_study(folder)
    assert list(locked.sources) == expected, "the desk says before the lock what the lock records"
    assert [source["people"] for source in expected] == [21, None]
    real = truth_by_image(folder).query("label == 'real'")
    detail = pd.DataFrame([json.loads(text) for text in real["detail_json"]])
    for _, slices in detail.groupby("scan")["slice"]:
        assert np.diff(np.sort(slices)).min(initial=99) >= SLICE_DISTANCE


def test_sources_show_the_same_slices_equally_often(studio, tmp_path):
    folder = draft(tmp_path, practice=0)
    lock_study(folder)
    truth = truth_by_image(folder)
    truth["slice"] = [json.loads(text)["slice"] for text in truth["detail_json"]]
    counts = truth.groupby(["label", "slice"]).size().unstack(fill_value=0)
    assert abs(counts.loc["real"] - counts.loc["fake"]).max() <= 1


def test_classes_can_be_chosen(studio, tmp_path):
    folder = draft(tmp_path, classes=("ms", "healthy"), practice=0)
    lock_study(folder)
    assert set(truth_by_image(folder).query("label == 'real'")["class"]) == {"ms", "healthy"}


def test_the_probe_is_told_whom_each_real_image_is_of(studio, tmp_path, monkeypatch):
    """It keeps images of one person in one fold, or it would know the person again."""
    told: list[str] = []

    def probe(real, fake, seed, groups):
        told.extend(groups)
        return Probe(None, {}, (), len(real), len(fake))

    monkeypatch.setattr(locking, "PROBE_IMAGES", 60)
    monkeypatch.setattr(locking, "probe", probe)
    lock_study(draft(tmp_path))
    assert len(set(told[:60])) == 45  # people of the cohort
    assert len(set(told[60:])) == 60


def test_a_lock_that_failed_leaves_no_salt_and_the_next_draws_another(studio, tmp_path, monkeypatch):
    drawn: list[bytes] = []
    monkeypatch.setattr(locking, "new_salt", lambda: drawn.append(os.urandom(32)) or drawn[-1])
    folder = draft(tmp_path)
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
    folder = draft(tmp_path, stimulus="volume", practice=0)
    lock_study(folder)
    with Store(folder).read() as db:
        shapes = {(row["kind"], row["shape_json"], len(row["pixels"])) for row in db.execute("SELECT * FROM stimulus")}
    assert shapes == {("volume", '{"shape": [40, 48, 40], "voxel_size_mm": [4.0, 4.0, 4.0]}', 40 * 48 * 40)}


@either
def test_the_gate_refuses_what_rendering_gives_away(studio, tmp_path, monkeypatch, design):
    """A run whose images have a bright frame, as untrained decoders have."""
    decode = Run.decode

    def framed(self, z):
        images = decode(self, z)
        images[:, :, :2] = 0.5
        return images

    monkeypatch.setattr(Run, "decode", framed)
    monkeypatch.setattr(locking, "PROBE_IMAGES", 60)
    folder = draft(tmp_path, **design, magnification=1)
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
    folder = draft(tmp_path, *sources, practice=0)
    lock_study(folder)
    truth = truth_by_image(folder)
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
            lock_study(draft(tmp_path / "as-real", REAL, real, practice=0))
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
        lock_study(draft(tmp_path / "studies", source))
    assert "\n" not in str(caught.value)


@either
def test_odd_images_are_refused(studio, tmp_path, monkeypatch, design):
    """One image of 13, or of the three that stand beside a real one."""
    strange = tmp_path / "strange"
    strange.mkdir()
    real = replace(REAL, n=1) if "questions" in design else REAL
    source = Source(kind="folder", name=str(strange), n=3 if "questions" in design else 1, label="fake")
    changes = design | {"sources": (real, source), "practice": 0}
    for name in "bcd"[1 : source.n]:
        Image.fromarray(np.zeros((48, 40), np.uint8)).save(strange / f"{name}.png")
    (strange / "a.png").write_bytes(b"not a picture")
    with pytest.raises(InputError, match=r"a\.png: cannot be read as a picture"):
        lock_study(draft(tmp_path, **changes))
    Image.fromarray(np.zeros((19, 19), np.uint8)).save(strange / "a.png")
    # Also where there are images enough for the probe, which would name the byte length.
    monkeypatch.setattr(locking, "probe", lambda *_: Probe(1.0, {}, ("byte_length",), 9, 9))
    with pytest.raises(InputError, match="all cases must look alike"):
        lock_study(draft(tmp_path, **changes))
    (strange / "a.png").unlink()
    Volume(np.full((40, 48, 40), 900, np.float32), np.eye(4)).save(strange / "a.nii")
    with pytest.raises(InputError, match="scale them first"):
        lock_study(draft(tmp_path, **changes))


def test_the_test_split_alone_is_read_where_the_key_of_a_run_s_people_is_missing(own_studio, tmp_path):
    changed = {"key": "1a2b3c4d", "sha256": "0" * 64, "participants": ["f" * 32], "voxels": [], "files": []}
    tell_of_training(own_studio, changed)
    folder = draft(tmp_path)
    supply = open_sources(lifecycle.load_protocol(folder))[0]
    assert isinstance(supply, CohortSupply)
    assert set(supply.dataset.scans["split"].iloc[supply.held_out]) == {"test"}
    warned = [line for line in lock_study(folder).warnings if "1a2b3c4d" in line]
    assert warned[0].startswith("simulated: tiny-vae: the key of its people's names")


def test_a_run_on_real_people_does_not_forbid_simulated_namesakes(own_studio, tmp_path):
    people = [keyed_hash(f"sub-{number:04d}", PUBLIC_KEY) for number in range(45)]
    for simulated, held_out in ((True, 0), (False, 21)):
        tell_of_training(own_studio, {"participants": people, "voxels": [], "files": [], "simulated": simulated})
        supply = open_sources(lifecycle.load_protocol(draft(tmp_path)))[0]
        assert isinstance(supply, CohortSupply)
        assert len(supply.held_out) == held_out


def test_a_preview_shows_each_source_as_readers_would(studio, tmp_path):
    images = preview(lifecycle.load_protocol(draft(tmp_path)), per_source=2)
    assert list(images) == ["simulated", "tiny-vae"]
    assert {(image.shape, image.dtype.name) for group in images.values() for image in group} == {((384, 320), "uint8")}


def test_progress_moves_with_every_image_and_not_with_every_source(studio, tmp_path, monkeypatch):
    told: list[tuple[str, int]] = []
    before_probe = []
    draw_for_probe = CohortSupply.draw_for_probe

    def watch(items, what, total):
        for item in items:
            told.append((what, total))
            yield item

    def noted(self, n, salt):
        before_probe.append(len(told))
        return draw_for_probe(self, n, salt)

    monkeypatch.setattr(CohortSupply, "draw_for_probe", noted)
    lock_study(draft(tmp_path), override="untrained run of a test", watch=watch)
    images = 12 + 12 + 4 + 2 * locking.PROBE_IMAGES  # cases, practice, and those of the probe
    assert before_probe == [12 + 2]
    assert told == [("Drawing", images)] * images + [("Rendering", images)] * images


@pytest.mark.parametrize("made", [0, 3, 9])
def test_progress_ends_with_fewer_steps_or_more_than_were_told(made):
    told = []
    with locking._steps(lambda items, what, total: (told.append(item) or item for item in items), "Drawing", 5) as step:
        for _ in range(made):
            step()
        assert len(told) == min(made, 5)
    assert told == list(range(5))
