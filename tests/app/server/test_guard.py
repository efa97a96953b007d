"""What stands before the app: bodies that are too long or too slow, floods, and what every reply carries."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.server import access, guard, headers
from app.server.guard import Guard
from app.server.limits import Buckets

LATE_S = 2.0
FAR = {"x-forwarded-for": "203.0.113.9"}


async def _page(request: Request) -> Response:
    return HTMLResponse(b"<p>" + await request.body())


async def _unchanged(_: Request) -> Response:
    return Response(status_code=304)


async def _image(_: Request) -> Response:
    return Response(b"<svg/>", media_type="image/svg+xml", headers={"set-cookie": "a=b; Path=/"})


async def _upload(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


METHODS = ["GET", "POST", "PUT"]


@pytest.fixture
def guarded() -> Guard:
    upload = Route("/base/_stcore/upload_file/{session}/{file}", _upload, methods=METHODS)
    routes = [Route("/page", _page, methods=METHODS), Route("/unchanged", _unchanged), Route("/image", _image), upload]
    return Guard(Starlette(routes=routes))


def ask(app: Guard, path: str, method: str = "GET", body: tuple[bytes, ...] = (b"",), **more: Any) -> tuple[int, dict]:
    """Send a request whose body comes in parts; None as a part comes late. Returns status and headers."""
    parts, sent = list(body), []

    async def receive() -> dict[str, Any]:
        part = parts.pop(0)
        if part is None:
            await asyncio.sleep(LATE_S)
        return {"type": "http.request", "body": part or b"", "more_body": bool(parts)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    known = {"host": "localhost:8501", **more.pop("given", {})}
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "client": ("127.0.0.1", 5000)} | more
    scope["headers"] = [(name.encode(), value.encode()) for name, value in known.items()]
    with ThreadPoolExecutor(1) as apart:  # Playwright, once used, leaves a running event loop in the main thread
        apart.submit(lambda: asyncio.run(app(scope, receive, send))).result()  # type: ignore[arg-type]
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_a_body_longer_than_its_bound_is_refused_whatever_it_says(guarded):
    longest = guard.LONGEST_BODY
    assert ask(guarded, "/page", "POST", (b"a" * longest,))[0] == 200
    assert ask(guarded, "/page", "POST", (b"a" * longest, b"a"))[0] == 413
    assert ask(guarded, "/page", "POST", (b"a" * longest, b"a"), given={"content-length": "5"})[0] == 413
    for told in (str(longest + 1), "-1", "+5", "x", "9" * 400):
        assert ask(guarded, "/page", "POST", (b"",), given={"content-length": told})[0] == 413


def test_a_body_that_does_not_come_is_waited_for_so_long(guarded, monkeypatch):
    monkeypatch.setattr(guard, "SLOWEST_PART_S", 0.05)
    assert ask(guarded, "/page", "POST", (b"a", None, b"b"))[0] == 408


def test_only_a_researcher_s_session_uploads_and_then_without_the_bound(guarded, monkeypatch):
    path = "/base/_stcore/upload_file/session-1/1"
    long = (b"a" * (guard.LONGEST_BODY + 1),)
    assert ask(guarded, path, "PUT", long)[0] == 403
    monkeypatch.setitem(access._uploading, "session-1", None)
    assert ask(guarded, path, "PUT", long)[0] == 200
    assert ask(guarded, path.replace("session-1", "session-2"), "PUT", long)[0] == 403
    assert ask(guarded, path, "PUT", long, given={"origin": "http://evil.example"})[0] == 403


def test_floods_of_one_address_are_held_up_and_not_this_machine_s(guarded):
    guarded.requests = Buckets(burst=3, per_second=0.01)
    told = [ask(guarded, "/page", given=FAR) for _ in range(4)]
    assert [status for status, _ in told] == [200, 200, 200, 429]
    assert told[3][1]["retry-after"] == "10"
    assert told[3][1]["x-frame-options"] == "DENY"
    assert ask(guarded, "/page", client=("203.0.113.10", 1))[0] == 200
    assert [ask(guarded, "/page")[0] for _ in range(5)] == [200] * 5


def test_pages_run_scripts_of_this_server_alone_and_other_files_none(guarded):
    policy = ask(guarded, "/page")[1]["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert set(rules["script-src"].split()) - {"'self'", "blob:"} == {
        word for word in rules["script-src"].split() if word.startswith("'sha256-")
    }
    assert rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["object-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert ask(guarded, "/image")[1]["content-security-policy"] == headers.DATA_POLICY
    assert "sandbox" in headers.DATA_POLICY


def test_what_says_nothing_of_caches_is_kept_by_none(guarded):
    assert ask(guarded, "/image")[1]["cache-control"] == "no-store"


def test_an_unchanged_page_keeps_the_policy_that_the_browser_has(guarded):
    """A reply 304 has no type; the policy of files would replace that of the page."""
    status, told = ask(guarded, "/unchanged")
    assert status == 304
    assert "content-security-policy" not in told
    assert "cache-control" not in told


def test_only_over_tls_the_browser_is_told_to_stay_there(guarded):
    assert "strict-transport-security" not in ask(guarded, "/image")[1]
    told = ask(guarded, "/image", scheme="https")[1]
    assert told["strict-transport-security"] == "max-age=31536000"
    assert told["set-cookie"] == "a=b; Path=/; Secure"


@pytest.mark.parametrize(
    ("origin", "own"),
    [
        ("http://localhost:8501", True), ("https://localhost:8501", True), ("http://LOCALHOST:8501", True),
        ("https://lab.example", True), ("http://localhost:1", False), ("http://evil.example", False), ("null", False),
        ("", False), ("http://", False), ("http://localhost:8501@evil.example", False), ("http://[", False),
        ("http://localhost:8501.evil.example", False), ("file://localhost:8501", False),
    ],
)  # fmt: skip
def test_pages_of_this_server_are_known_by_its_name_and_port(origin, own, monkeypatch):
    monkeypatch.setattr(guard.st, "get_option", {"server.corsAllowedOrigins": ["https://lab.example"]}.get)
    assert guard.is_own_page({"host": "localhost:8501", "origin": origin}) is own
    assert guard.is_own_page({"host": "localhost:8501"})
    assert not guard.is_own_page({"origin": "http://"})
