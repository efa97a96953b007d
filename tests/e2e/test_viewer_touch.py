"""The viewer under fingers: one, two, a long press, a double tap, and the page that still scrolls."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

Points = list[tuple[float, float]]


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 420, "height": 800}, has_touch=True, is_mobile=True, device_scale_factor=2
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors


@pytest.fixture
def touch(phone: Page) -> Callable[..., None]:
    """Return a function that puts fingers down, moves them through further places and lifts them."""
    session = phone.context.new_cdp_session(phone)

    def send(kind: str, points: Points) -> None:
        touches = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def go(*places: Points, hold_ms: int = 0) -> None:
        send("touchStart", places[0])
        phone.wait_for_timeout(hold_ms)
        for points in places[1:]:
            send("touchMove", points)
            phone.wait_for_timeout(20)
        send("touchEnd", [])

    return go


@pytest.fixture
def shown(phone: Page, mount_viewer, right_third: np.ndarray) -> Page:
    return mount_viewer(phone, right_third, width=420)


def middle(page: Page, plane: str) -> tuple[float, float]:
    box = page.locator(f"canvas[data-plane={plane}]").bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_one_finger_moves_the_crosshair_and_a_tap_does_so_at_once(shown, touch):
    x, y = middle(shown, "axial")
    touch([(x, y)], [(x - 20, y)], [(x - 40, y - 40)])
    right, front, top = shown.evaluate("viewer.state.crosshair")
    assert (right > 22, front > 26, top) == (True, True, 20)
    touch([(x, y)])
    assert shown.evaluate("viewer.state.crosshair") != [right, front, top]


def test_two_fingers_zoom_and_pan_about_what_lies_between_them(shown, touch):
    before = shown.evaluate("viewer.state.crosshair")
    x, y = middle(shown, "axial")
    voxel = "([x, y]) => viewer.painters.axial.voxelAt(viewer.state, x, y)"
    box = shown.locator("canvas[data-plane=axial]").bounding_box()
    held = shown.evaluate(voxel, [x + 10 - box["x"], y - box["y"]])
    touch(
        [(x - 20, y), (x + 40, y)],
        [(x - 40, y + 10), (x + 60, y + 10)],
        [(x - 60, y + 30), (x + 120, y + 30)],
    )
    assert shown.evaluate("viewer.state.zoom") == pytest.approx(3, rel=0.05)
    moved = shown.evaluate(voxel, [x + 30 - box["x"], y + 30 - box["y"]])
    assert abs(moved["u"] - held["u"]) <= 1, "what was between the fingers is between them still"
    assert abs(moved["v"] - held["v"]) <= 1
    assert shown.evaluate("viewer.state.crosshair") == before, "the crosshair stays"


def test_a_long_press_then_a_drag_sets_the_window(shown, touch):
    crosshair = shown.evaluate("viewer.state.crosshair")
    x, y = middle(shown, "axial")
    touch([(x, y)], [(x - 30, y)], [(x - 60, y)], hold_ms=600)
    assert shown.evaluate("viewer.state.high - viewer.state.low") < 230
    assert shown.evaluate("viewer.state.crosshair") == crosshair
    assert not shown.locator(".bv-hint").is_visible()


def test_a_double_tap_shows_one_plane_and_another_shows_all(shown, touch):
    for alone in (True, False):
        x, y = middle(shown, "axial")
        touch([(x, y)])
        touch([(x, y)])
        shown.wait_for_timeout(700)
        assert shown.locator("canvas[data-plane=coronal]").is_visible() is not alone


def test_the_slider_steps_through_the_plane_last_touched(shown, touch):
    x, y = middle(shown, "coronal")
    touch([(x, y)])
    slider = shown.get_by_label("slice", exact=True)
    assert slider.is_visible()
    slider.focus()
    before = shown.evaluate("viewer.state.crosshair")
    shown.keyboard.press("ArrowRight")
    assert shown.evaluate("viewer.state.crosshair") == [before[0], before[1] + 1, before[2]]
    assert "coronal" in shown.locator(".bv-slices").inner_text()


def test_buttons_are_large_enough_for_a_finger(shown):
    sizes = shown.locator(".bv-tool").evaluate_all("all => all.map((e) => [e.offsetWidth, e.offsetHeight])")
    assert len(sizes) > 5
    assert min(min(size) for size in sizes) >= 32


def test_a_page_scrolls_under_a_finger_beside_the_planes_but_not_on_them(shown, touch):
    shown.evaluate("document.body.style.height = '3000px'; document.querySelector('#probe').style.position = 'static'")
    x, y = middle(shown, "axial")
    touch([(x, y + 40)], [(x, y)], [(x, y - 40)])
    assert shown.evaluate("scrollY") == 0
    bar = shown.locator(".bv-status").bounding_box()
    below = bar["y"] + bar["height"] / 2
    touch([(x, below)], *([(x, below - step)] for step in range(20, 200, 20)))
    shown.wait_for_function("scrollY > 50")
