"""The password page in a real browser: guesses, a second tab, and that signing out ends it."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.attacks.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def door(own_server, tmp_path: Path) -> str:
    """Address of a server that trusts nobody at this machine."""
    secrets = tmp_path / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir()
    secrets.write_text(f'password = "{PASSWORD}"\ntrust_this_machine = false\n', encoding="utf-8")
    secrets.chmod(0o600)
    own_server.start()
    return own_server.url


def give(page: Page, password: str) -> None:
    page.get_by_label("Researchers' password").fill(password)
    page.get_by_role("button", name="Open").click()


def test_who_signs_in_gets_in_alone_and_signing_out_ends_it(page: Page, door: str, own_server) -> None:
    page.goto(door)
    give(page, "a-guess-of-the-test")
    expect(page.get_by_text("Wrong password.")).to_be_visible(timeout=60_000)
    give(page, PASSWORD)
    page.get_by_role("link", name="Study desk").wait_for(timeout=60_000)
    other = page.context.new_page()
    other.goto(door)
    other.get_by_label("Researchers' password").wait_for(timeout=60_000)
    assert other.get_by_role("link", name="Study desk").count() == 0, "a session is one tab's, and no cookie carries it"
    held = page.evaluate("JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}])")
    assert PASSWORD not in held
    assert {cookie["name"] for cookie in page.context.cookies()} <= {"_streamlit_xsrf"}
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Researchers' password").wait_for(timeout=60_000)
    expect(page.get_by_role("link", name="Study desk")).to_have_count(0)
    page.reload()
    page.get_by_label("Researchers' password").wait_for(timeout=60_000)
    assert page.get_by_role("link", name="Study desk").count() == 0
    log = own_server.log.read_text(encoding="utf-8")
    assert PASSWORD not in log
    assert "a-guess-of-the-test" not in log
    assert "warning" not in log, "the secrets are their owner's alone"
