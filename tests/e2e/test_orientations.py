"""The viewer shows a head's marks on the sides where every other picture has them; see tests/test_orientation.py."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from brainlab.grid import PLANES, Grid
from tests.orientation_marks import MARKS, ORDERS, check_sides, drawn_head, marked, scanned_head, side_of_mark

pytestmark = pytest.mark.browser

AFFINE = np.diag([2.0, 2, 2, 1])


def canvases(page: Page, planes: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return the pixels of the viewer's canvases."""
    found = {}
    for plane in planes:
        url = page.locator(f"#probe canvas[data-plane={plane}]").evaluate("canvas => canvas.toDataURL()")
        found[plane] = np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("L"))
    return found


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
