"""Studies whose sources are slices themselves: locked, read, and refused where planes do not agree."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brainlab import workspace
from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.errors import InputError
from brainlab.experiments.studies import locking
from brainlab.experiments.studies.lock_checks import _as_seen
from brainlab.experiments.studies.locking import lock_study, open_sources
from brainlab.images.grid import Grid
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.protocol.questions import ONE_REAL, VERDICT
from brainlab.reading.report.export import sealed_truth
from brainlab.reading.room.session import ReaderSession
from brainlab.runs.provenance import recognise
from brainlab.runs.run import Run, load_run

RUN = Source(kind="run", name="slice-vae", n=8)


@pytest.fixture
def studio(slice_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace of slices, whose run draws what is left of held-out slices after some noise."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(slice_workspace))
    monkeypatch.setattr(workspace, "MODELS", tmp_path / "no models")
    monkeypatch.setattr(locking, "PROBE_IMAGES", 4)  # too few to judge, and quick
    slices = PreparedDataset.open(slice_workspace / "cohorts" / "axial")

    def decode(self: Run, z: np.ndarray) -> np.ndarray:
        random = np.random.default_rng(0)
        images = slices.batch(slices.indices("test")[np.arange(len(z)) % len(slices.indices("test"))])[:, 0]
        return np.clip(images + random.normal(0, 0.05, images.shape).astype(np.float32), 0, 1)

    monkeypatch.setattr(Run, "decode", decode)
    return slice_workspace


def protocol(*sources: Source, **changes: Any) -> Protocol:
    values = {"title": "Slices", "readers": (Reader(code="A"),), "practice": 0, "repeats_share": 0.0}
    return Protocol(sources=sources, **{**values, **changes})


def draft(root: Path, *sources: Source, **changes: Any) -> Path:
    return lifecycle.study_folder(lifecycle.create_study(protocol(*sources, **changes), root), root)


@pytest.mark.parametrize(("question", "fakes", "cases"), [(VERDICT, 8, 16), (ONE_REAL, 24, 8)])
def test_a_study_of_slices_is_locked_and_read(studio, tmp_path, question, fakes, cases):
    sources = (Source(kind="cohort", name="axial", n=8), replace(RUN, n=fakes))
    folder = draft(tmp_path, *sources, questions=(question,))
    assert lock_study(folder).cases == cases
    (found,) = lifecycle.lock_checks(folder)["training"]
    assert found["checked"]
    assert found["n"] == fakes
    (link,) = lifecycle.issue_links(folder)
    session = ReaderSession.open(folder, link.token, "first tab of the day")
    session.acquire_lease()
    for event in ("welcome_done", "consent_given"):
        session.record_event(event)
    while case := session.current():
        pixels, shape = session.pixels(case.id)
        assert shape[-2:] == (8 * 48, 8 * 40)  # upright, enlarged
        for image in np.frombuffer(pixels, np.uint8).reshape(-1, *shape[-2:]):
            top, bottom = np.split(image, 2)
            assert top.any()
            assert bottom.any()
        session.answer(case.id, question.values[0], confidence=3, idempotency_key=case.answer_key)
    assert session.state == "done"
    lifecycle.close(folder)
    lifecycle.unblind(folder, "me")
    assert len(sealed_truth(folder)) == cases


@pytest.mark.parametrize(
    ("sources", "changes", "message"),
    [
        (
            (RUN,),
            {"plane": "coronal"},
            "run slice-vae: needs coronal slices, got axial slices .* set 'plane' to 'axial'",
        ),
        (
            (Source(kind="cohort", name="sagittal", n=2),),
            {},
            "cohort sagittal: needs axial slices, got sagittal slices",
        ),
        ((RUN,), {"stimulus": "volume"}, "needs volumes, got axial slices .* set 'stimulus' to 'slice'"),
    ],
)
def test_sources_that_do_not_show_the_plane_of_the_study_are_refused(studio, sources, changes, message):
    with pytest.raises(InputError, match=message):
        open_sources(protocol(*sources, **changes))


@pytest.mark.parametrize("question", [VERDICT, ONE_REAL], ids=["single", "quartets"])
def test_sources_of_another_size_are_refused_before_anything_is_drawn(studio, tmp_path, question):
    slices = PreparedDataset.open(studio / "cohorts" / "axial")
    images = np.pad(slices.batch(np.arange(4))[:, 0], ((0, 0), (4, 4), (0, 0)))
    larger = Source(kind="cohort", name=str(tmp_path / "larger"), n=2)
    write_prepared(Path(larger.name), images, slices.scans[:4], slices.recipe | {"shape": list(images.shape[1:])})
    with pytest.raises(InputError, match=r"got axial slices of 48 x 48 pixels .* and axial slices of 40 x 48 pixels"):
        open_sources(protocol(larger, replace(RUN, n=6), questions=(question,)))


def test_training_slices_cut_from_volumes_under_other_names_are_refused_as_real_cases(studio, tmp_path, monkeypatch):
    own = tmp_path / "own"
    own.mkdir()
    for name in ("cohorts", "runs"):
        shutil.copytree(studio / name, own / name)
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(own))
    volumes = PreparedDataset.open(studio / "volumes")
    known = recognise(load_run(own / "runs" / "slice-vae"), PreparedDataset.open(own / "cohorts" / "axial")).seen
    rows = np.flatnonzero(known)[:6]
    scans = volumes.scans.iloc[rows].assign(
        participant=[f"renamed-{n}" for n in rows], sha256=[f"{n + 500:064x}" for n in rows], split="test"
    )
    write_prepared(own / "cohorts" / "renamed", volumes.batch(rows)[:, 0], scans, volumes.recipe)
    middle = volumes.grid.middle("axial") / (volumes.grid.depth("axial") - 1)
    real = Source(kind="cohort", name="renamed", n=4)
    folder = draft(tmp_path, real, RUN, slice_range=(middle, middle))
    with pytest.raises(InputError, match="renamed: 4 of its images are, voxel by voxel, scans that a run was"):
        lock_study(folder)


def test_fakes_of_slices_are_compared_with_slices_cut_from_the_training_volumes(studio):
    """A run of slices may have been trained on volumes, of which it saw several slices each."""
    volumes = PreparedDataset.open(studio / "volumes")
    run = load_run(studio / "runs" / "slice-vae")
    seen = run.see(volumes)
    assert seen.grid.fits(Grid((40, 48), volumes.affine, "axial"))
    rows = np.array([0, 2])
    dataset, chosen = _as_seen(run, volumes, rows)
    each = len(seen) // len(volumes)
    assert len(dataset) == len(seen)
    assert len(chosen) == 2 * each
    assert set(dataset.scans["participant"].iloc[chosen]) == set(volumes.scans["participant"].iloc[rows])
