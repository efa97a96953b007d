"""The import directions of the project are checked with the tests, so that an editor's run catches them too."""

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
