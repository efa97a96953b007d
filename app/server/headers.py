"""What is said of every reply of the server: by whom it may be used, where its scripts may come from, who keeps it."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.types import Message

HEADERS = {
    # A personal link's token stands in the address: no request to elsewhere, and no log of it, may carry it on.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    # Nobody lays the app under a page of their own and has Unblind clicked there.
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), hid=()",
}
ONE_YEAR_S = 365 * 24 * 3600
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""Of what is no page: opened by its own address, an uploaded SVG runs nothing."""
PAGE_POLICY = {
    "default-src": "'none'",
    # The components' inline scripts are blob modules; each imports one file of ours.
    "script-src": "'self' blob:",
    # Streamlit and plotly write their styles into the page.
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "media-src": "'self' blob:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
}


@cache
def page_policy() -> str:
    """Return the Content-Security-Policy of pages, which names the inline scripts of Streamlit's own page by hash."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    hashes = " ".join(
        f"'sha256-{_digest(script)}'" for script in re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    )
    rules = PAGE_POLICY | {"script-src": f"{PAGE_POLICY['script-src']} {hashes}".strip()}
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


def secure(message: Message, *, over_tls: bool) -> None:
    """Add to the start of a reply what holds for all of them.

    over_tls: whether the browser came by https, here or at a proxy that this server trusts.
    """
    headers = MutableHeaders(scope=message)
    headers.update(HEADERS)
    if message.get("status") != 304:  # it has no type, and what it says would replace what the browser keeps
        is_page = headers.get("content-type", "").startswith("text/html")
        headers["Content-Security-Policy"] = page_policy() if is_page else DATA_POLICY
        headers.setdefault("Cache-Control", "no-store")
    if over_tls:
        headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR_S}"
        message["headers"] = [
            (name, _https_only(value) if name == b"set-cookie" else value) for name, value in headers.raw
        ]


def _https_only(cookie: bytes) -> bytes:
    """Keep a cookie from unencrypted requests; Streamlit does so only where it has the certificate itself."""
    return cookie if b"; secure" in cookie.lower() else cookie + b"; Secure"


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
