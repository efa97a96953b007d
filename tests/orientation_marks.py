"""A head with marks on known sides, and the side of a picture that a mark is on."""

import os
from pathlib import Path

import numpy as np
import pytest

from brainlab.images.volume import Volume

ORDERS = ("ASR", "IRA", "LAS", "LIP", "LPS", "PIR", "RAS", "SPL")
MARKS = ("letters", "nose", "crown")
EXPECTED = {
    ("letters", "axial"): "left",
    ("letters", "coronal"): "left",
    ("nose", "axial"): "top",
    ("nose", "sagittal"): "left",
    ("crown", "coronal"): "top",
    ("crown", "sagittal"): "top",
}
"""Where a mark is in a plane of the radiological convention; `letters` is where the R has more ink than the L."""

BRAIN = 0.4


def drawn_head() -> np.ndarray:
    """Return a head [X, Y, Z] in [0, 1] of which the right half has more ink, as an R has more than an L."""
    head = np.full((32, 40, 28), BRAIN, np.float32)
    head[22:30, 12:28] = 1
    head[4:7, 12:28] = 1
    return head


def scanned_head(order: str) -> np.ndarray:
    """Return the head of a file stored in an axis order, with L and R burnt in; skips where there is none."""
    folder = Path(os.environ.get("BRAINLAB_REALDATA") or "nowhere") / "orientations"
    if not folder.is_dir():
        pytest.skip("BRAINLAB_REALDATA does not name a folder with orientations/")
    data = Volume.load(folder / f"{order}.nii.gz").data
    data = data / data.max()
    return np.where(data > 0.96, 1, BRAIN * data).astype(np.float32)


def marked(head: np.ndarray, mark: str) -> np.ndarray:
    """Return a head with one mark: its letters, or a bright bar from the middle to the nose or to the crown alone."""
    if mark == "letters":
        return head
    image = np.minimum(head, BRAIN)
    x, y, z = head.shape
    image[x // 2 - 2 : x // 2 + 3, 7 * y // 10 :, z // 2 - 2 : z // 2 + 3] = mark == "nose" or BRAIN
    image[x // 2 - 2 : x // 2 + 3, y // 2 - 2 : y // 2 + 3, 7 * z // 10 :] = mark == "crown" or BRAIN
    return image


def side_of_mark(pixels: np.ndarray, expected: str) -> str:
    """Return the side, of the expected one and the opposite one, on which a picture [rows, columns] has more ink."""
    ink = pixels > 0.8 * pixels.max()
    halves = {
        "left": ink[:, : ink.shape[1] // 2],
        "right": ink[:, -(ink.shape[1] // 2) :],
        "top": ink[: ink.shape[0] // 2],
        "bottom": ink[-(ink.shape[0] // 2) :],
    }
    pair = ("left", "right") if expected in ("left", "right") else ("top", "bottom")
    first, second = (int(halves[side].sum()) for side in pair)
    assert max(first, second) > 1.15 * min(first, second), f"no clear side: {first} and {second} bright pixels"
    return pair[first < second]


def check_sides(pictures: dict[str, np.ndarray], mark: str) -> None:
    """Check that a mark is where it belongs in the pictures of some planes."""
    for plane, pixels in pictures.items():
        if side := EXPECTED.get((mark, plane)):
            assert side_of_mark(np.asarray(pixels, dtype=float), side) == side, (mark, plane)
