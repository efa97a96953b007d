"""A machine reader's result stands beside human readers only where a run of the study has one."""

import pytest

from brainlab.experiments.studies import machine_reader
from brainlab.reading.protocol.design import Protocol, Reader, Source


class FakeRun:
    def __init__(self, name: str, evaluation: dict | None) -> None:
        self.name, self._evaluation = name, evaluation

    def evaluation(self) -> dict | None:
        return self._evaluation


@pytest.fixture
def protocol() -> Protocol:
    sources = [Source(kind="cohort", name="scans", n=2)]
    sources += [Source(kind="run", name=name, n=2) for name in ("judged", "not judged", "never", "bare", "apart")]
    return Protocol(title="t", sources=tuple(sources), readers=(Reader(code="A"),), practice=0)


def test_only_measured_runs_of_the_protocol_are_returned(protocol, monkeypatch):
    runs = [
        FakeRun("judged", {"machine_reader_auc": {"value": 0.9, "low": 0.8, "high": 0.95, "n": 400}}),
        FakeRun("bare", {"machine_reader_auc": {"value": 0.7, "sd": None, "n": 300}}),
        FakeRun("not judged", {"machine_reader_auc": {"value": None, "n": 0}}),
        FakeRun("never", None),
        FakeRun("apart", {"machine_reader_auc": {"value": 1.0, "n": 400, "settings": {"no_interval": "no spread"}}}),
        FakeRun("of another study", {"machine_reader_auc": {"value": 0.6, "n": 10}}),
    ]
    monkeypatch.setattr(machine_reader, "list_runs", lambda: runs)
    found = machine_reader.machine_areas(protocol)
    assert set(found) == {"judged", "bare", "apart"}
    assert found["judged"] == {"value": 0.9, "low": 0.8, "high": 0.95, "n": 400, "reason": None}
    assert found["bare"]["reason"].startswith("no interval")
    assert found["apart"]["reason"] == "no spread"
