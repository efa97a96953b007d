"""Style, types, import directions and sizes of files are checked as tests, beside the others."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


CHECKS = ("ruff check .", "ruff format --check .", "lint-imports --no-cache", "mypy")
"""What `make check` runs too."""


@pytest.mark.parametrize("check", CHECKS)
def test_the_code_passes(check: str) -> None:
    name, *words = check.split()
    command = shutil.which(name, path=str(Path(sys.executable).parent))
    assert command, f"{name} is not installed beside this Python"
    result = subprocess.run([command, *words], cwd=PROJECT, capture_output=True, encoding="utf-8")
    assert result.returncode == 0, result.stdout + result.stderr


def test_tracked_files_stay_small() -> None:
    """Nothing over 30 MB: history keeps every version of a file."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=True).stdout
    files = [PROJECT / name for name in listing.decode().split("\0") if name]
    too_large = {
        str(file.relative_to(PROJECT)) for file in files if file.is_file() and file.stat().st_size > 30_000_000
    }
    assert not too_large


CODE = ("brainlab", "app", "pages", "tests", "benchmarks")
LONGEST_FILE, FULLEST_FOLDER = 400, 16


@pytest.mark.parametrize("root", CODE)
def test_files_are_short_and_folders_have_room(root: str) -> None:
    """One idea, one file; a folder with more modules than can be taken in at a glance wants rooms."""
    files = [path for path in (PROJECT / root).rglob("*.py") if "__pycache__" not in path.parts]
    assert files
    long = {
        str(path.relative_to(PROJECT))
        for path in files
        if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE
    }
    assert not long
    modules = Counter(str(path.parent.relative_to(PROJECT)) for path in files if path.name != "__init__.py")
    assert not {folder: count for folder, count in modules.items() if count > FULLEST_FOLDER}


def test_every_room_has_its_line_in_the_architecture_page():
    page = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = page[page.index("## Rooms") : page.index("## What to add where")]
    named = {name.rstrip("/") for name in re.findall(r"`((?:app|brainlab|pages)/[^`]*)`", rooms)}
    packages = {
        str(path.parent.relative_to(PROJECT))
        for top in ("app", "brainlab")
        for path in PROJECT.glob(f"{top}/**/__init__.py")
    }
    assert named == packages | {"pages"}


def test_every_file_and_folder_that_the_architecture_page_names_exists():
    page = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    steps = page[page.index("## What to add where") :]
    named = re.findall(r"`((?:app|brainlab|pages|tests|benchmarks)/[^`]*)`", steps)
    assert len(named) > 20
    missing = [
        name for name in named if "NAME" not in name and name != "brainlab/_app/" and not (PROJECT / name).exists()
    ]
    assert not missing
