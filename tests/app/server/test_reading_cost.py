"""What an act of a reader costs the database: one connection, one transaction, few statements."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.record.sealing import Case, seal

MOST_STATEMENTS = 28
"""An answer took 89 when every look at the database was one of its own, over three connections."""


class Counter:
    """Every connection that is opened, and every statement that it executes, triggers' own left out."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.files: list[str] = []
        self.statements: list[str] = []
        self._connect = sqlite3.connect
        monkeypatch.setattr(sqlite3, "connect", self.connect)

    def connect(self, path: Any, *values: Any, **more: Any) -> sqlite3.Connection:
        db = self._connect(path, *values, **more)
        self.files.append(str(path))
        db.set_trace_callback(self.executed)
        return db

    def executed(self, statement: str) -> None:
        if not statement.startswith("--"):
            self.statements.append(statement)

    def reset(self) -> None:
        self.files.clear()
        self.statements.clear()


@pytest.fixture
def reader(client, tmp_path, monkeypatch):
    """Return a function that does an act of the only reader of a study of 60 cases over the routes."""
    monkeypatch.setattr("brainlab.reading.desk.lifecycle.studies_folder", lambda: tmp_path / "studies")
    protocol = Protocol(
        title="Costs",
        sources=(Source(kind="cohort", name="people", n=30), Source(kind="run", name="machine", n=30)),
        readers=(Reader(code="R1"),),
        practice=0,
    )
    folder = lifecycle.study_folder(lifecycle.create_study(protocol))
    cases = [
        Case(np.full((4, 4), place, np.uint8), (1.0, 1.0), source.truth, source.name)
        for source in protocol.sources
        for place in range(source.n)
    ]
    seal(folder, cases, {})
    link = {"study": folder.name, "token": lifecycle.issue_links(folder)[0].token, "tab": "0123456789abcdef"}

    def act(name: str, **body: Any) -> dict[str, Any]:
        reply = client.post(f"/brainlab/reading/{name}", json.dumps({**link, **body}).encode())
        assert reply.status_code == 200, reply.content
        return json.loads(reply.content)

    act("enter")
    act("event", kind="welcome_done")
    return act


def _answer(act, view):
    case = view["current"]
    return act("answer", presentation=case["id"], key=case["answer_key"], value="real", confidence=3, active_ms=900)


def test_an_answer_is_one_connection_one_transaction_and_few_statements(reader, monkeypatch):
    view = _answer(reader, reader("event", kind="consent_given"))
    counter = Counter(monkeypatch)
    for _ in range(3):
        counter.reset()
        view = _answer(reader, view)
        assert [Path(file).name for file in counter.files] == ["study.db?mode=rw"], "nor is truth.db opened"
        assert counter.statements.count("BEGIN IMMEDIATE") == counter.statements.count("COMMIT") == 1
        assert counter.statements[-1] == "COMMIT", "the reply was read in the transaction that wrote, and waits for it"
        assert "PRAGMA synchronous = FULL" in counter.statements
        assert sum("reader.token_hash = '" in statement for statement in counter.statements) >= 1, "the link is checked"
        assert len(counter.statements) <= MOST_STATEMENTS, "\n".join(counter.statements)
    assert view["progress"]["done"] == 4


@pytest.mark.parametrize(
    ("act", "body"), [("enter", {"alive": True}), ("event", {"kind": "paused"}), ("undo", {}), ("enter", {})]
)
def test_every_other_act_is_one_connection_too(reader, monkeypatch, act, body):
    _answer(reader, reader("event", kind="consent_given"))
    counter = Counter(monkeypatch)
    reader(act, **body)
    assert len(counter.files) == 1
    assert counter.statements.count("BEGIN IMMEDIATE") == counter.statements.count("COMMIT") == 1
    assert len(counter.statements) <= MOST_STATEMENTS, "\n".join(counter.statements)


def test_the_cost_of_an_answer_does_not_grow_with_the_answers_given(reader, monkeypatch):
    view = reader("event", kind="consent_given")
    counter = Counter(monkeypatch)
    costs = []
    while view["state"] != "done":
        if view["state"] == "break":
            view = reader("event", kind="break_done")
        counter.reset()
        view = _answer(reader, view)
        costs.append(len(counter.statements))
    assert len(costs) == 66
    assert max(costs) <= MOST_STATEMENTS
