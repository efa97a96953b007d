"""Quartets and rankings from the lock to the report: what was meant is found again wherever it was shown."""

from dataclasses import replace

import numpy as np
import pytest

from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.protocol.questions import ONE_FAKE, ONE_REAL, RANKING, Question
from brainlab.reading.record import integrity
from brainlab.reading.record.grouping import group_cases
from brainlab.reading.record.sealing import Case, seal
from brainlab.reading.report.export import answers_frame
from brainlab.reading.report.html_file import report_html
from brainlab.reading.report.study_report import study_report
from brainlab.reading.room.session import ReaderSession

LEVELS = {"people": 220, "stylegan": 140, "vae": 60}
SOURCES = tuple(LEVELS)


@pytest.fixture
def read(tmp_path):
    """Return a function that locks a study, reads it as a reader who ranks by brightness, and unblinds it."""

    def make(question: Question, numbers: tuple[int, ...], **changes) -> tuple[object, list[str]]:
        kinds = ("cohort", "run", "run")
        sources = [Source(kind=kind, name=name, n=n) for kind, name, n in zip(kinds, SOURCES, numbers, strict=False)]
        values = {"practice": 0, "repeats_share": 0.5, "confidence": False, "rest_break_every": 0, **changes}
        readers = (Reader(code="A"), Reader(code="B"), Reader(code="C"))
        protocol = Protocol(title="t", sources=tuple(sources), readers=readers, questions=(question,), **values)
        random = np.random.default_rng(0)
        cases = [
            Case(random.integers(LEVELS[s.name] - 20, LEVELS[s.name], (6, 5), dtype=np.uint8), (1, 1), s.truth, s.name)
            for s in sources
            for _ in range(s.n)
        ]
        if protocol.practice:
            one_each = [next(case for case in cases if case.source == s.name) for s in sources]
            drills = [case for case in one_each for _ in range(1 if case.label == "real" else len(question.places) - 1)]
            cases += [replace(case, practice=True) for case in drills]
        folder = lifecycle.study_folder(lifecycle.create_study(protocol, tmp_path), tmp_path)
        seal(folder, group_cases(cases, question, random), {})
        told = []
        for link in lifecycle.issue_links(folder):
            session = ReaderSession.open(folder, link.token, "a tab that reads on")
            session.acquire_lease()
            for event in ("welcome_done", "consent_given"):
                session.record_event(event)
            while case := session.current():
                pixels, shape = session.pixels(case.id)
                order = np.argsort(-np.frombuffer(pixels, np.uint8).reshape(shape).mean(axis=(1, 2))) + 1
                best = order[0] if question.wanted == "real" else order[-1]
                value = ",".join(map(str, order)) if question.kind == "ranking" else str(best)
                said = session.answer(case.id, value, idempotency_key=case.answer_key).feedback
                told += [(said, best)] if said else []
        assert integrity.verify(folder).ok
        lifecycle.close(folder)
        lifecycle.unblind(folder, "tester")
        return folder, told

    return make


@pytest.mark.parametrize(("question", "numbers"), [(ONE_REAL, (8, 12, 12)), (ONE_FAKE, (24, 4, 4))])
def test_a_perfect_reader_of_quartets_is_always_right(read, question, numbers):
    folder, _ = read(question, numbers)
    frame = answers_frame(folder)
    assert (frame["answer"] == frame["truth"]).all()
    assert frame["answer_shown"].nunique() == 4
    report = study_report(folder)
    wanted = question.wanted
    assert report["summary"][0].startswith(f"A found the {wanted} image in 100%")
    assert "of 8 cases of 4 images (chance: 25%; exact p < .001)." in report["summary"][0]
    assert any(line.startswith("Fleiss' kappa of the chosen image was 1.00") for line in report["summary"])
    assert report["intra_reader"][0]["value"] == 1
    words = " ".join(report["methods"])
    one, others = ("real", "3 generated images") if wanted == "real" else ("generated", "3 real images")
    assert f"4 at a time, one {one} image among {others}" in words
    assert "chance (1/4) by an exact binomial test" in words
    assert "balanced accuracy" not in words
    assert "found the" in report_html(report)


def test_practice_tells_which_place_on_the_screen_was_real(read):
    _, told = read(ONE_REAL, (2, 6), practice=1, practice_feedback=True)
    assert [said for said, _ in told] == [f"Image {best} was real." for _, best in told]
    assert len(told) == 3


def test_a_ranking_is_of_sources_wherever_they_stood(read):
    folder, _ = read(replace(RANKING, images=3), (8, 8, 8))
    report = study_report(folder)
    assert report["summary"][0].startswith("A, mean rank of 8 cases (1: most real): people 1.00")
    ranks = {
        row["source"]: row["value"]
        for row in report["further"][0]["rows"]
        if (row["figure"], row["reader"]) == ("mean rank (1: most real)", "B")
    }
    assert ranks == {"people": 1, "stylegan": 2, "vae": 3}
    assert report["per_reader"]["A"]["accuracy"]["value"] == 1, "of the image that was ranked first"
    assert "mean rank correlation of a case 1.00" in " ".join(report["summary"])
    assert set(answers_frame(folder)["source"]) == {"all sources"}
