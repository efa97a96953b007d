"""What every reply carries, and what is for this machine alone."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app.server import preload
from app.server.guard import Guard


def get(path: str, peer: str | None = "127.0.0.1", **headers: str) -> tuple[int, dict[str, str]]:
    """Ask an app that has everything for a path; returns status and headers."""

    async def everything(_: Any) -> PlainTextResponse:
        return PlainTextResponse("here")

    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "client": (peer, 5000) if peer else None,
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }
    app = Guard(Starlette(routes=[Route("/{path:path}", everything)]))
    with ThreadPoolExecutor(1) as apart:  # Playwright, once used, leaves a running event loop in the main thread
        apart.submit(lambda: asyncio.run(app(scope, None, send))).result()  # type: ignore[arg-type]
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


@pytest.mark.parametrize("path", ["/", "/reading-room", "/brainlab/reading/pixels/1", "/static/x.js", "/none"])
def test_no_reply_lets_the_browser_tell_others_the_address(path):
    _, headers = get(path)
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-robots-tag"] == "noindex, nofollow"


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/metrics/", "/lab/_stcore/metrics"])
def test_figures_about_sessions_are_for_this_machine(path):
    assert get(path)[0] == 200
    assert get(path, host="localhost:8501")[0] == 200
    assert get(path, peer="10.0.0.5")[0] == 404
    assert get(path, x_forwarded_for="127.0.0.1")[0] == 404
    assert get(path, host="brainlab.hospital.org")[0] == 404


def test_imports_start_for_this_machine_s_pages_and_for_no_stranger_s(monkeypatch):
    started = []
    monkeypatch.setattr(preload, "start_for", lambda scope: started.append(scope["path"]))
    get("/lda", peer="10.0.0.5")
    get("/lda", x_forwarded_for="127.0.0.1")
    assert started == []
    get("/lda")
    assert started == ["/lda"]
