"""The app's modules on the tiny workspace, and its routes without a server."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.applications import Starlette
from streamlit import config
from streamlit.components.v2 import manifest_scanner

from app import navigation

# As `streamlit run app/main.py` does, so that the settings in app/.streamlit/ hold here too.
config._main_script_path = str(Path(__file__).resolve().parents[2] / "app" / "main.py")

# A server looks through all installed packages for components when it starts; each AppTest is such a start.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


@dataclass(frozen=True)
class Reply:
    """Status, headers (lower-case names) and body of an answer."""

    status_code: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


class Client:
    """Calls an ASGI app directly. address: host and port that it calls from, None where the server does not know."""

    def __init__(self, app: Starlette, address: tuple[str, int] | None = None) -> None:
        self._app = app
        self._address = address

    def get(self, path: str, **headers: str) -> Reply:
        return self._call("GET", path, b"", headers)

    def post(self, path: str, content: bytes, **headers: str) -> Reply:
        return self._call("POST", path, content, {"content_length": str(len(content)), **headers})

    def _call(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": b"",
            "client": self._address,
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        }
        with ThreadPoolExecutor(1) as apart:  # Playwright, once used, leaves a running event loop in the main thread
            apart.submit(lambda: asyncio.run(self._app(scope, receive, send))).result()  # type: ignore[arg-type]
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:]))


@pytest.fixture
def client(workspace: Path) -> Client:
    """Return the app's own routes on the tiny workspace."""
    return Client(Starlette(routes=navigation.routes()))


@pytest.fixture
def workspace(tiny_workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the tiny workspace the app's own."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tiny_workspace))
    return tiny_workspace


@pytest.fixture
def empty_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty folder the app's workspace, and hide the runs that ship."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "no-models")
    return tmp_path
