"""Fakes that copy training scans, real cases under other names, and spectra: found at lock, and how loudly."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brainlab import workspace
from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.errors import InputError
from brainlab.experiments.studies import locking
from brainlab.experiments.studies.locking import lock_study
from brainlab.images.volume import Volume
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.protocol.questions import ONE_REAL
from brainlab.reading.record.lock_record import lock_findings, lock_warnings
from brainlab.runs.provenance import recognise
from brainlab.runs.run import Run, load_run

SHAPE = (40, 48, 40)


def blobs(n: int, seed: int) -> np.ndarray:
    """Brains of different people: a ball each, with bumps of its own."""
    random = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*(np.linspace(-1, 1, side) for side in SHAPE), indexing="ij"))
    ball = (grid**2).sum(axis=0) < 0.7
    images = []
    for _ in range(n):
        bumps = random.normal(size=(6, 5, 5))
        coarse = np.kron(bumps, np.ones((8, 10, 8)))[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
        images.append(np.where(ball, np.clip(0.5 + 0.12 * coarse, 0.2, 1), 0).astype(np.float32))
    return np.stack(images)


@pytest.fixture
def studio(tiny_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose cohort `people` has 45 different brains, on some of which `machine` was trained."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    monkeypatch.setattr(workspace, "MODELS", tmp_path / "no models")
    monkeypatch.setattr(locking, "PROBE_IMAGES", 4)  # too few to judge, and quick
    pattern = PreparedDataset.open(tiny_workspace / "cohorts" / "simulated")
    write_prepared(tmp_path / "cohorts" / "people", list(blobs(45, 1)), pattern.scans, pattern.recipe)
    machine = tmp_path / "runs" / "machine"
    machine.parent.mkdir()
    machine.symlink_to(tiny_workspace / "runs" / "tiny-vae")
    return tmp_path


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch):
    """Return a function that sets what runs draw: a function of the number of images."""

    def use(make: Any) -> None:
        monkeypatch.setattr(Run, "decode", lambda self, z: make(len(z)))

    return use


PEOPLE, MACHINE = Source(kind="cohort", name="people", n=8), Source(kind="run", name="machine", n=20)

either = pytest.mark.parametrize(
    "design", [{}, {"questions": (ONE_REAL,), "sources": (PEOPLE, replace(MACHINE, n=24))}], ids=["single", "quartets"]
)
"""Changes to a protocol: single images, or quartets of which one image is real."""


def draft(root: Path, *sources: Source, **changes: Any) -> Path:
    values = {"title": "Copies", "readers": (Reader(code="A"),), "practice": 0, "repeats_share": 0.0}
    protocol = Protocol(**{"sources": sources or (PEOPLE, MACHINE), **values, **changes})
    return lifecycle.study_folder(lifecycle.create_study(protocol, root), root)


def trained_on(root: Path) -> np.ndarray:
    """The volumes that `machine` was trained on."""
    data = PreparedDataset.open(root / "cohorts" / "people")
    return data.batch(np.flatnonzero(recognise(load_run(root / "runs" / "machine"), data).seen))[:, 0]


@either
@pytest.mark.parametrize("stimulus", ["slice", "volume"])
def test_copies_of_training_scans_are_counted_and_warned_of(studio, tmp_path, draws, stimulus, design):
    noise = np.random.default_rng(0)
    known = trained_on(studio)
    draws(lambda n: np.clip(known[np.arange(n) % len(known)] + noise.normal(0, 0.01, (n, *SHAPE)), 0, 1))
    folder = draft(tmp_path, stimulus=stimulus, **design)
    locked = lock_study(folder)
    (found,) = lifecycle.lock_checks(folder)["training"]
    assert found["checked"]
    fakes = lifecycle.load_protocol(folder).sources[1].n
    assert (found["n"], found["training_scans"]) == (fakes, len(known))
    assert found["share_copies"] == 1.0
    assert any(f"100% of the {fakes} fakes of machine look like copies" in line for line in locked.warnings)


@pytest.mark.parametrize("stimulus", ["slice", "volume"])
def test_new_brains_are_no_copies(studio, tmp_path, draws, stimulus):
    draws(lambda n: blobs(n, 7))
    folder = draft(tmp_path, stimulus=stimulus)
    lock_study(folder)
    (found,) = lifecycle.lock_checks(folder)["training"]
    assert found["checked"]
    assert not found["warned"]
    assert found["share_copies"] <= 0.05


def test_blur_alone_is_nearer_but_no_copy(studio, tmp_path, draws):
    """The mean brain is nearer to every scan than any scan is to another."""
    draws(lambda n: np.repeat(blobs(30, 7).mean(axis=0, keepdims=True), n, axis=0))
    folder = draft(tmp_path, stimulus="volume")
    lock_study(folder)
    (found,) = lifecycle.lock_checks(folder)["training"]
    assert found["share_closer"] == 1.0
    assert found["share_copies"] == 0
    assert not found["warned"]


def test_what_cannot_be_checked_is_said_with_its_reason(studio, tmp_path, draws):
    draws(lambda n: blobs(n, 7))
    folder = studio / "someone else's"
    folder.mkdir()
    for number, volume in enumerate(blobs(6, 9)):
        Volume(volume, np.diag([4.0, 4, 4, 1])).save(folder / f"{number}.nii.gz")
    fakes = Source(kind="folder", name=str(folder), n=5, label="fake")
    study = draft(tmp_path, Source(kind="cohort", name="people", n=4), fakes)
    lock_study(study)
    (found,) = lifecycle.lock_checks(study)["training"]
    assert not found["checked"]
    assert any(
        "not checked for copies of training scans: the training data behind these images" in x
        for x in lock_findings(lifecycle.lock_checks(study))
    )

    (studio / "cohorts" / "people").rename(studio / "people-elsewhere")
    other = PreparedDataset.open(studio / "people-elsewhere")
    scans = other.scans.assign(
        participant=[f"other-{n}" for n in range(45)], sha256=[f"{n:064x}" for n in range(900, 945)]
    )
    write_prepared(studio / "cohorts" / "others", list(blobs(45, 3)), scans, other.recipe)
    study = draft(tmp_path, Source(kind="cohort", name="others", n=4), Source(kind="run", name="machine", n=5))
    lock_study(study)
    (found,) = lifecycle.lock_checks(study)["training"]
    assert found["reason"] == "the scans of its training cohort (simulated) are not available"


@either
@pytest.mark.parametrize("kind", ["cohort", "folder"])
def test_training_scans_under_other_names_are_refused_as_real_cases(studio, tmp_path, draws, kind, design):
    """Neither a new name nor a new file helps a scan that some run has seen."""
    draws(lambda n: blobs(n, 7))
    known = trained_on(studio)
    if kind == "cohort":
        data = PreparedDataset.open(studio / "cohorts" / "people")
        rows = data.scans.iloc[: len(known)].assign(
            participant=[f"renamed-{n}" for n in range(len(known))],
            sha256=[f"{n + 500:064x}" for n in range(len(known))],
        )
        write_prepared(studio / "cohorts" / "renamed", list(known), rows, data.recipe)
        source = Source(kind="cohort", name="renamed", n=5)
    else:
        (studio / "renamed").mkdir()
        for number, volume in enumerate(known[:8]):
            Volume(volume, np.diag([4.0, 4, 4, 1])).save(studio / "renamed" / f"{number}.nii.gz")
        source = Source(kind="folder", name=str(studio / "renamed"), n=5, label="real")
    machine = replace(MACHINE, n=15 if design else 5)
    folder = draft(tmp_path, **design | {"sources": (source, machine)})
    with pytest.raises(InputError, match=r"renamed: 5 of its images are, voxel by voxel, scans that a run"):
        lock_study(folder)
    assert lifecycle.study_status(folder).state == "draft"


@either
def test_a_spectrum_out_of_the_ordinary_is_warned_of_and_never_refuses(studio, tmp_path, draws, monkeypatch, design):
    monkeypatch.setattr(locking, "PROBE_IMAGES", 40)
    pattern = 0.1 * (np.indices(SHAPE).sum(axis=0) % 2)
    draws(lambda n: np.clip(np.where(blobs(n, 7) > 0, blobs(n, 7) + pattern, 0), 0, 1))
    locked = lock_study(draft(tmp_path, **design), override="only the spectrum counts here")
    assert any("differ from real images in their spectrum" in line for line in locked.warnings)


def test_an_ordinary_spectrum_is_not_warned_of(studio, tmp_path, draws, monkeypatch):
    monkeypatch.setattr(locking, "PROBE_IMAGES", 40)
    seeds = itertools.count()  # few images are drawn at once, each of them another
    draws(lambda n: blobs(n, next(seeds)))
    locked = lock_study(draft(tmp_path))
    assert not any("spectrum" in line for line in locked.warnings)


def test_an_override_is_told_with_its_reason():
    probe = {"auc": 0.91, "limit": 0.6, "suspects": ["background_haze"], "real": 200, "fake": 200}
    (line,) = lock_warnings({"probe": {**probe, "passed": False, "judged": True}, "override": "a pilot"})
    assert "AUC 0.91" in line
    assert "background haze" in line
    assert "regardless, reason: a pilot" in line
    assert lock_warnings({"probe": {**probe, "auc": 0.5, "passed": True, "judged": True}}) == []
    assert lock_warnings({"probe": None}) == lock_findings({}) == []
