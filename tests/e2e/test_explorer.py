"""The latent explorer in a real browser: sliders, undo, share links."""

import hashlib
import re

import numpy as np
import pytest

from app.data.codes import STEPS_PER_UNIT
from brainlab.runs.run import load_run

pytestmark = pytest.mark.browser


def test_a_slider_redraws_the_decoded_volume_of_its_value_and_a_link_shows_the_identical_brain(
    visit, idle, browser, tiny_workspace, drawn, settled, shown_hash
):
    page = visit("explorer?run=tiny-vae")
    viewer = drawn(page)
    slider = page.locator(".bv-slider input[data-dimension]").first
    dimension = int(slider.get_attribute("data-dimension"))
    start = settled(page).evaluate("e => [...e.explorer.start]")
    slider.focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    settled(page)
    code = np.array([start], dtype=np.float32) / STEPS_PER_UNIT
    code[0, dimension] += 12 / STEPS_PER_UNIT
    expected = np.rint(np.clip(load_run(tiny_workspace / "runs" / "tiny-vae").decode(code)[0], 0, 1) * 255).astype(
        np.uint8
    )
    assert viewer.evaluate(shown_hash) == hashlib.sha256(expected.tobytes()).hexdigest()

    page.wait_for_selector(idle)
    page.get_by_role("tab", name="Share and export").click()
    link = page.locator("[data-testid=stCode] code").filter(has_text="z=").first
    address = re.search(r"http\S+", link.inner_text())[0]
    other = browser.new_context().new_page()
    other.goto(address)
    other.wait_for_selector(idle)
    assert drawn(other).evaluate(shown_hash) == hashlib.sha256(expected.tobytes()).hexdigest()
    other.context.close()


def test_undo_goes_back_and_reset_too(visit, drawn, settled, shown_hash):
    page = visit("explorer?run=tiny-vae")
    viewer = drawn(page)
    before = viewer.evaluate(shown_hash)
    slider = page.locator(".bv-slider input[data-dimension]").first
    slider.focus()
    page.keyboard.press("PageUp")
    settled(page)
    assert viewer.evaluate(shown_hash) != before
    page.get_by_role("button", name="Undo").click()
    settled(page)
    assert viewer.evaluate(shown_hash) == before
    for _ in range(2):
        slider.press("PageUp")
    settled(page)
    page.get_by_role("button", name="⟲ Start").click()
    settled(page)
    assert viewer.evaluate(shown_hash) == before


def test_a_drag_that_ends_where_it_began_does_not_take_the_next_one_with_it(visit, drawn, settled):
    page = visit("explorer?run=tiny-vae")
    drawn(page)
    slider = page.locator(".bv-slider input[data-dimension]").first
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 + 2)
    for way in (0, 40):
        page.mouse.move(*middle)
        page.mouse.down()
        page.mouse.move(middle[0] + 40, middle[1], steps=3)
        page.mouse.move(middle[0] + way, middle[1], steps=3)
        page.mouse.up()
    explorer = settled(page)
    assert explorer.evaluate("e => e.explorer.dragging") is None
    assert explorer.evaluate("e => e.explorer.history.length") == 2


def test_the_ends_of_a_direction_stand_still_while_it_is_dragged(visit, drawn, settled):
    page = visit("explorer?run=tiny-vae")
    drawn(page)
    slider = page.get_by_label("Brightness")
    slider.scroll_into_view_if_needed()
    explorer = settled(page)
    explorer.evaluate("""e => {
      const { explorer } = e;
      const k = explorer.directions.findIndex((direction) => direction.name === "Brightness");
      explorer.directions[k].moved += 3 * (explorer.directions[k].high - explorer.directions[k].low);
      explorer.request();
    }""")
    ends = [slider.get_attribute(name) for name in ("min", "max")]
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2 + 2)
    page.mouse.down()
    for share in (0.9, 0.8, 0.7):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2 + 2, steps=3)
        assert [slider.get_attribute(name) for name in ("min", "max")] == ends
    page.mouse.up()


def test_far_beyond_the_scans_a_direction_says_no_more_than_that(visit, drawn, settled):
    page = visit("explorer?run=tiny-vae")
    drawn(page)
    settled(page)
    row = page.locator(".bv-slider").filter(has=page.get_by_label("Brightness"))
    found = page.locator(".bv-explorer").evaluate("e => e.explorer.directions.find((it) => it.name === 'Brightness')")
    said, (low, high) = row.locator("output"), (found["low"], found["high"])
    assert said.inner_text().strip() == f"over {high:.2f}", "where an untrained run encodes a scan"
    for _ in range(200):
        page.get_by_label("Brightness").press("ArrowLeft")
        if "over" not in said.inner_text():
            break
    assert float(said.inner_text()) <= high + (high - low) / 4 + 0.005


def test_a_dimension_is_reached_by_its_number(visit, drawn):
    page = visit("explorer?run=tiny-ivae")
    drawn(page)
    page.get_by_label("dimension", exact=True).fill("175")
    page.get_by_role("button", name="Show", exact=True).click()
    assert page.locator(".bv-slider input[data-dimension]").first.get_attribute("data-dimension") == "175"


def test_a_damaged_share_link_is_refused_in_one_line(visit):
    page = visit("explorer?run=tiny-vae&z=damaged")
    assert "share link is damaged" in page.locator("[data-testid=stAlert]").inner_text()
    assert page.locator("[data-testid=stException]").count() == 0


def test_a_direction_moves_the_whole_code_and_undo_brings_it_back(visit, idle, drawn, settled, shown_hash):
    page = visit("explorer?run=tiny-vae")
    page.get_by_text("Zeros", exact=True).click()  # the codes of an untrained run lie within one step of each other
    page.get_by_text("all zeros").first.wait_for()  # the page may look idle before it has taken the click
    page.wait_for_selector(idle)
    viewer = drawn(page)
    settled(page)
    before = viewer.evaluate(shown_hash)
    slider = page.get_by_label("Brightness")
    value = slider.input_value()
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert float(slider.input_value()) > float(value)
    explorer = page.locator(".bv-explorer")
    settled(page)
    changed = explorer.evaluate("e => e.explorer.code.filter((step) => step !== 0).length")
    assert changed > 1
    page.get_by_role("button", name="Start", exact=False).last.click()
    assert float(slider.input_value()) == pytest.approx(float(value))
    settled(page)
    assert viewer.evaluate(shown_hash) == before


def test_an_open_comparison_follows_the_sliders(visit, drawn, settled, shown_hash):
    page = visit("explorer?run=tiny-vae")
    viewer = drawn(page)
    page.get_by_role("tab", name="Compare").click()
    panels = page.locator(".bv-panels .bv")
    panels.nth(1).wait_for()
    slider = page.locator(".bv-slider input[data-dimension]").first
    slider.focus()
    page.keyboard.press("End")
    settled(page)
    page.wait_for_function(
        "([now, explorer]) => now.viewer.state.data?.every((value, i) => value === explorer.viewer.state.data[i])",
        arg=[panels.nth(1).element_handle(), viewer.element_handle()],
    )
    assert panels.nth(0).evaluate(shown_hash) != viewer.evaluate(shown_hash)
