"""The page that asks who is there: the researchers' password, or their institution's identity provider (OIDC)."""

import hashlib
import hmac
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

import streamlit as st

from app.server import access, journal
from app.server.limits import KEPT, Buckets, neighbourhood

FREE_TRIES = 3
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 900.0
EVERYBODY = "everybody"


class Pauses:
    """How long an address waits after wrong passwords, over all its sessions: twice as long after each.

    clock: returns seconds, for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = Lock()

    def left(self, address: str | None) -> float:
        """Return the seconds for which no password of this address is looked at."""
        with self._lock:
            _, until = self._wrong.get(neighbourhood(address), (0, 0.0))
        return max(0.0, until - self._clock())

    def add(self, address: str | None) -> None:
        """Count a wrong password."""
        with self._lock:
            place = neighbourhood(address)
            count = self._wrong.pop(place, (0, 0.0))[0] + 1
            pause = (
                min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(count - FREE_TRIES, 20)) if count >= FREE_TRIES else 0
            )
            self._wrong[place] = (count, self._clock() + pause)
            while len(self._wrong) > KEPT:
                self._wrong.popitem(last=False)

    def clear(self, address: str | None) -> None:
        """Forget the wrong passwords of an address that knew the right one."""
        with self._lock:
            self._wrong.pop(neighbourhood(address), None)


PAUSES = Pauses()
"""Those of this server process."""
GUESSES = Buckets(burst=100, per_second=0.5)
"""Wrong passwords of all addresses together: whoever has many, or invents them behind a proxy, still waits."""


def sign_in() -> None:
    """Ask a researcher to sign in; readers are told to use their link."""
    st.title("brainlab", anchor=False)
    password, provider = str(access.secret("password", "")), bool(access.secret("auth", None))
    if not password and not provider:
        st.info(
            "This page is available only on the machine that runs brainlab, at `localhost`. To use it from elsewhere, "
            "set `password` or `[auth]` in `.streamlit/secrets.toml`. **Readers:** open the personal link that "
            "you were sent."
        )
        return
    st.caption("Readers: open the personal link that you were sent.")
    if provider:
        _with_provider()
    if password:
        _with_password(password)


def sign_out() -> None:
    """Offer a way out in the sidebar to who signed in."""
    known = st.user.to_dict().get("is_logged_in") is True
    if (known or st.session_state.get(access.SIGNED_IN)) and st.sidebar.button("Sign out", key="sign-out"):
        st.session_state.pop(access.SIGNED_IN, None)
        journal.note("signed out")
        if known:
            st.logout()
        st.rerun()


def _with_provider() -> None:
    """Offer the institution's own login, and tell someone who is not on the list."""
    claims = st.user.to_dict()
    if claims.get("is_logged_in") is True:
        st.error(f"{claims.get('email') or 'This account'} is not on this server's list of researchers.")
        if st.button("Sign in with another account", key="sign-in-other"):
            st.logout()
    elif st.button("Sign in with your institution", type="primary", key="sign-in-provider"):
        st.login()


def _with_password(expected: str) -> None:
    """Ask for the password, and look at it unless this address has to wait."""
    with st.form("sign-in", border=False, width=360):
        given = st.text_input("Researchers' password", type="password")
        sent = st.form_submit_button("Open")
    if not sent:
        return
    address = access.peer()
    if wait := max(PAUSES.left(address), GUESSES.wait(EVERYBODY)):
        journal.warn(f"password not looked at: too many wrong ones, from {neighbourhood(address)}")
        st.error(f"Too many wrong passwords. Please wait {math.ceil(wait)} s and try again.")
    elif hmac.compare_digest(*(hashlib.sha256(text.encode()).digest() for text in (given, expected))):
        PAUSES.clear(address)
        journal.note(f"signed in by password, from {neighbourhood(address)}")
        st.session_state[access.SIGNED_IN] = True
        st.rerun()
    else:
        PAUSES.add(address)
        GUESSES.take(EVERYBODY)
        journal.warn(f"wrong password, from {neighbourhood(address)}")
        st.error("Wrong password.")
