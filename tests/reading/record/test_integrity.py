"""Each problem of a study is one line, however many SQLite takes."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from brainlab.reading.record import integrity


@pytest.mark.parametrize("of_what", ["*** in database main ***\nOn tree page 31", '{\n "title": "x"\n' + "x" * 5000])
def test_what_sqlite_finds_is_one_line(of_what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(integrity, "_structure", lambda db: [of_what])
    monkeypatch.setattr(integrity.chain, "problems", lambda db, anchors: (_ for _ in ()).throw(ValueError(of_what)))
    monkeypatch.setattr(integrity.Store, "read", lambda store: closing(sqlite3.connect(":memory:")))
    verdict = integrity.verify(tmp_path)
    assert not verdict.ok
    assert len(verdict.problems) == 2
    assert all("\n" not in problem and len(problem) <= integrity.LONGEST_PROBLEM for problem in verdict.problems)
