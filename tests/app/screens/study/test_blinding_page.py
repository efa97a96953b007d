"""The page on blinding names every leak, and tests that exist."""

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[4]


def test_each_leak_names_tests_that_exist():
    text = (PROJECT / "docs" / "blinding.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) [^\n]*$", text, re.M)
    assert [int(number) for number in rows] == list(range(1, 23))
    written = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "tests").rglob("test_*.py"))
    for line in re.findall(r"^\| \d+ [^\n]*$", text, re.M):
        named = re.findall(r"`(test_\w+)`", line)
        assert named, line
        assert not [name for name in named if f"def {name}(" not in written], line
