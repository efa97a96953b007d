"""A large pool from the lock to the report: everybody reads a share of it, and the report knows."""

from collections import Counter

import pytest

from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.allocation import Allocation
from brainlab.reading.protocol.design import Reader, Source
from brainlab.reading.record import integrity
from brainlab.reading.record.store import Store
from brainlab.reading.report.conduct import study_conduct
from brainlab.reading.report.export import answers_frame
from brainlab.reading.report.methods import methods
from brainlab.reading.report.study_report import study_report

READERS = ("A", "B", "C", "D")


@pytest.fixture
def pool(make_study):
    """Forty cases for four readers: eight anchors, of each other case two readers, so that each has 24."""
    return make_study(
        sources=(Source(kind="cohort", name="people", n=20), Source(kind="run", name="machine", n=20)),
        readers=tuple(Reader(code=code) for code in READERS),
        allocation=Allocation(anchors=8, readings=2),
        rounds=2,
    )


def _shown(folder) -> dict[tuple[str, int, str], list[str]]:
    query = (
        "SELECT reader, round, phase, stimulus FROM presentation JOIN reading ON reading.id = reading ORDER BY position"
    )
    found: dict[tuple[str, int, str], list[str]] = {}
    with Store(folder).read() as db:
        for reader, round_, phase, stimulus in db.execute(query):
            found.setdefault((reader, round_, phase), []).append(stimulus)
    return found


def test_a_lock_gives_every_reader_a_share_the_same_in_every_round(pool):
    shown = _shown(pool.folder)
    for reader in READERS:
        first, second = (shown[reader, round_, "main"] for round_ in (1, 2))
        assert len(first) == len(set(first)) == 24
        assert set(first) == set(second)
        assert first != second
        repeats = shown[reader, 1, "repeat"]
        assert len(repeats) == 2
        assert set(repeats) <= set(first)
        assert sorted(shown[reader, 1, "practice"]) == sorted(shown["A", 1, "practice"])
    readers_of = Counter(case for reader in READERS for case in shown[reader, 1, "main"])
    assert Counter(readers_of.values()) == {4: 8, 2: 32}


def test_every_reader_has_the_sources_in_the_same_parts(pool):
    for reader in READERS:
        pool.read_all(reader)
    _unblind(pool)
    frame = answers_frame(pool.folder, ("main",))
    assert set(frame.groupby(["reader", "source"]).size()) == {12}


def test_the_report_counts_each_readers_own_cases_and_says_how_they_were_shared_out(pool):
    for number, reader in enumerate(READERS):
        assert pool.read_all(reader, wrong_every=3 + number) == 2 + 24 + 2
    _unblind(pool)
    assert integrity.verify(pool.folder).ok
    report = study_report(pool.folder)
    means = report["all_readers"]["accuracy"]
    assert means["n"] == 40
    assert means["value"] == pytest.approx(sum(report["per_reader"][r]["accuracy"]["value"] for r in READERS) / 4)
    assert means["these_readers"]["low"] < means["value"] < means["these_readers"]["high"]
    assert {entry["n"] for entry in report["cohens_kappa"]} == {8, 16}
    assert report["fleiss_kappa"]["n"] == 8
    said = dict(methods(report, lifecycle.load_protocol(pool.folder), study_conduct(pool.folder)))
    assert said["Readers"][0] == (
        "A total of 4 readers read 40 cases between them, independently; each read 24 of them."
    )
    assert (
        "Cases were allocated to readers at random within sources: 8 anchor cases were read by every reader, and every "
        "other case by 2 readers, in rotating blocks." in said["Cases and how they were sampled"]
    )
    assert "split-plot" in " ".join(said["Statistical analysis"])
    assert "0 of 24 answers missing" in " ".join(said["Deviations and missing answers"])


def _unblind(study) -> None:
    lifecycle.close(study.folder)
    lifecycle.unblind(study.folder, "me")
