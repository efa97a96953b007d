"""Pages in a real browser, on the tiny workspace."""

import pytest

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", ["", "cohort", "generate", "explorer", "lda", "leaderboard"])
def test_every_page_shows_its_badge_and_its_foot_and_a_brain_where_it_has_one(visit, path, drawn):
    page = visit(path)
    if path != "leaderboard":
        drawn(page)
    assert page.locator(".bl-badge.simulated").count() == 1
    assert "not for diagnosis" in page.locator(".bl-foot").inner_text()
    assert page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count() == 0


def test_panels_side_by_side_share_the_crosshair(visit, drawn):
    page = visit("generate")
    drawn(page)
    panels = page.locator(".bv-panels").first.locator(".bv")
    box = panels.nth(0).locator("canvas[data-plane=axial]").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 3, box["y"] + box["height"] / 3)
    crosshairs = [panels.nth(i).evaluate("e => e.viewer.state.crosshair") for i in range(panels.count())]
    assert len(crosshairs) > 2
    assert crosshairs[0] == crosshairs[1] == crosshairs[2]
    assert crosshairs[0] != [20, 24, 20]
