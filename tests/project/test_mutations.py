"""The faults that `benchmarks/mutations.py` puts into the code are still where its tables say."""

import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
TABLES = sorted((PROJECT / "benchmarks" / "mutations").glob("*.toml"))


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.stem)
def test_each_fault_is_found_once_and_its_tests_exist(table):
    faults = tomllib.loads(table.read_text())["fault"]
    assert len({fault["name"] for fault in faults}) == len(faults)
    for fault in faults:
        text = (PROJECT / fault["file"]).read_text()
        assert text.count(fault["old"]) == 1, fault["name"]
        paths = [word for word in fault["tests"].split() if word.startswith("tests/")]
        assert all((PROJECT / path.partition("::")[0]).exists() for path in paths), fault["name"]
