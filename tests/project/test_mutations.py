"""The faults that `benchmarks/mutations.py` puts into the code are still where its tables say."""

import sys
import tomllib
from pathlib import Path

import pytest

from benchmarks import mutations

PROJECT = Path(__file__).resolve().parents[2]
TABLES = sorted((PROJECT / "benchmarks" / "mutations").glob("*.toml"))


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.stem)
def test_each_fault_is_found_once_and_its_tests_exist(table):
    faults = tomllib.loads(table.read_text(encoding="utf-8"))["fault"]
    assert len({fault["name"] for fault in faults}) == len(faults)
    for fault in faults:
        text = (PROJECT / fault["file"]).read_text(encoding="utf-8")
        assert text.count(fault["old"]) == 1, fault["name"]
        paths = [word for word in fault["tests"].split() if word.startswith("tests/")]
        assert all((PROJECT / path.partition("::")[0]).exists() for path in paths), fault["name"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["latent", "--tests", "no-revision"], "--tests: needs a git revision with tests, got 'no-revision'"),
        (["latent", "latnet"], f"latnet: no such table; choose from {', '.join(table.stem for table in TABLES)}"),
        (["latent", "--only", "of no fault"], "--only: needs a part of a fault's name, got 'of no fault'"),
    ],
)
def test_what_is_not_there_is_one_line(words, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["mutations", *words])
    assert mutations.main() == 2
    told = capsys.readouterr()
    assert told.err.startswith(f"error: {said}")
    assert (told.err.count("\n"), told.out) == (1, "")
