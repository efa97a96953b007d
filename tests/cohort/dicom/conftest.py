"""A workspace with a key of its own, and what of an imported dataset tests look at."""

from collections.abc import Callable
from pathlib import Path

import pytest

from brainlab.cohort.dicom.importing import ImportReport, import_dicom


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "pseudonyms.key").write_text("5" * 64 + "\n", encoding="ascii")
    return tmp_path / "workspace"


@pytest.fixture
def bring_in(tmp_path: Path) -> Callable[..., ImportReport]:
    """Return a function that imports `tmp_path/scanner` into `tmp_path/bids`."""

    def bring(source: Path | None = None, out: Path | None = None) -> ImportReport:
        return import_dicom(source or tmp_path / "scanner", out or tmp_path / "bids")

    return bring
