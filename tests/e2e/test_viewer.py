"""The canvas viewer in a real browser: what is drawn, and what mouse and keys do."""

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from app.server.routes import asset_path

pytestmark = pytest.mark.browser

HALVES = """
element => {
  const { width, height } = element;
  const pixels = element.getContext("2d").getImageData(0, 0, width, height).data;
  const half = (from, to) => {
    let sum = 0;
    for (let y = 0; y < height; y += 4) for (let x = from; x < to; x += 4) sum += pixels[4 * (y * width + x)];
    return sum;
  };
  return [half(0, width / 2), half(width / 2, width)];
}
"""
PLANES = ("axial", "coronal", "sagittal")
AFFINE = [[4, 0, 0, -78], [0, 4, 0, -94], [0, 0, 4, -78], [0, 0, 0, 1]]


@pytest.fixture
def probe(page, mount_viewer, right_third):
    return mount_viewer(page, right_third, affine=AFFINE, crosshairShown=False, labels=False)


def state(page: Page, name: str):
    return page.evaluate(f"viewer.state.{name}")


def test_the_right_of_the_patient_is_on_screen_left_until_the_convention_is_switched(probe):
    canvas = probe.locator("#probe canvas[data-plane=axial]")
    left, right = canvas.evaluate(HALVES)
    assert left > 0
    assert right == 0
    assert "right is on screen left" in probe.locator("#probe .bv-convention").inner_text()
    probe.locator("#probe .bv").focus()
    probe.keyboard.press("v")
    probe.wait_for_function("document.querySelector('#probe .bv-convention').textContent.startsWith('Neuro')")
    left, right = canvas.evaluate(HALVES)
    assert left == 0
    assert right > 0


@pytest.mark.parametrize(("width", "height", "columns"), [(600, 600, 2), (900, 300, 3), (300, 900, 1)])
def test_planes_stand_in_as_many_columns_as_show_them_largest(page, mount_viewer, right_third, width, height, columns):
    probe = mount_viewer(page, right_third, width=width, layout="largest", maxHeight=height, affine=AFFINE)
    boxes = [probe.locator(f"#probe canvas[data-plane={plane}]").bounding_box() for plane in PLANES]
    assert len({box["x"] for box in boxes}) == columns
    assert max(box["y"] + box["height"] for box in boxes) - min(box["y"] for box in boxes) <= height + 1


def test_wheel_keys_and_clicks_move_the_crosshair_in_all_planes(probe):
    box = probe.locator("#probe canvas[data-plane=axial]").bounding_box()
    probe.mouse.move(box["x"] + 40, box["y"] + 40)
    probe.mouse.wheel(0, -100)
    probe.wait_for_function("viewer.state.crosshair[2] === 21")
    probe.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    x, y, z = state(probe, "crosshair")
    assert (x > 24, y > 28, z) == (True, True, 21), "screen left and top are the patient's right and front"
    probe.keyboard.press("PageUp")
    probe.keyboard.press("ArrowDown")
    assert state(probe, "crosshair") == [x, y, 24]


def test_right_drag_sets_the_window_and_keys_choose_presets(probe):
    box = probe.locator("#probe canvas[data-plane=coronal]").bounding_box()
    probe.mouse.move(box["x"] + 60, box["y"] + 60)
    probe.mouse.down(button="right")
    probe.mouse.move(box["x"] + 20, box["y"] + 60, steps=4)
    probe.mouse.up(button="right")
    assert state(probe, "high") - state(probe, "low") < 230
    probe.keyboard.press("1")
    assert (state(probe, "low"), state(probe, "high")) == (0, 255)
    probe.keyboard.press("i")
    assert state(probe, "invert") is True


def test_zoom_pan_enlarge_mosaic_and_reset(probe):
    axial = probe.locator("#probe canvas[data-plane=axial]")
    box = axial.bounding_box()
    probe.mouse.move(box["x"] + 50, box["y"] + 50)
    probe.keyboard.down("Control")
    probe.mouse.wheel(0, -100)
    probe.keyboard.up("Control")
    probe.wait_for_function("viewer.state.zoom > 1")
    axial.dblclick()
    assert not probe.locator("#probe canvas[data-plane=coronal]").is_visible()
    probe.keyboard.press("Escape")
    assert probe.locator("#probe canvas[data-plane=coronal]").is_visible()
    probe.keyboard.press("m")
    assert probe.locator("#probe canvas.bv-mosaic").is_visible()
    probe.keyboard.press("m")
    probe.keyboard.press("0")
    assert state(probe, "zoom") == 1


def test_a_study_can_fix_the_window_the_zoom_and_the_convention_and_hide_values(page, mount_viewer, right_third):
    options = {
        "planes": ["axial"], "spacing": [4, 4, 4], "readout": False, "toolbar": False,
        "windowSwitch": False, "zoomSwitch": False, "conventionSwitch": False, "window": {"low": 0, "high": 255},
    }  # fmt: skip
    mount_viewer(page, right_third[..., :1], **options)
    page.locator("#probe .bv").focus()
    for key in ("1", "i", "v", "+", "a", "3"):
        page.keyboard.press(key)
    kept = {name: page.evaluate(f"viewer.state.{name}") for name in ("low", "high", "invert", "zoom", "convention")}
    assert kept == {"low": 0, "high": 255, "invert": False, "zoom": 1, "convention": "radiological"}
    page.locator("#probe canvas.bv-plane").hover()
    page.mouse.down(button="right")
    page.mouse.move(90, 90)
    assert page.locator("#probe").inner_text().strip() == ""
    assert page.locator("#probe .bv-readout, #probe .bv-bar, #probe .bv-slices").count() == 0


MOUNT = """
async ([path, panels]) => {
  const { mount } = await import(path);
  globalThis.host ??= document.body.appendChild(document.createElement("div"));
  host.style.width = "900px";
  const sent = panels.map((panel) => ({ ...panel, title: "", note: "", buffer: new Uint8Array(panel.size).fill(90) }));
  mount({ data: { kind: "panels", panels: sent, columns: 1, options: {}, group: "g" }, parentElement: host });
  await new Promise((resolve) => setTimeout(resolve, 300));
  const viewer = host.querySelector(".bv").viewer;
  viewer.toggleCine();
  const tools = host.querySelectorAll(".bv-tool").length;
  const place = host.querySelector(".bv-readout").textContent.split(" · ")[0];
  return [viewer.options.planes, viewer.state.data?.length, Boolean(viewer.cine), tools, place];
}
"""


def test_a_slice_has_one_plane_and_no_tools_for_going_through_slices(page, mount_viewer, right_third):
    mount_viewer(page, right_third)  # any page on which scripts can run
    panels = {
        "volume": {"shape": [4, 5, 6], "size": 120, "url": "volume", "affine": AFFINE, "planes": list(PLANES)},
        "slice": {"shape": [4, 1, 6], "size": 24, "url": "slice", "affine": AFFINE, "planes": ["coronal"]},
    }
    address = asset_path("volume_viewer/component.js")
    planes, size, running, tools, place = page.evaluate(MOUNT, [address, [panels["volume"]]])
    assert (planes, size, running) == (list(PLANES), 120, True)
    assert place == "-70, -86, -66 mm"
    planes, size, running, fewer, place = page.evaluate(MOUNT, [address, [panels["slice"]]])
    assert (planes, size, running, fewer) == (["coronal"], 24, False, tools - 3)
    assert place == "-70, -66 mm", "what a model draws lies at no depth"


def test_a_slab_shows_the_maximum_and_cine_runs_until_a_hand_stops_it(probe):
    sagittal = probe.locator("#probe canvas[data-plane=sagittal]")
    probe.evaluate("viewer.setCrosshair([24, 24, 20])")
    probe.wait_for_function("viewer.pending === null")
    assert sum(sagittal.evaluate(HALVES)) == 0, "the bright third begins at voxel 27"
    probe.locator("#probe .bv").focus()
    for expected, bright in ((12, False), (24, True), (0, False)):
        probe.keyboard.press("s")
        probe.wait_for_function("viewer.pending === null")
        assert state(probe, "slab") == expected
        # 4 mm voxels: 12 mm reach two slices to either side, 24 mm three.
        assert (sum(sagittal.evaluate(HALVES)) > 0) == bright
    probe.locator("#probe canvas[data-plane=axial]").hover()
    probe.keyboard.press(" ")
    probe.wait_for_function("viewer.state.crosshair[2] > 23")
    probe.mouse.wheel(0, 100)
    probe.wait_for_function("!viewer.cine")


def test_the_planes_are_saved_as_they_are_on_screen(probe, tmp_path):
    with probe.expect_download() as coming:
        probe.get_by_role("button", name="Save the planes as a PNG").click()
    picture = Image.open(coming.value.path())
    sizes = [
        probe.locator(f"#probe canvas[data-plane={plane}]").evaluate("c => [c.width, c.height]") for plane in PLANES
    ]
    assert picture.width == sum(width for width, _ in sizes)
    assert picture.height == max(height for _, height in sizes)
    pixels = np.asarray(picture.convert("L"))[:, : sizes[0][0]]
    assert pixels[:, : sizes[0][0] // 2].max() > 100
    assert pixels[:, sizes[0][0] // 2 :].max() == 0
