"""Who may see what: readers by the personal link's token, researchers at this machine or signed in.

A reading study is only as blind as this file is strict. A link's token opens the reading room and nothing else, and
behind a reverse proxy every peer looks local, so whatever betrays a proxy takes the local privilege away.
"""

from collections import OrderedDict
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError
from streamlit.runtime.scriptrunner import get_script_run_ctx

FORWARDING_HEADERS = (
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-server", "x-real-ip",
    "x-client-ip", "true-client-ip", "cf-connecting-ip",
)  # fmt: skip
"""Headers that a reverse proxy adds. Their presence means that the peer's address says nothing of the person."""

NAMING_HEADERS = ("host", "origin")
"""Headers with the name by which the browser knows the app. A proxy that adds no header of its own passes these on."""

SIGNED_IN = "researcher-signed-in"

UPLOADING_SESSIONS = 1000
_uploading: OrderedDict[str, None] = OrderedDict()
"""Sessions whose browsers may send files. Everyone who opens a page has a session, and files are held in memory."""


def reader_token() -> str | None:
    """Return the token of the personal link that this session came with, if it came with one."""
    return st.query_params.get("token")


def reader_study() -> str:
    """Return the study that the personal link names; empty when it names none."""
    return st.query_params.get("study", "")


def is_researcher() -> bool:
    """Whether this session may see the research pages: signed in, or at this machine without a proxy.

    `trust_this_machine = false` in the secrets closes the second way, for a machine at which readers sit.
    """
    if st.session_state.get(SIGNED_IN) or may_research(st.user.to_dict()):
        return True
    trusted = secret("trust_this_machine", True) is not False
    return trusted and is_local(peer(), st.context.headers)


def allow_uploads(allowed: bool) -> None:
    """Let this session's browser send files, or no longer."""
    if (context := get_script_run_ctx()) is None:
        return
    _uploading.pop(context.session_id, None)
    if allowed:
        _uploading[context.session_id] = None
    while len(_uploading) > UPLOADING_SESSIONS:
        _uploading.popitem(last=False)


def may_upload(session: str) -> bool:
    """Whether a session is a researcher's, by its id, which only its own browser knows."""
    return session in _uploading


def peer() -> str | None:
    """Return the address that this session's requests come from, None for this machine's own."""
    return st.context.ip_address


def is_local(address: str | None, headers: Mapping[str, str]) -> bool:
    """Whether a request comes from this machine itself. Streamlit gives None as the address of a loopback peer."""
    known = {name.lower(): value for name, value in headers.items()}
    if any(name in known for name in FORWARDING_HEADERS):
        return False
    if not all(_names_this_machine(known[name]) for name in NAMING_HEADERS if name in known):
        return False
    return address is None or ip_address(address.split("%")[0]).is_loopback


def may_research(claims: Mapping[str, Any]) -> bool:
    """Whether someone who came back from the identity provider is a researcher by the secrets' list.

    claims: those of the identity token. `researchers` lists e-mail addresses, and domains that begin with @; without it
    nobody is one. An address that the provider calls unverified is anybody's.
    """
    email = str(claims.get("email") or "").strip().lower()
    if claims.get("is_logged_in") is not True or claims.get("email_verified") is False or email.count("@") != 1:
        return False
    listed = secret("researchers", [])
    allowed = {str(entry).strip().lower() for entry in ([listed] if isinstance(listed, str) else listed)}
    return email in allowed or "@" + email.partition("@")[2] in allowed


def secret(name: str, default: Any) -> Any:
    """Return one of the secrets, or `default` where it, or the whole file, is missing."""
    try:
        return st.secrets.get(name, default)
    except StreamlitSecretNotFoundError:
        return default


def _names_this_machine(value: str) -> bool:
    """Whether a Host (`localhost:8501`) or Origin (`http://localhost:8501`) is the loopback interface's."""
    try:
        name = urlsplit(value if "//" in value else f"//{value}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
