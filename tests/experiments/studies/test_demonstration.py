"""The study that visitors see: finished, said to be read by scripts, made once."""

import pytest

from brainlab.experiments.studies import demonstration as shown
from brainlab.experiments.studies import locking
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import TRIAL_TITLE, Protocol, Reader, Source
from brainlab.reading.record import integrity
from brainlab.reading.report.export import answers_frame
from brainlab.reading.report.study_report import study_report

DESIGN = Protocol(
    title="t",
    sources=(Source(kind="cohort", name="simulated", n=10), Source(kind="run", name="tiny-vae", n=10)),
    readers=(Reader(code="R1"),),
    seed=5,
)


@pytest.fixture
def workspace(tiny_workspace, tmp_path, monkeypatch):
    """The tiny workspace, with studies of its own; the probe looks at few images."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tiny_workspace))
    monkeypatch.setattr(lifecycle, "studies_folder", lambda: tmp_path)
    monkeypatch.setattr(locking, "PROBE_IMAGES", 4)
    monkeypatch.setattr(shown, "CASES", 12)


def test_a_visitor_finds_a_finished_study_that_says_who_read_it(workspace):
    folder = shown.demonstration(DESIGN)
    status = lifecycle.study_status(folder)
    assert (status.state, integrity.verify(folder).ok) == ("unblinded", True)
    assert "scripts, not by people" in status.title
    frame = answers_frame(folder)
    assert len(frame[frame["phase"] == "main"]) == 3 * 12
    assert set(frame["answer"]) == {"real", "fake"}
    assert frame["confidence"].between(1, 5).all()
    report = study_report(folder)
    assert report["title"] == status.title
    assert set(report["per_reader"]) == {"Script-1", "Script-2", "Script-3"}
    assert lifecycle.history(folder)[-1]["actor"] == "the demonstration itself"
    assert shown.demonstration(DESIGN) == folder, "it is made once"


def test_ten_cases_are_ready_to_be_read(workspace):
    study, link = shown.trial(DESIGN, "http://here")
    status = lifecycle.study_status(lifecycle.study_folder(study))
    assert (status.title, status.state) == (TRIAL_TITLE, "locked")
    assert [(reader.reader, reader.total) for reader in status.readers] == [("You", 10)]
    assert link.url.startswith(f"http://here/reading-room?study={study}&")


@pytest.mark.parametrize("make", [shown.demonstration, lambda design: shown.trial(design, "http://here")])
def test_what_is_interrupted_leaves_nothing(workspace, tmp_path, monkeypatch, make):
    """As by a visitor who clicks elsewhere, which stops the page's script wherever it is."""

    class Stopped(BaseException):
        pass

    def stop(*_, **__):
        assert lifecycle.list_studies() == [], "nobody sees a study that is not finished"
        raise Stopped

    monkeypatch.setattr(lifecycle, "issue_links", stop)
    with pytest.raises(Stopped):
        make(DESIGN)
    assert list(tmp_path.iterdir()) == []


def test_cases_are_dealt_half_and_half_whatever_the_number_of_sources():
    sources = (Source(kind="cohort", name="a", n=1), *(Source(kind="run", name=f"r{k}", n=1) for k in range(3)))
    design = Protocol(title="t", sources=sources, readers=(Reader(code="R1"),))
    assert [source.n for source in shown.resized(design, 60).sources] == [30, 10, 10, 10]
    assert sum(source.n for source in shown.resized(design, 10).sources) == 10
    assert shown.resized(design, 10).sources[0].n == 5
