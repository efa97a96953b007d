"""What is said of every reply of the server, and what of Streamlit's own is for this machine alone."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.server import preload
from app.server.access import is_local

HEADERS = {
    # A personal link's token stands in the address: no request to elsewhere, and no log of it, may carry it on.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
LOCAL_ENDINGS = ("/_stcore/metrics",)
"""Paths of figures about all sessions (how many there are, what is cached): a reader could follow others by them."""


class Guard:
    """Wraps the whole app."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        local = _is_from_here(scope)
        if local:  # as strangers see no page that needs them
            preload.start_for(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        closed = not local and scope["path"].rstrip("/").endswith(LOCAL_ENDINGS)
        answer = PlainTextResponse("not found", 404) if closed else self.app
        await answer(scope, receive, send_with_headers)


def _is_from_here(scope: Scope) -> bool:
    peer = scope.get("client")
    return is_local(peer[0] if peer else None, Headers(scope=scope))
