"""What stands before the whole app: who may ask, how often, and how much; and what every reply carries."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.server import headers, journal, preload
from app.server.access import is_local, may_upload
from app.server.limits import Buckets, Places, neighbourhood

LOCAL_ENDINGS = ("/_stcore/metrics",)
"""Paths of figures about all sessions (how many there are, what is cached): a reader could follow others by them."""
CLOSED = "/_stcore/agent/"
"""Streamlit's interface for programs, which is off; its description tells the version."""
UPLOADS = "/_stcore/upload_file/"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
LONGEST_BODY = 64 << 10
"""Bytes of a request that is no upload: the longest code of a run has less than a tenth of it."""
SLOWEST_PART_S = 30.0


class Guard:
    """Wraps the whole app.

    Limits hold for whoever is not at this machine itself: `requests` of all kinds, and `sockets` that are open, of
    which a session has one. Wrong links do not count more: their tokens have 256 bits, and whoever could use up what is
    granted to an address would shut out the readers who share it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.requests = Buckets(burst=3000, per_second=500)
        self.sockets = Places(each=100, all_together=500)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        local, address = _is_from_here(scope), neighbourhood(_peer(scope))
        if local:  # as strangers see no page that needs them
            preload.start_for(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers.secure(message, over_tls=scope.get("scheme") == "https")
            await send(message)

        answer = _refusal(scope, local)
        if not local and not self.requests.take(address):
            journal.warn(f"too many requests, from {address}")
            answer = PlainTextResponse("too many requests", 429, {"Retry-After": "10"})
        await (answer or self.app)(scope, _bounded(scope, receive), send_with_headers)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        local, address = _is_from_here(scope), neighbourhood(_peer(scope))
        if not is_own_page(Headers(scope=scope)) or (not local and not self.requests.take(address)):
            await send({"type": "websocket.close", "code": 1008})
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "websocket.accept":
                message.setdefault("headers", [])
                headers.secure(message, over_tls=scope.get("scheme") == "wss")
            await send(message)

        if local:
            await self.app(scope, receive, send_with_headers)
            return
        with self.sockets.hold(address) as free:
            if free:
                await self.app(scope, receive, send_with_headers)
            else:
                journal.warn(f"too many open pages, from {address}")
                await send({"type": "websocket.close", "code": 1013})


def is_own_page(known: Mapping[str, str]) -> bool:
    """Whether a request that does something was sent by a page of this server, or by no page at all.

    Streamlit would let in pages of any port of this machine, and asks a service on the internet for this machine's
    address before it refuses one. A proxy that rewrites the host is to be listed in `server.corsAllowedOrigins`.
    """
    origin = known.get("origin")
    if origin is None or origin in st.get_option("server.corsAllowedOrigins"):
        return True
    try:
        page = urlsplit(origin)
    except ValueError:
        return False
    return page.scheme in ("http", "https") and page.netloc.lower() == known.get("host", "").lower() != ""


def _refusal(scope: Scope, local: bool) -> Response | None:
    """Return the answer to what nobody, or not this one, may ask for."""
    path, known = scope["path"].rstrip("/") + "/", Headers(scope=scope)
    if CLOSED in path or (not local and path.rstrip("/").endswith(LOCAL_ENDINGS)):
        return PlainTextResponse("not found", 404)
    if scope["method"] in SAFE_METHODS:
        return None
    if not is_own_page(known):
        return PlainTextResponse("not from another site", 403)
    if UPLOADS in path:
        session = path.partition(UPLOADS)[2].partition("/")[0]
        return None if may_upload(session) else PlainTextResponse("sign in to upload", 403)
    length = known.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > LONGEST_BODY:
        return PlainTextResponse("too long", 413)
    return None


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """Read a body that is neither too long nor comes too slowly; the length that a request tells may be none."""
    is_upload, length, whole = UPLOADS in scope["path"], 0, False

    async def read() -> Message:
        nonlocal length, whole
        if whole:  # what is waited for now is the browser's going away
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), SLOWEST_PART_S)
        except TimeoutError:
            raise HTTPException(408, "too slow") from None
        length += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if length > LONGEST_BODY and not is_upload:
            raise HTTPException(413, "too long")
        return message

    return read


def _is_from_here(scope: Scope) -> bool:
    return is_local(_peer(scope), Headers(scope=scope))


def _peer(scope: Scope) -> str | None:
    peer = scope.get("client")
    return peer[0] if peer else None
