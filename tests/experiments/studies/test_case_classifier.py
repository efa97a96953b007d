"""The network that reads a study's cases has seen none of them, and nothing else of their people."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image

from brainlab import workspace
from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError, StudyStateError
from brainlab.experiments.studies import case_classifier, locking
from brainlab.experiments.studies.case_classifier import Images, coarse, cross_fitted, read_by_classifier
from brainlab.experiments.studies.locking import lock_study
from brainlab.images.pictures import enlarged
from brainlab.measures.accuracy import roc_area
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.report.export import sealed_cases
from brainlab.runs.run import Run


class Network:
    """Notes what it learnt from; its log odds are brightness on a scale of its own."""

    made: ClassVar[list["Network"]] = []

    def __init__(self, seed: int) -> None:
        self.scale = 1.0 + len(Network.made)
        self.judged: list[np.ndarray] = []
        Network.made.append(self)

    def fit(self, images: np.ndarray, labels: np.ndarray) -> "Network":
        self.learnt = images
        return self

    def decision_function(self, images: np.ndarray) -> np.ndarray:
        self.judged.append(images)
        return 100.0 * self.scale + self.scale * images[:, 1, 0].astype(float)


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> list[Network]:
    Network.made = []
    monkeypatch.setattr(case_classifier, "ImageClassifier", Network)
    return Network.made


def images(owners: list[int], real: list[bool], seed: int = 0) -> Images:
    """Images that bear their owner's number in the first pixel and their brightness in the third."""
    random = np.random.default_rng(seed)
    levels = np.zeros((len(owners), 2, 2), np.uint8)
    levels[:, 0, 0] = owners
    levels[:, 1, 0] = 50 + 60 * np.array(real) + random.integers(0, 30, len(owners))
    return Images(levels, np.array(real), tuple(f"person {owner}" for owner in owners))


def test_no_network_sees_an_owner_whose_case_it_scores(networks):
    people = [number % 12 for number in range(60)]
    learnt = images([*people, *range(100, 160)], [True] * 60 + [False] * 60)
    shown = images([*range(12), *range(200, 210)], [True] * 12 + [False] * 10, seed=1)
    scores = cross_fitted(learnt, shown, seed=3)
    assert np.isfinite(scores).all()
    judged = 0
    for network in networks:
        unseen, cases = network.judged
        for seen in (unseen, cases):
            assert not set(network.learnt[:, 0, 0]) & set(seen[:, 0, 0])
        judged += len(cases)
    assert judged == 22
    assert scores == pytest.approx(cross_fitted(learnt, shown, seed=3))


def test_scores_of_networks_with_scales_of_their_own_compare(networks):
    learnt = images([*range(50), *range(100, 150)], [True] * 50 + [False] * 50)
    shown = images([*range(150, 180), *range(200, 230)], [True] * 30 + [False] * 30, seed=1)
    scores = cross_fitted(learnt, shown, seed=0)
    assert roc_area(scores[:30], scores[30:]).value == 1
    assert scores[:30].mean() > 1 > -1 > scores[30:].mean()


def test_enlargement_is_undone_and_left_and_right_come_first():
    small = np.arange(12, dtype=np.uint8).reshape(3, 4)
    large = np.asarray(enlarged(small, 3, Image.Resampling.NEAREST))
    assert np.array_equal(coarse(large, 3), small.T)
    assert np.array_equal(coarse(np.zeros((4, 5, 6), np.uint8), 1), np.zeros((4, 5, 6)))


@pytest.fixture
def studio(tiny_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny workspace, whose run draws brains that are darker than real ones."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tiny_workspace))
    monkeypatch.setattr(workspace, "MODELS", tmp_path / "no models")
    monkeypatch.setattr(locking, "PROBE_IMAGES", 4)  # too few to judge, and quick
    monkeypatch.setattr(case_classifier, "MOST", 60)
    monkeypatch.setattr(case_classifier, "LEAST", 40)
    brains = PreparedDataset.open(tiny_workspace / "cohorts" / "simulated")

    def decode(self: Run, z: np.ndarray) -> np.ndarray:
        random = np.random.default_rng([int(value) for value in np.ravel(z).view(np.uint32)])
        return brains.batch(random.integers(len(brains), size=len(z)))[:, 0] * np.float32(0.6)

    monkeypatch.setattr(Run, "decode", decode)
    return tmp_path


def study(root: Path, **changes: Any) -> Path:
    """Lock, close and unblind a study that nobody read."""
    values = {
        "title": "Read by a network",
        "sources": (Source(kind="cohort", name="simulated", n=10), Source(kind="run", name="tiny-vae", n=10)),
        "readers": (Reader(code="A"),),
        "practice": 2,
        "seed": 1,
    }
    folder = lifecycle.study_folder(lifecycle.create_study(Protocol(**{**values, **changes}), root), root)
    lock_study(folder, override="a test")
    return folder


def unblinded(folder: Path) -> Path:
    lifecycle.close(folder)
    lifecycle.unblind(folder, "a test")
    return folder


def test_every_case_of_an_unblinded_study_gets_a_score_and_the_same_again(studio):
    folder = study(studio)
    with pytest.raises(StudyStateError, match="after unblinding only"):
        read_by_classifier(folder)
    unblinded(folder)
    reading = read_by_classifier(folder)
    cases = sealed_cases(folder)
    assert set(reading.machine.scores) == {case.stimulus for case in cases}
    assert len(cases) == 20
    scores = [reading.machine.of([c.stimulus for c in cases if c.label == label]) for label in ("real", "fake")]
    assert roc_area(*scores).value > 0.9
    assert (reading.real, reading.generated) == (60, 60)
    assert reading.people > 5
    assert read_by_classifier(folder).machine == reading.machine


def test_people_of_the_cases_are_known_again_by_their_scans(studio, networks, monkeypatch):
    folder = unblinded(study(studio))
    seen: list[tuple[Images, Images]] = []

    def noted(learnt: Images, shown: Images, *_: Any) -> np.ndarray:
        seen.append((learnt, shown))
        return np.zeros(len(shown.owners))

    monkeypatch.setattr(case_classifier, "cross_fitted", noted)
    read_by_classifier(folder)
    ((learnt, shown),) = seen
    people = {owner for owner, real in zip(shown.owners, shown.real, strict=True) if real}
    assert all(owner.startswith("person ") for owner in people)
    assert people & set(learnt.owners), "people of the study's cases have other images to learn from"
    fakes = [owner for owner, real in zip(shown.owners, shown.real, strict=True) if not real]
    assert len(set(fakes)) == 10
    assert not set(fakes) & set(learnt.owners)


def test_a_cohort_that_is_no_longer_what_was_shown_is_refused(studio, monkeypatch):
    folder = unblinded(study(studio))
    batch = PreparedDataset.batch
    monkeypatch.setattr(PreparedDataset, "batch", lambda self, rows: batch(self, (rows + 1) % len(self)))
    with pytest.raises(InputError, match="needs the scans that readers saw, got others in their place"):
        read_by_classifier(folder)


def test_too_little_to_learn_from_is_one_line(studio, monkeypatch):
    folder = unblinded(study(studio))
    monkeypatch.setattr(case_classifier, "LEAST", 100)
    with pytest.raises(InputError, match="needs 100 real images of the sources to learn from, got 60"):
        read_by_classifier(folder)


def test_a_file_is_a_person_of_its_own(studio, tmp_path, networks, monkeypatch):
    made = tmp_path / "made"
    made.mkdir()
    brains = PreparedDataset.open(workspace.workspace() / "cohorts" / "simulated")
    for number in range(60):
        image = brains.grid.view(brains.batch(np.array([number % len(brains)]))[0, 0], "axial", 15 + number // 10)
        Image.fromarray(np.rint(image * 150 + number).clip(0, 255).astype(np.uint8)).save(made / f"{number}.png")
    sources = (Source(kind="cohort", name="simulated", n=4), Source(kind="folder", name=str(made), n=8, label="fake"))
    folder = unblinded(study(studio, sources=sources))
    kept = []
    monkeypatch.setattr(
        case_classifier, "cross_fitted", lambda learnt, shown, *_: kept.append((learnt, shown)) or np.zeros(12)
    )
    read_by_classifier(folder)
    ((learnt, shown),) = kept
    files = {owner for owner in shown.owners if ": file " in owner}
    assert len(files) == 8
    assert files <= set(learnt.owners)
