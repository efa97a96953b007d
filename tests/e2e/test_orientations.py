"""The viewer shows a head's marks on the sides where every other picture has them; see tests/test_orientation.py."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from app.server.routes import asset_path
from brainlab.images.grid import PLANES, Grid
from tests.orientation_marks import MARKS, ORDERS, check_sides, drawn_head, marked, scanned_head, side_of_mark

pytestmark = pytest.mark.browser

AFFINE = np.diag([2.0, 2, 2, 1])


def canvases(page: Page, planes: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return the pixels of the viewer's canvases."""
    found = {}
    for plane in planes:
        url = page.locator(f"#probe canvas[data-plane={plane}]").evaluate("canvas => canvas.toDataURL()")
        found[plane] = picture_of(url)
    return found


def picture_of(url: str) -> np.ndarray:
    """Return the grey pixels of a data URL."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("L"))


def show(mount_viewer, page: Page, image: np.ndarray, grid: Grid) -> dict[str, np.ndarray]:
    levels = np.rint(255 * image).reshape(grid.volume_shape)
    options = {"affine": grid.affine.tolist(), "planes": list(grid.planes), "crosshairShown": False, "labels": False}
    mount_viewer(page, levels, width=900, **options)
    assert page.locator("#probe canvas.bv-plane").count() == len(grid.planes)
    return canvases(page, grid.planes)


@pytest.mark.parametrize("mark", MARKS)
def test_marks_of_a_volume_and_of_its_slices_are_on_their_sides(page, mount_viewer, mark):
    image = marked(drawn_head(), mark)
    volumes = Grid(image.shape, AFFINE)
    check_sides(show(mount_viewer, page, image, volumes), mark)
    for plane in PLANES:
        check_sides(show(mount_viewer, page, volumes.cut(image, plane), volumes.slice_grid(plane)), mark)


STAGE = """
async ([path, text, shape, plane]) => {
  const { Stage } = await import(path);
  const element = document.body.appendChild(document.createElement("div"));
  element.id = "case";
  element.style.cssText = "position: fixed; inset: 0; width: 700px; height: 700px";
  globalThis.stage = new Stage(element, { pixels: async () => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)) });
  const shown = { id: "1", kind: "slice", shape, voxel_size_mm: [1, 1], images: 1 };
  await stage.show(shown, { plane, questions: [], window: "fixed", interpolation: "nearest" });
  stage.viewers[0].paint();
  return element.querySelector("canvas.bv-plane").toDataURL();
}
"""


VALUE = "([x, y]) => stage.viewers[0].state.data[x * stage.viewers[0].state.shape[1] + y]"


@pytest.mark.parametrize("mark", MARKS)
def test_a_case_of_a_study_is_shown_as_it_was_rendered_and_points_lead_back(page, mount_viewer, mark):
    image = marked(drawn_head(), mark)
    grid = Grid(image.shape, AFFINE)
    mount_viewer(page, np.zeros((4, 4, 4)))  # any page on which scripts can run
    for plane in PLANES:
        pixels = np.rint(255 * grid.view(image, plane)).astype(np.uint8)
        text = base64.b64encode(pixels.tobytes()).decode()
        url = page.evaluate(STAGE, [asset_path("reading_room/stage.js"), text, list(pixels.shape), plane])
        check_sides({plane: picture_of(url)}, mark)
        row, column = np.argwhere(pixels == pixels.max())[0]
        voxel = page.evaluate("voxel => stage.voxelOf({ voxel })", [int(row), int(column)])
        assert page.evaluate(VALUE, voxel) == pixels.max()
        assert page.evaluate("voxel => stage.placeAt(voxel, 'axial').voxel", voxel) == [row, column]
        page.evaluate("stage.destroy(); document.querySelector('#case').remove()")


@pytest.mark.realdata
@pytest.mark.parametrize("order", ORDERS)
def test_a_file_in_any_axis_order_is_shown_the_same_way_round(page, mount_viewer, order):
    head = scanned_head(order)
    check_sides(show(mount_viewer, page, marked(head, "nose"), Grid(head.shape, AFFINE)), "nose")
    check_sides(show(mount_viewer, page, head, Grid(head.shape, AFFINE)), "letters")
    page.locator("#probe .bv").focus()
    page.keyboard.press("v")
    page.wait_for_function("document.querySelector('#probe .bv-convention').textContent.startsWith('Neurological')")
    page.wait_for_function("viewer.pending === null")
    assert side_of_mark(canvases(page, ("axial",))["axial"], "left") == "right"
