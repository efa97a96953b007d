"""Every benchmark starts as its docstring says: from the project's root, by its file name, with flags that it knows."""

import contextlib
import io
import re
import runpy
import sys
from pathlib import Path
from types import ModuleType

import pytest

PROJECT = Path(__file__).resolve().parent.parent
COMMANDS = sorted(path for path in (PROJECT / "benchmarks").glob("*.py") if "__main__" in path.read_text())
OWN = {"app", *(path.stem for path in (PROJECT / "benchmarks").glob("*.py"))}
"""Modules that no installation has."""


def help_of(path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Ask a benchmark for help where the project's root is not among the places of modules, as `python FILE` has it.

    In this process, since libraries take seconds to import.
    """
    known = _take_out()
    elsewhere = [place for place in sys.path if Path(place or ".").resolve() not in (PROJECT, path.parent)]
    monkeypatch.setattr(sys, "path", [str(path.parent), *elsewhere])
    monkeypatch.setattr(sys, "argv", [str(path), "--help"])
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), pytest.raises(SystemExit) as end:
            runpy.run_path(str(path), run_name="__main__")
    finally:
        _take_out()
        sys.modules.update(known)
    assert not end.value.code
    return said.getvalue()


def _take_out() -> dict[str, ModuleType]:
    """Forget the modules that are the project's own and not installed; returns them."""
    names = [name for name in sys.modules if name.partition(".")[0] in OWN]
    return {name: sys.modules.pop(name) for name in names}


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
def test_a_benchmark_starts_as_its_docstring_says_and_knows_the_flags_named_there(path, monkeypatch):
    helped = help_of(path, monkeypatch)
    assert helped.startswith("usage: ")
    command = re.search(rf"(.*)python benchmarks/{path.name}((?:.*\\\n)*.*(?:\n +\[.*)*)", path.read_text())
    assert command, "the docstring says how to start it"
    assert "PYTHONPATH" not in command[1]
    flags = set(re.findall(r"(?<!\S)\[?(--[a-z-]+)", command[2]))
    assert flags <= set(re.findall(r"--[a-z-]+", helped))
