"""Table 2 of the DWI paper from a study: nothing before it is unblinded, then what readers called real by source."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from brainlab.errors import InputError, StudyStateError
from brainlab.experiments.tables.papers import dwi_2
from brainlab.experiments.tables.papers.dwi_2 import TABLE
from brainlab.experiments.tables.registry import Sources
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.record.sealing import Case, seal
from brainlab.reading.room.session import ReaderSession

SOURCES = (
    Source(kind="cohort", name="people", n=10),
    Source(kind="run", name="good", n=5),
    Source(kind="run", name="poor", n=5),
)


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Make a study whose cases tell by their grey what they are: people 200, good 150, poor 50."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    protocol = Protocol(
        title="Three sources", sources=SOURCES, readers=(Reader(code="A"), Reader(code="B")), practice=0,
        repeats_share=0, rest_break_every=0, seed=3,
    )  # fmt: skip
    study = lifecycle.create_study(protocol)
    grey = {"people": 200, "good": 150, "poor": 50}
    cases = [
        Case(
            pixels=np.full((6, 6), grey[source.name] + number, np.uint8),
            voxel_size_mm=(4.0, 4.0),
            label=source.truth,
            source=source.name,
            practice=False,
            disease_class=None,
            seed=number,
        )
        for source in SOURCES
        for number in range(source.n)
    ]
    seal(lifecycle.study_folder(study), cases, {"probe": None})
    return study


def read(study, answer):
    """Let each reader answer: what is called real is decided by reader and grey; None leaves off there."""
    folder = lifecycle.study_folder(study)
    given = {}
    for link in lifecycle.issue_links(folder):
        session = ReaderSession.open(folder, link.token, "a tab of this reader")
        session.acquire_lease()
        session.record_event("welcome_done")
        session.record_event("consent_given")
        while case := session.current():
            grey = int(np.frombuffer(session.pixels(case.id)[0], np.uint8)[0])
            value = "real" if answer(link.reader, grey) else "fake"
            given[link.reader, grey] = value
            session.answer(case.id, value, confidence=4, idempotency_key=case.answer_key)
    return given


def unblind(study):
    folder = lifecycle.study_folder(study)
    lifecycle.close(folder)
    lifecycle.unblind(folder, "a test")


def rebuilt(study):
    return TABLE.build(Sources(runs=tuple, study=study))


def test_a_study_that_is_still_blind_is_refused_before_anything_is_read(study):
    read(study, lambda reader, grey: grey >= 150)
    folder = lifecycle.study_folder(study)
    for state in ("locked", "closed"):
        if state == "closed":
            lifecycle.close(folder)
        with pytest.raises(StudyStateError) as refused:
            rebuilt(study)
        assert str(refused.value) == f"--study {study}: answers are shown after unblinding only; the study is {state}"


def test_shares_are_those_of_each_reader_and_source(study):
    """A takes two of ten people and one of five good ones for fake; B takes every image but the poor for real."""
    wrong = {200, 201, 150}
    given = read(study, lambda reader, grey: grey >= 150 and not (reader == "A" and grey in wrong))
    unblind(study)
    found = rebuilt(study)
    rows = {(row["method"], row["reader"]): row for row in found.rows}
    names = tuple(dwi_2.COUNTS)
    for key, shares in {
        ("people", "A"): (0.8, 0, 0, 0.2),
        ("people", "B"): (1, 0, 0, 0),
        ("good", "A"): (0, 0.8, 0.2, 0),
        ("good", "B"): (0, 1, 0, 0),
        ("poor", "A"): (0, 0, 1, 0),
    }.items():
        assert [rows[key][name] for name in names] == pytest.approx(shares), key
    assert [rows["good", "A"]["n"], rows["people", "B"]["n"]] == [5, 10]
    assert list(dict.fromkeys(row["method"] for row in found.rows)) == ["people", "good", "poor", "all readers"]
    greys = sorted({grey for _, grey in given})
    expected = cohen_kappa_score(*([given[reader, grey] for grey in greys] for reader in "AB"))
    assert rows["all readers", "A and B"]["cohens_kappa"] == pytest.approx(expected)
    shown = TABLE.layout(found.rows).set_index("")
    assert shown.loc["True positives", "people"] == "80% / 100%"
    assert shown.loc["False positives", "good"] == "80% / 100%"
    assert shown.loc["True negatives", "poor"] == "100% / 100%"


def test_the_published_table_is_the_paper_s():
    shown = TABLE.layout(dwi_2._published()).set_index("")
    assert list(shown.columns) == ["original images", "vanilla VAE", "DFC VAE", "IntroVAE", "style-based GAN"]
    assert list(shown.loc["True positives"]) == ["94% / 100%", *["0% / 0%"] * 4]
    assert list(shown.loc["False positives"]) == ["0% / 0%", "4% / 0%", "0% / 4%", "84% / 100%", "92% / 98%"]
    assert list(shown.loc["True negatives"]) == ["0% / 0%", "96% / 100%", "100% / 96%", "16% / 0%", "8% / 2%"]
    assert list(shown.loc["False negatives"]) == ["6% / 0%", *["0% / 0%"] * 4]
    assert shown.iloc[-1, 0] == "0.84"


@pytest.mark.parametrize(("wanted", "reason"), [(None, "one with --study ID"), ("nowhere", "no such study")])
def test_without_a_study_there_is_no_table(wanted, reason, tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    with pytest.raises(InputError, match=reason):
        rebuilt(wanted)
