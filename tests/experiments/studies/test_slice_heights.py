"""An attack on images side by side: the one whose slice lies apart from the others' is the one that is looked for."""

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from brainlab.experiments.studies import locking
from brainlab.experiments.studies.locking import lock_study
from brainlab.images.volume import Volume
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.protocol.harmonisation import Harmonisation
from brainlab.reading.protocol.questions import ONE_FAKE, ONE_REAL, RANKING, Question
from brainlab.reading.record.store import Store

READER = Reader(code="A")


def slices_of(root: Path, question: Question, *sources: Source, **changes: object) -> list[tuple[str, str, list[int]]]:
    """Lock a study and return of each case the label, the source and the slice at each sealed place."""
    values = {"title": "Heights", "readers": (READER,), "practice": 2, "magnification": 1, "slice_range": (0.2, 0.8)}
    protocol = Protocol(sources=sources, questions=(question,), **{**values, **changes})
    folder = lifecycle.study_folder(lifecycle.create_study(protocol, root), root)
    lock_study(folder)
    rows = sqlite3.connect(Store(folder).truth_path).execute("SELECT label, source, detail_json FROM truth")
    return [(*known, [image["slice"] for image in json.loads(detail)["images"]]) for *known, detail in rows]


def believed(slices: list[int], lot: np.random.Generator) -> int:
    """The place whose slice is farthest from the median of the others, of several the one that a coin says."""
    apart = [abs(own - np.median(np.delete(slices, place))) for place, own in enumerate(slices)]
    return int(np.argmax(apart + lot.uniform(0, 1e-6, len(apart))))


@pytest.mark.parametrize(
    ("question", "real", "fakes"),
    [(ONE_REAL, 10, (30,)), (ONE_REAL, 12, (18, 18)), (ONE_FAKE, 60, (20,))],
    ids=["one real", "two runs", "one fake"],
)
def test_the_image_whose_slice_is_its_own_is_any_of_them(root, tiny_workspace, question, real, fakes):
    """There are 21 held-out scans, so that 60 real images are of few people. Dealt to each source by itself, slices
    would tell 43 of 100 cases, where 25 is chance."""
    runs = [Source(kind="run", name=name, n=n) for name, n in zip(("tiny-vae", "tiny-ivae"), fakes, strict=False)]
    lot, right = np.random.default_rng(0), []
    for number in range(3):
        cases = slices_of(root / str(number), question, Source(kind="cohort", name="simulated", n=real), *runs)
        assert [slices for *_, slices in cases if len(set(slices)) > 1] == []
        right += [believed(slices, lot) == int(label) - 1 for label, _, slices in cases]
    assert np.mean(right) < 0.25 + 3 * np.sqrt(0.25 * 0.75 / len(right))


def test_a_ranking_shows_all_sources_at_one_height_and_cases_are_spread_evenly(root):
    sources = (Source(kind="cohort", name="simulated", n=12), Source(kind="run", name="tiny-vae", n=12))
    cases = slices_of(root, RANKING, *sources, practice=0)
    assert all(len(set(slices)) == 1 for *_, slices in cases)
    heights = sorted(slices[0] for *_, slices in cases)
    assert np.ptp(np.diff(heights)) <= 1
    assert heights[-1] - heights[0] > 20


def test_volumes_of_a_folder_are_cut_at_the_height_of_their_case(root, tmp_path):
    """Also where they are of another depth, which the images of a case cannot show by their numbers."""
    sources = [Source(kind="cohort", name="simulated", n=5)]
    for depth, n in ((40, 9), (80, 6)):
        folder = tmp_path / f"depth {depth}"
        folder.mkdir()
        for number in range(n + 3):
            image = np.random.default_rng(number).uniform(0.3, 1, (40, 48, depth)).astype(np.float32)
            Volume(image, np.diag([4.0, 4, 160 / depth, 1])).save(folder / f"{number}.nii.gz")
        sources.append(Source(kind="folder", name=str(folder), n=n, label="fake"))
    cases = slices_of(root, ONE_REAL, *sources, practice=1, harmonisation=Harmonisation(size=40))
    assert len(cases) == 6
    for label, source, slices in cases:
        real = slices.pop(int(label) - 1)
        (fake,) = set(slices)
        assert abs(real / 39 - fake / (int(source.split()[-1]) - 1)) < 1 / 39


def test_scans_that_were_drawn_anew_stay_at_the_height_of_their_case(root, monkeypatch):
    """A second study draws other scans than the first shows, and its fakes only once."""
    monkeypatch.setattr(locking, "new_salt", lambda: b"s" * 32)
    sources = (Source(kind="cohort", name="simulated", n=10), Source(kind="run", name="tiny-vae", n=30))
    for _ in range(2):
        cases = slices_of(root, ONE_REAL, *sources)
        assert all(len(set(slices)) == 1 for *_, slices in cases)
