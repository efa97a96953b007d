"""Files stored in eight axis orders, with L and R burnt in, all show them at the side that the convention names."""

import os
from pathlib import Path

import numpy as np
import pytest

from brainlab.volume import Volume

pytestmark = [pytest.mark.browser, pytest.mark.realdata]

ORDERS = ("ASR", "IRA", "LAS", "LIP", "LPS", "PIR", "RAS", "SPL")
INK = """
canvas => {
  const { width, height } = canvas;
  const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  const ink = [0, 0];
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) {
    if (pixels[4 * (y * width + x)] > 245) ink[x < width / 2 ? 0 : 1] += 1;
  }
  return ink;
}
"""


@pytest.fixture(scope="module")
def folder() -> Path:
    found = Path(os.environ.get("BRAINLAB_REALDATA") or "nowhere") / "orientations"
    if not found.is_dir():
        pytest.skip("BRAINLAB_REALDATA does not name a folder with orientations/")
    return found


@pytest.mark.parametrize("order", ORDERS)
def test_the_letter_r_is_on_the_side_that_the_convention_names(page, mount_viewer, folder, order):
    volume = Volume.load(folder / f"{order}.nii.gz")
    content = np.rint(255 * volume.data / volume.data.max())
    options = {"affine": volume.affine.tolist(), "crosshairShown": False, "labels": False}
    mount_viewer(page, content, width=900, **options)
    for convention, right_side in (("Radiological", 0), ("Neurological", 1)):
        page.wait_for_function(
            "name => document.querySelector('#probe .bv-convention').textContent.startsWith(name)", arg=convention
        )
        for plane in ("axial", "coronal"):
            ink = page.locator(f"#probe canvas[data-plane={plane}]").evaluate(INK)
            # An R takes more ink than an L.
            assert ink[right_side] > 1.15 * ink[1 - right_side] > 0, (convention, plane)
        page.locator("#probe .bv").focus()
        page.keyboard.press("v")
