"""Pages in a real browser, on the tiny workspace."""

import hashlib
import re

import numpy as np
import pytest

from app.routes import asset_path
from brainlab.experiments.runs import load_run

pytestmark = pytest.mark.browser

SHOWN_HASH = """
async element => {
  const bytes = element.viewer.state.data;
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].map((b) => b.toString(16).padStart(2, "0")).join("");
}
"""

# An explorer of two dimensions and 2 x 2 x 2 voxels, whose requests wait until the test answers them.
PROBE = """
async path => {
  const { mount } = await import(path);
  const { encodeCode } = await import(path.replace("component.js", "codes.js"));
  const host = document.createElement("div");
  document.body.append(host);
  const waiting = [];
  window.fetch = (url) => new Promise((resolve) => waiting.push({ url, resolve }));
  const code = (...steps) => encodeCode(Int16Array.of(steps[0], steps[1] ?? 0));
  const show = (data) => mount({ parentElement: host, setStateValue() {}, data: {
    kind: "explorer", shape: [2, 2, 2], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
    title: "", note: "", order: [0, 1], low: code(-64, -64), high: code(64, 64), ...data } });
  const until = async (holds) => {
    for (let turn = 0; turn < 500 && !holds(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    if (!holds()) throw new Error(`never: ${holds}`);
  };
  const answer = async (url, grey) => {
    const place = () => waiting.findIndex((request) => request.url === url);
    await until(() => place() >= 0);
    const reply = new Response(new Uint8Array(8).fill(grey), { headers: { "X-Request": "1" } });
    const read = reply.arrayBuffer.bind(reply);
    let taken = false;
    reply.arrayBuffer = () => read().finally(() => { taken = true; });
    waiting.splice(place(), 1)[0].resolve(reply);
    await until(() => taken);
    await new Promise((resolve) => setTimeout(resolve, 0)); // what waits for the bytes goes on first
  };
  BODY
}
"""


@pytest.fixture
def probe(visit):
    """Return a function that runs script lines with `show(data)`, `answer(url, grey)`, `code(...steps)` and `host`."""
    return lambda body: visit("cohort").evaluate(PROBE.replace("BODY", body), asset_path("component.js"))


def drawn(page, selector=".bv"):
    """Wait until the first viewer shows a volume."""
    viewer = page.locator(selector).first
    viewer.wait_for()
    page.wait_for_function("e => e.viewer.state.data !== null", arg=viewer.element_handle())
    return viewer


@pytest.mark.parametrize("path", ["", "cohort", "generate", "explorer", "lda"])
def test_every_page_shows_a_brain_its_badge_and_its_foot(visit, path):
    page = visit(path)
    drawn(page)
    assert page.locator(".bl-badge.simulated").count() == 1
    assert "not for diagnosis" in page.locator(".bl-foot").inner_text()
    assert page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count() == 0


def test_a_slider_redraws_the_decoded_volume_of_its_value_and_a_link_shows_the_identical_brain(
    visit, idle, browser, tiny_workspace
):
    page = visit("explorer?run=tiny-vae")
    viewer = drawn(page)
    slider = page.locator(".bv-slider input[data-dimension]").first
    dimension = int(slider.get_attribute("data-dimension"))
    slider.focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "e => !e.explorer.running && e.explorer.drawn === e.explorer.requests",
        arg=page.locator(".bv-explorer").element_handle(),
    )
    code = np.zeros((1, 8), dtype=np.float32)
    code[0, dimension] = 12 / 64
    expected = np.rint(np.clip(load_run(tiny_workspace / "runs" / "tiny-vae").decode(code)[0], 0, 1) * 255).astype(
        np.uint8
    )
    assert viewer.evaluate(SHOWN_HASH) == hashlib.sha256(expected.tobytes()).hexdigest()

    page.wait_for_selector(idle)
    page.get_by_role("tab", name="Share and export").click()
    link = page.locator("[data-testid=stCode] code").filter(has_text="z=").first
    address = re.search(r"http\S+", link.inner_text())[0]
    other = browser.new_context().new_page()
    other.goto(address)
    other.wait_for_selector(idle)
    assert drawn(other).evaluate(SHOWN_HASH) == hashlib.sha256(expected.tobytes()).hexdigest()
    other.context.close()


def test_undo_goes_back_and_reset_too(visit):
    page = visit("explorer?run=tiny-vae")
    viewer = drawn(page)
    before = viewer.evaluate(SHOWN_HASH)
    slider = page.locator(".bv-slider input[data-dimension]").first
    slider.focus()
    page.keyboard.press("PageUp")
    explorer = page.locator(".bv-explorer").element_handle()
    idle = "e => !e.explorer.running && e.explorer.drawn === e.explorer.requests"
    page.wait_for_function(idle, arg=explorer)
    assert viewer.evaluate(SHOWN_HASH) != before
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function(idle, arg=explorer)
    assert viewer.evaluate(SHOWN_HASH) == before


def test_a_renewed_address_of_the_decoder_keeps_position_and_history(probe):
    found = probe(
        """
        show({ run: "a", decodeUrl: "/old", revision: 1, code: code(0) });
        await answer("/old", 10);
        const { explorer } = host.querySelector(".bv-explorer");
        const slider = host.querySelector("input[data-dimension]");
        slider.value = 20;
        slider.dispatchEvent(new Event("input"));
        await answer("/old", 20);
        show({ run: "a", decodeUrl: "/new", revision: 1, code: code(0) });
        const kept = host.querySelector(".bv-explorer").explorer === explorer;
        explorer.undo();
        await answer("/new", 10);
        show({ run: "b", decodeUrl: "/other", revision: 1, code: code(0) });
        return [kept, host.querySelector(".bv-explorer").explorer === explorer];
        """
    )
    assert found == [True, False]


def test_a_reply_to_an_earlier_start_or_cohort_is_not_taken_for_the_present_one(probe):
    found = probe(
        """
        const histograms = (url) => ({ url, classes: [url], bins: 1 });
        show({ run: "a", decodeUrl: "/code", revision: 1, code: code(0), histograms: histograms("/first") });
        show({ run: "a", decodeUrl: "/code", revision: 2, code: code(32), histograms: histograms("/second") });
        const slider = host.querySelector("input[data-dimension]");
        slider.value = 40;
        slider.dispatchEvent(new Event("input"));
        await answer("/second", 2);
        await answer("/first", 1);
        for (const grey of [10, 20, 30]) await answer("/code", grey);
        const { explorer } = host.querySelector(".bv-explorer");
        return [explorer.startVolume[0], explorer.shownVolume[0], explorer.histograms.bytes[0], explorer.running];
        """
    )
    assert found == [20, 30, 2, False]


def test_a_dimension_is_reached_by_its_number(visit):
    page = visit("explorer?run=tiny-ivae")
    drawn(page)
    page.get_by_label("dimension", exact=True).fill("175")
    page.get_by_role("button", name="Show", exact=True).click()
    assert page.locator(".bv-slider input[data-dimension]").first.get_attribute("data-dimension") == "175"


def test_panels_side_by_side_share_the_crosshair(visit):
    page = visit("generate")
    drawn(page)
    panels = page.locator(".bv-panels").first.locator(".bv")
    box = panels.nth(0).locator("canvas[data-plane=axial]").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 3, box["y"] + box["height"] / 3)
    crosshairs = [panels.nth(i).evaluate("e => e.viewer.state.crosshair") for i in range(panels.count())]
    assert len(crosshairs) > 2
    assert crosshairs[0] == crosshairs[1] == crosshairs[2]
    assert crosshairs[0] != [20, 24, 20]


def test_a_damaged_share_link_is_refused_in_one_line(visit):
    page = visit("explorer?run=tiny-vae&z=damaged")
    assert "share link is damaged" in page.locator("[data-testid=stAlert]").inner_text()
    assert page.locator("[data-testid=stException]").count() == 0


def test_a_direction_moves_the_whole_code_and_undo_brings_it_back(visit):
    page = visit("explorer?run=tiny-vae")
    viewer = drawn(page)
    before = viewer.evaluate(SHOWN_HASH)
    slider = page.get_by_label("Brightness")
    value = slider.input_value()
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert float(slider.input_value()) > float(value)
    explorer = page.locator(".bv-explorer")
    page.wait_for_function(
        "e => !e.explorer.running && e.explorer.drawn === e.explorer.requests", arg=explorer.element_handle()
    )
    changed = explorer.evaluate("e => e.explorer.code.filter((step) => step !== 0).length")
    assert changed > 1
    page.get_by_role("button", name="Start", exact=False).last.click()
    assert float(slider.input_value()) == pytest.approx(float(value))
    page.wait_for_function(
        "e => !e.explorer.running && e.explorer.drawn === e.explorer.requests", arg=explorer.element_handle()
    )
    assert viewer.evaluate(SHOWN_HASH) == before


def test_an_open_comparison_follows_the_sliders(visit):
    page = visit("explorer?run=tiny-vae")
    viewer = drawn(page)
    page.get_by_role("tab", name="Compare").click()
    panels = page.locator(".bv-panels .bv")
    panels.nth(1).wait_for()
    slider = page.locator(".bv-slider input[data-dimension]").first
    slider.focus()
    page.keyboard.press("End")
    explorer = page.locator(".bv-explorer")
    page.wait_for_function(
        "e => !e.explorer.running && e.explorer.drawn === e.explorer.requests", arg=explorer.element_handle()
    )
    page.wait_for_function(
        "([now, explorer]) => now.viewer.state.data?.every((value, i) => value === explorer.viewer.state.data[i])",
        arg=[panels.nth(1).element_handle(), viewer.element_handle()],
    )
    assert panels.nth(0).evaluate(SHOWN_HASH) != viewer.evaluate(SHOWN_HASH)
