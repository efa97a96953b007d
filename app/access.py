"""Who may see what: readers by the personal link's token, researchers at this machine or with the password.

A reading study is only as blind as this file is strict. A link's token opens the reading room and nothing else, and
behind a reverse proxy every peer looks local, so any forwarding header takes the local privilege away.
"""

import hmac
import time
from collections.abc import Mapping
from ipaddress import ip_address

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

FORWARDING_HEADERS = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
"""Headers that a reverse proxy adds. Their presence means that the peer's address says nothing of the person."""

SIGNED_IN = "researcher-signed-in"
WRONG_PASSWORD_PAUSE_S = 1.0


def reader_token() -> str | None:
    """Return the token of the personal link that this session came with, if it came with one."""
    return st.query_params.get("token")


def reader_study() -> str:
    """Return the study that the personal link names; empty when it names none."""
    return st.query_params.get("study", "")


def is_researcher() -> bool:
    """Whether this session may see the research pages: a local browser without a proxy, or after the password."""
    if st.session_state.get(SIGNED_IN):
        return True
    return is_local(st.context.ip_address, st.context.headers)


def is_local(address: str | None, headers: Mapping[str, str]) -> bool:
    """Whether a request comes from this machine itself. Streamlit gives None as the address of a loopback peer."""
    if any(name.lower() in FORWARDING_HEADERS for name in headers):
        return False
    return address is None or ip_address(address.split("%")[0]).is_loopback


def sign_in() -> None:
    """Ask for the researchers' password; readers are told to use their link."""
    st.title("brainlab", anchor=False)
    expected = _password()
    if not expected:
        st.info(
            "This page is open only on the machine that runs brainlab. To open it elsewhere, set `password` in "
            "`.streamlit/secrets.toml`. **Readers:** open the personal link that you were sent."
        )
        return
    st.caption("Readers: open the personal link that you were sent.")
    with st.form("sign-in", border=False, width=360):
        given = st.text_input("Password of the researchers", type="password")
        sent = st.form_submit_button("Open")
    if not sent:
        return
    if hmac.compare_digest(given.encode(), expected.encode()):
        st.session_state[SIGNED_IN] = True
        st.rerun()
    time.sleep(WRONG_PASSWORD_PAUSE_S)
    st.error("That is not the password.")


def _password() -> str:
    """Return `password` of the secrets; empty when there is none."""
    try:
        return str(st.secrets.get("password", ""))
    except StreamlitSecretNotFoundError:
        return ""
