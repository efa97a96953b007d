"""Studies of other people's files: locked only where they are made alike, without a trace of where they come from."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.reading.foreign_files import KINDS, TELLTALE, write_foreign, write_picture
from brainlab import workspace
from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError, LockRefusedError
from brainlab.experiments.studies import locking
from brainlab.experiments.studies.locking import lock_study, open_sources, preview
from brainlab.experiments.studies.ready_images import refuse_coarser_jpeg
from brainlab.reading.desk import lifecycle
from brainlab.reading.images.harmonising import as_jpeg
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.protocol.harmonisation import Harmonisation
from brainlab.reading.protocol.questions import ONE_REAL, VERDICT
from brainlab.reading.record.lock_record import lock_findings
from brainlab.reading.record.store import Store

REAL = Source(kind="cohort", name="simulated", n=10)
ALIKE = Harmonisation(size=40)
either = pytest.mark.parametrize("question", [VERDICT, ONE_REAL], ids=["single", "quartets"])


@pytest.fixture
def slices(tiny_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Axial slices [n, rows, columns] of the tiny workspace's people, as the study shows them."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tiny_workspace))
    monkeypatch.setattr(workspace, "MODELS", tmp_path / "no models")
    monkeypatch.setattr(locking, "PROBE_IMAGES", 4)  # too few to judge, and quick
    data = PreparedDataset.open(tiny_workspace / "cohorts" / "simulated")
    volumes = data.batch(data.indices())[:, 0]
    grain = np.random.default_rng(0).normal(0, 0.03, (len(volumes), 48, 40))
    cut = np.stack([data.grid.view(volume, "axial", 18 + place % 9) for place, volume in enumerate(volumes)])
    return np.clip(cut + grain * (cut > 0.1), 0, 1).astype(np.float32)


def draft(root: Path, *sources: Source, **changes: Any) -> Path:
    values = {"title": "Foreign", "readers": (Reader(code="A"),), "practice": 0, "repeats_share": 0.0, **changes}
    return lifecycle.study_folder(lifecycle.create_study(Protocol(sources=sources, **values), root), root)


def folder(path: Path, label: str = "fake", n: int = 10) -> Source:
    return Source(kind="folder", name=str(path), n=n, label=label)


def test_files_of_every_format_and_size_are_made_alike(slices, tmp_path):
    write_foreign(tmp_path / "theirs", slices[:20])
    theirs = folder(tmp_path / "theirs", n=20)
    with pytest.raises(InputError, match=r"needs intensities|all cases must look alike"):
        lock_study(draft(tmp_path / "off", REAL, theirs))
    study = draft(tmp_path, REAL, theirs, harmonisation=ALIKE)
    locked = lock_study(study)
    with Store(study).read() as db:
        rows = db.execute("SELECT shape_json, length(pixels) FROM stimulus").fetchall()
    assert {tuple(row) for row in rows} == {('{"shape": [360, 360], "voxel_size_mm": [0.1111, 0.1111]}', 360 * 360)}
    told = " ".join(locked.findings)
    for part in ("40 pixels a side", "The 10 images of simulated came in 48 x 40 pixels", "JPEG of 8 bits", "DICOM",
                 "NumPy of float64", "TIFF of floats", "with values from"):  # fmt: skip
        assert part in told
    assert "came in 192 x 160 to 307 x 256 pixels" in told
    images = preview(lifecycle.load_protocol(study), per_source=2)
    assert {image.shape for group in images.values() for image in group} == {(360, 360)}
    # What the files say of themselves must not reach a reader, who is sent what lies in study.db.
    with Store(study).read() as db:
        served = b"".join(row[0] for row in db.execute("SELECT pixels FROM stimulus"))
        shown = " ".join(str(tuple(row)) for row in db.execute("SELECT id, kind, shape_json FROM stimulus"))
    assert TELLTALE.encode() not in (study / "study.db").read_bytes()
    assert TELLTALE not in shown
    assert len(served) == 30 * 360 * 360


@either
@pytest.mark.parametrize("kind", KINDS)
def test_no_metadata_of_any_format_is_stored(slices, tmp_path, kind, question):
    for number in range(10):
        path = write_picture(tmp_path / f"{number:02d}", slices[number], kind)
    assert kind in ("npy", "nii.gz", "tif-float") or TELLTALE.encode() in path.read_bytes()
    real = replace(REAL, n=2 if question is ONE_REAL else 6)
    study = draft(tmp_path / "studies", real, folder(tmp_path, n=6), harmonisation=ALIKE, questions=(question,))
    lock_study(study)
    for stored in study.iterdir():
        assert TELLTALE.encode() not in stored.read_bytes()


def saved(path: Path, slices: np.ndarray, kind: str, quality: int = 90) -> Source:
    path.mkdir()
    for number, picture in enumerate(slices):
        write_picture(path / f"{number:03d}", picture, kind, quality)
    return folder(path, "fake", 6)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the probe have images enough."""
    monkeypatch.setattr(locking, "PROBE_IMAGES", 20)


@pytest.mark.parametrize(
    "question", [VERDICT, pytest.param(ONE_REAL, marks=pytest.mark.slow)], ids=["single", "quartets"]
)
def test_jpeg_of_one_source_is_named_and_refused_in_whatever_file_it_comes(slices, judged, tmp_path, question):
    n = 2 if question is ONE_REAL else 6
    real = Source(kind="folder", name=saved(tmp_path / "real", slices[:20], "png").name, n=n, label="real")
    jpeg = saved(tmp_path / "jpeg", slices[20:40], "jpg", 75)
    once = saved(tmp_path / "png", as_jpeg_all(slices[20:40], 75), "png")
    for fakes in (jpeg, once):
        for policy in (None, ALIKE):
            study = draft(tmp_path / "studies", real, fakes, harmonisation=policy, questions=(question,))
            with pytest.raises(
                LockRefusedError, match=r"by jpeg_blocks \(20 of 20 images of .* JPEG, as of quality 75"
            ) as e:
                lock_study(study)
            assert "reencode_jpeg" in str(e.value)
            assert lifecycle.study_status(study).state == "draft"
    again = Harmonisation(size=40, reencode_jpeg=75)
    study = draft(tmp_path / "studies", real, jpeg, harmonisation=again, questions=(question,))
    locked = lock_study(study)
    assert locked.probe.by_feature["jpeg_blocks"] == 0.5
    assert "saved as JPEG of quality 75 and read again" in " ".join(lock_findings(lifecycle.lock_checks(study)))


def test_jpeg_of_one_quality_in_all_sources_tells_nothing_and_of_two_qualities_it_does(slices, judged, tmp_path):
    real = Source(kind="folder", name=saved(tmp_path / "real", slices[:20], "jpg", 80).name, n=6, label="real")
    same = saved(tmp_path / "same", slices[20:40], "jpg", 80)
    assert lock_study(draft(tmp_path / "studies", real, same)).probe.by_feature["jpeg_blocks"] == 0.5
    other = saved(tmp_path / "other", slices[20:40], "jpg", 40)
    with pytest.raises(LockRefusedError, match=r"by jpeg_blocks.*quality 80; .*quality 40"):
        lock_study(draft(tmp_path / "studies", real, other))


def test_jpeg_that_is_too_coarse_to_be_hidden_is_refused(slices, judged, tmp_path):
    jpeg = saved(tmp_path / "jpeg", slices[20:40], "jpg", 30)
    study = draft(tmp_path / "studies", REAL, jpeg, harmonisation=Harmonisation(size=40, reencode_jpeg=80))
    with pytest.raises(InputError, match=r"JPEG of quality 30, which saving all at 80 would not hide; set 'reencode"):
        lock_study(study)


def as_jpeg_all(slices: np.ndarray, quality: int) -> np.ndarray:
    return np.stack([as_jpeg(picture, quality) for picture in slices])


def test_a_few_coarser_pictures_among_many_do_not_decide_the_quality():
    protocol = Protocol(
        title="Q", sources=(REAL,), readers=(Reader(code="A"),), harmonisation=Harmonisation(reencode_jpeg=70)
    )
    refuse_coarser_jpeg({"simulated": [None] * 5, "theirs": [20, *[75] * 19, None]}, protocol)
    with pytest.raises(InputError, match=r"theirs: .* quality 20"):
        refuse_coarser_jpeg({"theirs": [20, 20, 20, *[75] * 7]}, protocol)


def test_sources_of_several_sizes_open_where_all_are_brought_to_one(slices, tmp_path):
    """Cohorts and runs too, which are refused otherwise before anything is drawn."""
    other = tmp_path / "coarse"
    write_foreign(other, slices[:12], ("npy",))
    sources = (REAL, folder(other))
    for policy in (None, ALIKE):
        protocol = Protocol(title="S", sources=sources, readers=(Reader(code="A"),), harmonisation=policy)
        assert len(open_sources(protocol)) == 2


def test_what_cannot_be_made_alike_is_refused_by_its_file(slices, tmp_path):
    for number, picture in enumerate(slices[:10]):
        write_picture(tmp_path / f"{number:02d}", picture, "png")
    write_picture(tmp_path / "05", slices[5][::2, ::2], "png")
    with pytest.raises(
        InputError, match=r"file 05\.png, the coarsest image of the study, would .* take a size of at most 32, or"
    ):
        lock_study(draft(tmp_path / "studies", folder(tmp_path), harmonisation=ALIKE))
    write_picture(tmp_path / "05", np.full((48, 40), 0.5, np.float32), "png")
    with pytest.raises(InputError, match=r"05\.png: shows nothing"):
        lock_study(draft(tmp_path / "studies", folder(tmp_path), harmonisation=ALIKE))
