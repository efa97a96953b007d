"""Every benchmark starts as its docstring says: as a module, from the project's root, with flags that it knows."""

import contextlib
import io
import re
import runpy
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
COMMANDS = sorted(
    path for path in (PROJECT / "benchmarks").rglob("*.py") if "__main__" in path.read_text(encoding="utf-8")
)


def module_of(path: Path) -> str:
    """Return the name by which Python finds a benchmark from the project's root."""
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts)


def help_of(module: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Ask a benchmark for help, in this process, since libraries take seconds to import."""
    monkeypatch.setattr(sys, "argv", [module, "--help"])
    monkeypatch.delitem(sys.modules, module, raising=False)  # another benchmark may have imported it
    said = io.StringIO()
    with contextlib.redirect_stdout(said), pytest.raises(SystemExit) as end:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    assert not end.value.code
    return said.getvalue()


@pytest.mark.parametrize("path", COMMANDS, ids=module_of)
def test_a_benchmark_starts_as_its_docstring_says_and_knows_the_flags_named_there(path, monkeypatch):
    helped = help_of(module_of(path), monkeypatch)
    assert helped.startswith("usage: ")
    command = re.search(
        rf"(.*)python -m {module_of(path)}((?:.*\\\n)*.*(?:\n +\[.*)*)", path.read_text(encoding="utf-8")
    )
    assert command, "the docstring says how to start it"
    assert "PYTHONPATH" not in command[1]
    flags = set(re.findall(r"(?<!\S)\[?(--[a-z-]+)", command[2]))
    assert flags <= set(re.findall(r"--[a-z-]+", helped))
