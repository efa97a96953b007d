"""The import directions of the project are checked with the tests, so that an editor's run catches them too."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def test_imports_only_point_down() -> None:
    command = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert command, "import-linter is not installed beside this Python"
    result = subprocess.run([command, "--no-cache"], cwd=PROJECT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_tracked_files_stay_small() -> None:
    """Nothing over 30 MB: history keeps every version of a file."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=True).stdout
    files = [PROJECT / name for name in listing.decode().split("\0") if name]
    too_large = {
        str(file.relative_to(PROJECT)) for file in files if file.is_file() and file.stat().st_size > 30_000_000
    }
    assert not too_large


def test_every_room_has_its_line_in_the_architecture_page():
    page = (PROJECT / "docs" / "architecture.md").read_text()
    rooms = page[page.index("## Rooms") : page.index("## What to add where")]
    named = {name.rstrip("/") for name in re.findall(r"`((?:app|brainlab|pages)/[^`]*)`", rooms)}
    packages = {
        str(path.parent.relative_to(PROJECT))
        for top in ("app", "brainlab")
        for path in PROJECT.glob(f"{top}/**/__init__.py")
    }
    assert named == packages | {"pages"}


def test_every_file_and_folder_that_the_architecture_page_names_exists():
    page = (PROJECT / "docs" / "architecture.md").read_text()
    steps = page[page.index("## What to add where") :]
    named = re.findall(r"`((?:app|brainlab|pages|tests|benchmarks)/[^`]*)`", steps)
    assert len(named) > 20
    missing = [
        name for name in named if "NAME" not in name and name != "brainlab/_app/" and not (PROJECT / name).exists()
    ]
    assert not missing
