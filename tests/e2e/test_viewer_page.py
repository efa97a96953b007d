"""The viewer on the app's pages: its place, its pictures through a rerun, its foot, and still pictures without it."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

HEIGHTS = """
element => {
  const host = element.querySelector("[data-testid=stBidiComponentIsolated]").shadowRoot.querySelector(".bv-host");
  return [parseFloat(getComputedStyle(element, "::before").height), host.getBoundingClientRect().height];
}
"""
CANVASES = """
  const canvases = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
    .flatMap((host) => [...host.shadowRoot.querySelectorAll("canvas[data-plane=axial]")]);
  const mean = (canvas) => {
    if (!canvas.width || !canvas.height) return 0;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) sum += data[i];
    return (4 * sum) / data.length;
  };
"""
DRAWN = "() => {" + CANVASES + "return canvases.length >= 5 && canvases.every((canvas) => mean(canvas) > 5); }"
"""Whether all viewers show something: slow machines take more than a second until they do."""

BRIGHTNESS = (
    "() => {"
    + CANVASES
    + """
  globalThis.darkest = Infinity;
  globalThis.frames = 0;
  const watch = () => {
    const visible = canvases.filter((canvas) => canvas.isConnected);
    darkest = Math.min(darkest, visible.length === canvases.length ? Math.min(...visible.map(mean)) : 0);
    frames += 1;
    requestAnimationFrame(watch);
  };
  watch();
  return canvases.length;
}
"""
)
"""Notes in every frame how dark the darkest of the viewers that are there now ever gets; one that is gone is black."""


@pytest.mark.parametrize(
    ("path", "key", "width"),
    [("cohort", "cohort-scan", 1400), ("generate", "reconstructions", 1400), ("generate", "reconstructions", 820)],
)
def test_the_place_of_a_viewer_is_kept_before_its_script_is_there(visit, page, path, key, width):
    page.set_viewport_size({"width": width, "height": 900})
    visit(path)
    page.locator(".bv canvas").first.wait_for()
    kept, needed = page.locator(f".st-key-{key}").evaluate(HEIGHTS)
    # Tools that do not fit beside the title take another line.
    assert 0 <= needed - kept < 40


def resting_place(page, element):
    """Return how far down an element lies once it has not moved for a second: slow machines draw a page for longer."""
    place = None
    while place != (found := element.bounding_box()["y"]):
        place = found
        page.wait_for_timeout(1000)
    return place


def test_nothing_below_a_viewer_moves_when_its_script_comes(visit, page):
    held, released = [], False
    page.route("**/component.js", lambda route: route.continue_() if released else held.append(route))
    visit("generate")
    below = page.get_by_role("button", name="Download").first
    below.wait_for()
    before = resting_place(page, below)
    assert page.locator(".bv canvas").count() == 0
    released = True  # a request that comes late, on a slow machine, would else be held for good
    for route in held:
        route.continue_()
    page.locator(".bv canvas").first.wait_for()
    assert resting_place(page, below) == pytest.approx(before, abs=4)


def test_viewers_keep_their_pictures_until_the_next_ones_are_there(visit, idle):
    page = visit("generate")
    page.get_by_role("tab", name="Samples").click()
    page.wait_for_function("() => [...document.querySelectorAll('.st-key-gallery-tiny-vae')].length")
    page.locator(".st-key-gallery-tiny-vae canvas[data-plane=axial]").first.wait_for()
    page.wait_for_function(DRAWN)
    assert page.evaluate(BRIGHTNESS) >= 5
    seed = page.get_by_role("spinbutton", name="Seed")
    seed.fill("3")
    seed.press("Enter")
    page.wait_for_timeout(500)
    page.wait_for_selector(idle)
    page.get_by_role("slider", name="Samples per run").press("ArrowRight")
    expect(page.locator(".st-key-gallery-tiny-vae").get_by_text("draw 5")).to_be_visible()
    page.wait_for_timeout(500)
    assert page.evaluate("frames") > 20
    assert page.evaluate("darkest") > 5


def test_several_viewers_name_convention_and_colours_once_below(visit):
    page = visit("generate")
    element = page.locator(".st-key-reconstructions")
    foot = element.locator(".bv-foot")
    expect(foot).to_contain_text("Radiological")
    assert not foot.locator(".bv-colours").is_visible()
    page.get_by_text("Difference to the original").click()
    expect(foot.locator(".bv-colours")).to_be_visible()
    assert re.sub(r"\s+", " ", foot.inner_text()).endswith("difference −0.25 +0.25")
    foot.get_by_label("overlay opacity").fill("0.2")
    viewers = element.locator(".bv")
    assert viewers.evaluate_all("all => all.map((e) => e.viewer.state.overlayOpacity)") == [0.2] * viewers.count()
    viewers.nth(1).focus()
    page.keyboard.press("v")
    expect(foot).to_contain_text("Neurological")


@pytest.mark.parametrize("hindrance", ["no script", "no style sheets"])
def test_where_the_script_cannot_run_still_pictures_are_shown(visit, page, hindrance):
    if hindrance == "no script":
        page.route("**/component.js", lambda route: route.abort())
    else:
        page.add_init_script("delete globalThis.CSSStyleSheet.prototype.replaceSync")
    visit("generate")
    element = page.locator(".st-key-reconstructions")
    expect(element.get_by_text("This browser shows still pictures")).to_be_visible()
    assert "Original" in element.locator("figcaption").all_inner_texts()
    expect(element.locator("img")).to_have_count(element.locator("figcaption").count())
    for image in element.locator("img").element_handles():
        page.wait_for_function("image => image.naturalHeight > 300", arg=image)
    assert element.locator("canvas").count() == 0
    visit("explorer?run=tiny-vae")
    picture = page.locator(".st-key-explorer img")
    picture.wait_for()
    page.wait_for_function("image => image.naturalHeight > 300", arg=picture.element_handle())
