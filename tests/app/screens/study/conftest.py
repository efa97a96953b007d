"""Studies of each test's own."""

from pathlib import Path

import pytest


@pytest.fixture
def studies(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test its own folder of studies."""
    monkeypatch.setattr("brainlab.reading.desk.lifecycle.studies_folder", lambda: tmp_path)
    return tmp_path
