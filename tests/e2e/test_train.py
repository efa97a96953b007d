"""A training started in a real browser, which goes on without the browser and without the server."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_a_training_outlives_the_page_and_the_server_that_started_it(own_server, tiny_workspace, tmp_path, page, idle):
    own_server.workspace = tmp_path / "workspace"
    own_server.workspace.mkdir()
    (own_server.workspace / "cohorts").symlink_to(tiny_workspace / "cohorts")
    own_server.start()
    page.goto(f"{own_server.url}/train")
    page.get_by_label("Epochs").fill("1")
    page.get_by_label("Epochs").press("Enter")
    page.get_by_text("--epochs 1").wait_for()
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_text("Preparing: libraries, images, network").wait_for()
    page.goto("about:blank")
    own_server.kill()
    own_server.start()
    page.goto(f"{own_server.url}/train")
    page.locator(".stMarkdownBadge", has_text="finished").wait_for()  # it looks again by itself
    page.get_by_text("epoch 1 of 1").wait_for()
    page.wait_for_selector(idle)
    assert page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count() == 0
    expect(page.locator("[data-testid=stImage] img")).to_have_count(1)
    assert page.locator(".bl-badge.simulated").count() == 1
    assert "not for diagnosis" in page.locator(".bl-foot").inner_text()
