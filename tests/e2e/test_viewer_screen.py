"""The viewer on screens of other pixel ratios, and at narrow widths."""

import itertools

import numpy as np
import pytest
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

SHAPES = """
() => [...document.querySelectorAll("#probe canvas.bv-plane")].map((canvas) => {
  const { width, height, left, top } = canvas.getBoundingClientRect();
  return { canvas: [canvas.width, canvas.height], screen: [width, height].map((n) => n * devicePixelRatio), left, top };
})
"""
COLUMN = """
canvas => {
  const y = Math.round(canvas.height * 0.2);
  const row = canvas.getContext("2d").getImageData(0, y, canvas.width, 1).data;
  return Array.from({ length: canvas.width }, (_, x) => [row[4 * x], row[4 * x + 1], row[4 * x + 2]]);
}
"""


SPY = """
globalThis.texts = [];
const { fillText } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  const size = this.measureText(text);
  const [left, right] = [x - size.actualBoundingBoxLeft, x + size.actualBoundingBoxRight];
  const [top, bottom] = [y - size.actualBoundingBoxAscent, y + size.actualBoundingBoxDescent];
  texts.push({ canvas: this.canvas.dataset.plane, text, left, right, top, bottom });
  fillText.call(this, text, x, y);
};
"""
"""Notes what is written on a canvas, and where."""


@pytest.mark.parametrize("ratio", [1, 1.5, 2])
def test_a_pixel_of_the_canvas_is_a_pixel_of_the_screen_and_lines_are_crisp(
    browser: Browser, mount_viewer, right_third, ratio
):
    context = browser.new_context(viewport={"width": 1000, "height": 700}, device_scale_factor=ratio)
    page = mount_viewer(context.new_page(), np.zeros_like(right_third), width=701, labels=False)
    for shape in page.evaluate(SHAPES):
        np.testing.assert_allclose(shape["canvas"], shape["screen"], atol=0.02)
    columns = np.array(page.locator("canvas[data-plane=axial]").evaluate(COLUMN))
    lit = columns[columns.any(axis=1)]
    assert len(lit) == round(ratio), "the crosshair is one CSS pixel wide, in whole pixels of the screen"
    assert len(np.unique(lit, axis=0)) == 1, "all of one colour: no half-covered pixel"
    context.close()


def test_another_screen_is_drawn_for_in_its_own_pixels(page, mount_viewer, right_third):
    mount_viewer(page, right_third)
    before = page.evaluate(SHAPES)[0]["canvas"]
    session = page.context.new_cdp_session(page)
    for height, ratio in ((901, 2), (902, 1.25)):
        # Another height makes Chromium notice the ratio; the viewer's own size stays the same.
        device = {"width": 1400, "height": height, "deviceScaleFactor": ratio, "mobile": False}
        session.send("Emulation.setDeviceMetricsOverride", device)
        page.wait_for_function("ratio => devicePixelRatio === ratio", arg=ratio)
        page.wait_for_timeout(200)
        for shape in page.evaluate(SHAPES):
            np.testing.assert_allclose(shape["canvas"], shape["screen"], atol=0.02)
        assert page.evaluate(SHAPES)[0]["canvas"][0] == pytest.approx(before[0] * ratio, abs=2)


@pytest.mark.parametrize("width", [330, 480, 600, 900])
def test_no_text_lies_on_another(page, mount_viewer, right_third, width):
    page.add_init_script(SPY)
    mount_viewer(page, right_third, width=width)
    page.evaluate("texts.length = 0; viewer.state.slab = 12; viewer.paint()")
    texts = page.evaluate("texts")
    assert {text["text"] for text in texts} >= {"max 12 mm", "A", "R"}
    for one, other in itertools.combinations(texts, 2):
        apart = (
            one["canvas"] != other["canvas"]
            or one["right"] < other["left"]
            or other["right"] < one["left"]
            or one["bottom"] < other["top"]
            or other["bottom"] < one["top"]
        )
        assert apart, (one, other)


@pytest.mark.parametrize("width", [280, 400, 820])
def test_title_and_tools_stay_within_a_narrow_viewer(page, mount_viewer, right_third, width):
    title = "sub-S101P00001 with a name as long as names can be · healthy, 34 y · train"
    mount_viewer(page, right_third, width=width, title=title, note="simulated")
    inner = page.evaluate("""
      () => [...document.querySelectorAll(".bv-bar *")].filter((e) => e.tagName !== "OPTION" && e.offsetWidth)
        .map((e) => e.getBoundingClientRect().right)
    """)
    assert max(inner) <= width
    assert page.get_by_text("simulated").is_visible()
    assert page.locator(".bv-title").get_attribute("title") == title
