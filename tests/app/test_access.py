"""Who may see the research pages."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.access import is_local

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"


@pytest.mark.parametrize("address", [None, "127.0.0.1", "127.8.0.1", "::1"])
def test_a_loopback_peer_is_local(address):
    assert is_local(address, {"User-Agent": "x"})


@pytest.mark.parametrize("address", ["10.0.0.5", "192.168.1.9", "2001:db8::1", "fe80::1%eth0"])
def test_other_peers_are_not_local(address):
    assert not is_local(address, {})


@pytest.mark.parametrize("header", ["X-Forwarded-For", "forwarded", "Via", "X-Real-Ip"])
def test_behind_a_proxy_nobody_is_local(header):
    assert not is_local(None, {header: "10.0.0.5"})


def sign_in_page() -> None:
    from app import access

    access.sign_in()
    if access.st.session_state.get(access.SIGNED_IN):
        access.st.write("in")


def test_the_password_opens_and_another_does_not(monkeypatch):
    monkeypatch.setattr("app.access.WRONG_PASSWORD_PAUSE_S", 0)
    page = AppTest.from_function(sign_in_page, default_timeout=60)
    page.secrets["password"] = "open sesame"
    page.run()
    page.text_input[0].set_value("guess")
    page.button[0].click().run()
    assert page.error
    page.text_input[0].set_value("open sesame")
    page.button[0].click().run()
    assert [element.value for element in page.markdown] == ["in"]


def test_without_a_password_nobody_gets_in_from_outside():
    page = AppTest.from_function(sign_in_page, default_timeout=60).run()
    assert not page.text_input
    assert "personal link" in page.info[0].value


def test_a_reader_link_hides_every_other_page(workspace):
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    app.query_params["study"] = "none"
    app.query_params["token"] = "wrong"
    app.run()
    assert not app.exception
    assert "not valid" in app.error[0].value
    assert [title.value for title in app.title] == ["Reading room"]
