"""Studies with secrets, for attempts on the blinding."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.conftest import Server
from tests.e2e.reading.blinding_tools import Sealed, lock_bright_and_dark


@pytest.fixture
def sealed(reading_server: "Server", monkeypatch: pytest.MonkeyPatch) -> Callable[..., Sealed]:
    """Return a function that locks a study with secrets on `reading_server`; base_url: of the links, if not its own."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(reading_server.workspace))

    def make(base_url: str = "", **changes: Any) -> Sealed:
        return lock_bright_and_dark(base_url or reading_server.url, **changes)

    return make
