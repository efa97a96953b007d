"""Help, and what is asked of a study while it is read, start at once: they import no library that takes long."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from brainlab.cli import COMMANDS
from brainlab.cli.study import STEPS
from brainlab.reading.desk.lifecycle import create_study, issue_links, study_folder
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.record.sealing import Case, seal

HEAVY = (
    *("torch", "monai", "pandas", "sklearn", "matplotlib", "nilearn", "statsmodels", "streamlit", "rich"),
    *("torch._dynamo", "sympy"),  # torch loads them for its first optimiser: they take as long as torch itself
    *("scipy.ndimage", "scipy.stats", "scipy.sparse", "scipy.spatial"),  # scipy alone is light
)

LOADED = f"""
import sys
from brainlab.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(*[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""


def heavy_modules(*words: str) -> list[str]:
    """Return which of the heavy libraries a command imports."""
    done = subprocess.run([sys.executable, "-c", LOADED, *words], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout
    return done.stderr.split()


@pytest.fixture
def sealed(tmp_path: Path) -> str:
    """Return the id of a locked study of two cases and one reader, in the workspace `tmp_path`."""
    protocol = Protocol(
        title="Two cases",
        sources=(Source(kind="cohort", name="people", n=1), Source(kind="run", name="machine", n=1)),
        readers=(Reader(code="A"),),
        practice=0,
        repeats_share=0,
    )
    study = create_study(protocol, tmp_path / "studies")
    folder = study_folder(study, tmp_path / "studies")
    cases = [
        Case(
            pixels=np.full((4, 4), 100 + seed, np.uint8),
            voxel_size_mm=(4.0, 4.0),
            label=source.truth,
            source=source.name,
            practice=False,
            disease_class=None,
            seed=seed,
        )
        for seed, source in enumerate(protocol.sources)
    ]
    seal(folder, cases, {"probe": None})
    issue_links(folder)
    return study


COMMAND_LINES = [*(name for name in COMMANDS if name != "study"), *(f"study {step}" for step in STEPS)]


@pytest.mark.parametrize("command", COMMAND_LINES)
def test_help_imports_nothing_heavy(command: str) -> None:
    assert heavy_modules(*command.split(), "--help") == []


def test_the_list_of_commands_imports_no_library_at_all() -> None:
    assert heavy_modules("--help") == []


def test_the_list_of_presets_loads_no_compiler() -> None:
    assert heavy_modules("presets") == ["torch", "pandas"]


@pytest.mark.parametrize("step", ["status", "verify"])
def test_asking_after_a_sealed_study_imports_nothing_heavy(
    step: str, sealed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    assert heavy_modules("study", step, sealed) == []
