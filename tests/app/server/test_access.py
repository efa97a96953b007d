"""Who may see the research pages: attempts to get in as somebody else."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.state import SessionState
from streamlit.testing.v1 import AppTest

from app.screens.sign_in import sign_in
from app.server import access
from app.server.access import is_local
from app.server.limits import Buckets

MAIN = Path(__file__).resolve().parents[3] / "app" / "main.py"
HERE = {"Host": "localhost:8501", "Origin": "http://localhost:8501"}


@pytest.mark.parametrize("address", [None, "127.0.0.1", "127.8.0.1", "::1"])
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "brainlab.localhost"])
def test_a_loopback_peer_is_local(address, name):
    assert is_local(address, {"User-Agent": "x", "Host": f"{name}:8501", "Origin": f"http://{name}:8501"})


@pytest.mark.parametrize("address", ["10.0.0.5", "192.168.1.9", "2001:db8::1", "fe80::1%eth0", "::ffff:10.0.0.5"])
def test_other_peers_are_not_local(address):
    assert not is_local(address, HERE)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "forwarded", "Via", "X-Real-Ip", "CF-Connecting-IP"])
@pytest.mark.parametrize("claimed", ["10.0.0.5", "127.0.0.1", ""])
def test_behind_a_proxy_nobody_is_local_whatever_is_claimed(header, claimed):
    assert not is_local(None, {**HERE, header: claimed})


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "brainlab.hospital.org"},
        {"Host": "localhost:8501", "Origin": "https://brainlab.hospital.org"},  # nginx as it comes rewrites the host
        {"Host": "localhost:8501", "Origin": "null"},
        {"Host": "localhost.hospital.org"},
        {"Host": "localhost@hospital.org"},
        {"Host": "[::1"},
        {"Host": ""},
    ],
)
def test_a_proxy_without_headers_of_its_own_is_known_by_the_name_in_the_browser(headers):
    assert not is_local(None, headers)


@pytest.fixture(autouse=True)
def at_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions of AppTest have no address; they come from this machine."""
    monkeypatch.setattr(access, "peer", lambda: None)


def sign_in_page() -> None:
    from app.screens.sign_in import sign_in
    from app.server import access

    access.st.write("in") if access.st.session_state.get(access.SIGNED_IN) else sign_in.sign_in()


def guess(page: AppTest, text: str) -> AppTest:
    page.text_input[0].set_value(text)
    return page.button[0].click().run()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A fresh register of pauses, whose time is the one number of this list."""
    time = [0.0]
    monkeypatch.setattr(sign_in, "PAUSES", sign_in.Pauses(lambda: time[0]))
    monkeypatch.setattr(sign_in, "GUESSES", Buckets(burst=5, per_second=0.5, clock=lambda: time[0]))
    return time


@pytest.fixture
def door(clock):
    """Return a function that opens a new session at the sign-in page."""

    def open_door() -> AppTest:
        page = AppTest.from_function(sign_in_page, default_timeout=60)
        page.secrets["password"] = "open sesame"
        return page.run()

    return open_door


def test_the_password_opens_and_another_does_not(door):
    page = guess(door(), "guess")
    assert page.error
    guess(page, "open sesame")
    assert [element.value for element in page.markdown] == ["in"]


def test_guesses_of_one_address_wait_over_all_its_sessions_and_ever_longer(door, clock):
    for _ in range(sign_in.FREE_TRIES):
        guess(door(), "guess")
    page = guess(door(), "open sesame")
    assert "wait 2 s" in page.error[0].value, "in a new session, with the right password"
    clock[0] = 2.5
    guess(page, "guess")
    assert "wait 4 s" in guess(door(), "open sesame").error[0].value
    clock[0] = 7
    assert [element.value for element in guess(door(), "open sesame").markdown] == ["in"]
    assert not guess(door(), "guess").error[0].value.startswith("Too many"), "the right password wipes the slate"


def test_guesses_of_many_addresses_wait_too(door, clock, monkeypatch):
    """Also of one that invents them, behind a proxy that passes its X-Forwarded-For on."""
    invented = (f"10.0.0.{last}" for last in range(100))
    monkeypatch.setattr(access, "peer", lambda: next(invented))
    for _ in range(5):
        guess(door(), "guess")
    page = guess(door(), "open sesame")
    assert "wait 2 s" in page.error[0].value
    clock[0] = 2
    assert [element.value for element in guess(page, "open sesame").markdown] == ["in"]


def test_pauses_are_by_address_and_by_network():
    pauses = sign_in.Pauses(lambda: 0.0)
    for last in range(40):
        pauses.add(f"2001:db8::{last:x}")
        pauses.add("10.0.0.5")
    assert pauses.left("2001:db8::ffff") == pauses.left("10.0.0.5") == sign_in.LONGEST_PAUSE_S
    assert pauses.left("2001:db8:0:1::1") == pauses.left("10.0.0.6") == pauses.left(None) == 0


def test_guesses_from_many_addresses_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(sign_in, "KEPT", 5)
    pauses = sign_in.Pauses(lambda: 0.0)
    for last in range(50):
        pauses.add(f"10.0.0.{last}")
    assert len(pauses._wrong) == 5


def test_without_a_password_nobody_gets_in_from_outside():
    page = AppTest.from_function(sign_in_page, default_timeout=60).run()
    assert not page.text_input
    assert "personal link" in page.info[0].value


def test_a_forged_widget_does_not_sign_in():
    """A browser may send any widget's state, also one named as the mark of those who signed in."""
    forged = WidgetState(id=access.SIGNED_IN, bool_value=True)
    state = SessionState()
    state.set_widgets_from_proto(WidgetStates(widgets=[forged]))
    assert access.SIGNED_IN not in state
    with pytest.raises(KeyError):
        state[access.SIGNED_IN]


# --- the institution's login ------------------------------------------------------------------------------------------


def who() -> None:
    from app.server import access

    access.st.write("in" if access.is_researcher() else "out")


def enters(user: dict[str, Any], listed: Any = ("ann@hospital.org", "@Lab.example")) -> bool:
    """Whether someone with these claims gets in from outside."""
    page = AppTest.from_function(who, default_timeout=60)
    page.secrets["trust_this_machine"] = False
    page.secrets["auth"] = {"redirect_uri": "https://brainlab.example/oauth2callback", "cookie_secret": "x" * 40}
    if listed is not None:
        page.secrets["researchers"] = list(listed) if isinstance(listed, tuple) else listed
    page.user = user
    return [element.value for element in page.run().markdown] == ["in"]


@pytest.mark.parametrize("email", ["ann@hospital.org", "Ann@Hospital.org ", "anyone@lab.example"])
def test_listed_people_and_domains_get_in(email):
    assert enters({"is_logged_in": True, "email": email, "email_verified": True})
    assert enters({"is_logged_in": True, "email": email}), "not every provider says whether it verified"


@pytest.mark.parametrize(
    "user",
    [
        {},
        {"is_logged_in": False, "email": "ann@hospital.org"},
        {"email": "ann@hospital.org"},
        {"is_logged_in": True},
        {"is_logged_in": True, "email": ""},
        {"is_logged_in": True, "email": "bob@hospital.org"},
        {"is_logged_in": True, "email": "ann@hospital.org", "email_verified": False},
        {"is_logged_in": True, "email": "ann@hospital.org@evil.example"},
        {"is_logged_in": True, "email": "mallory@evil.example@lab.example"},
        {"is_logged_in": True, "email": "mallory@sub.lab.example"},
        {"is_logged_in": True, "email": "@lab.example.evil"},
    ],
)
def test_others_stay_out(user):
    assert not enters(user)


@pytest.mark.parametrize("listed", [None, (), ("",), ("@",), "hospital.org"])
def test_without_a_list_of_researchers_nobody_is_one(listed):
    assert not enters({"is_logged_in": True, "email": "ann@hospital.org", "email_verified": True}, listed)


def test_one_address_need_not_be_a_list():
    assert enters({"is_logged_in": True, "email": "ann@hospital.org"}, "ann@hospital.org")


def test_someone_who_is_not_listed_is_told_so():
    page = AppTest.from_function(sign_in_page, default_timeout=60)
    page.secrets["auth"] = {"redirect_uri": "https://brainlab.example/oauth2callback", "cookie_secret": "x" * 40}
    page.user = {"is_logged_in": True, "email": "mallory@evil.example"}
    page.run()
    assert not page.exception
    assert "mallory@evil.example is not on this server's list" in page.error[0].value


def test_a_machine_at_which_readers_sit_asks_as_any_other():
    page = AppTest.from_function(who, default_timeout=60)
    assert [element.value for element in page.run().markdown] == ["in"]
    page.secrets["trust_this_machine"] = False
    assert [element.value for element in page.run().markdown] == ["out"]


# --- readers ----------------------------------------------------------------------------------------------------------


def test_a_reader_link_hides_every_other_page(workspace):
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    app.query_params["study"] = "none"
    app.query_params["token"] = "wrong"
    app.run()
    assert not app.exception
    assert "not valid" in app.error[0].value
    assert [title.value for title in app.title] == ["Reading room"]


def test_a_session_uploads_as_long_as_it_is_a_researcher_s(monkeypatch):
    monkeypatch.setattr(access, "get_script_run_ctx", lambda: SimpleNamespace(session_id="one"))
    monkeypatch.setattr(access, "UPLOADING_SESSIONS", 3)
    for allowed in (False, True, True, False):
        access.allow_uploads(allowed)
        assert access.may_upload("one") is allowed
        assert not access.may_upload("another")
    for number in range(9):
        monkeypatch.setattr(access, "get_script_run_ctx", lambda number=number: SimpleNamespace(session_id=str(number)))
        access.allow_uploads(True)
    assert [number for number in range(9) if access.may_upload(str(number))] == [6, 7, 8]


def test_a_reader_link_does_not_gain_by_a_researchers_session(workspace):
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    app.session_state[access.SIGNED_IN] = True
    app.query_params.update({"study": "none", "token": "wrong"})
    app.run()
    assert [title.value for title in app.title] == ["Reading room"]
    assert not app.sidebar
