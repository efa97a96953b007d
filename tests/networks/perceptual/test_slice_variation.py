"""Labels move as their slices do, sides change names in a mirror, and the same draw gives the same slices."""

import math

import pytest
import torch
from scipy import ndimage

from brainlab.networks.perceptual import slice_variation
from brainlab.networks.perceptual.slice_variation import _blurred, mirrored, vary


def test_left_and_right_are_partners():
    assert mirrored(["background", "left-white", "ventricles", "right-white"]) == (0, 3, 2, 1)
    assert mirrored(["Left-Caudate", "Right-Caudate", "ctx-lh-insula", "ctx-rh-insula"]) == (1, 0, 3, 2)
    assert mirrored(["background", "left-white"]) is None
    assert mirrored(["brightness", "cleft"]) == (0, 1)


def boxes(n: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    """A bright box in label 2 to the right (the end of X) of a dark one in label 1, in slices that are not square."""
    labels = torch.zeros(n, 48, 32, dtype=torch.uint8)
    labels[:, 10:24, 8:24], labels[:, 24:38, 8:24] = 1, 2
    return (0.4 * (labels > 0) + 0.6 * (labels == 2))[:, None], labels


def test_labels_move_with_their_slices(monkeypatch):
    """What is bright is label 2, or 1 in slices that were mirrored, where it comes to lie on the left."""
    monkeypatch.setattr(slice_variation, "_changed", lambda image, _: image)
    image, labels = boxes(32)
    moved, placed = vary(image, labels, (0, 2, 1), torch.Generator().manual_seed(0))
    inner = torch.from_numpy(
        ndimage.binary_erosion((placed > 0).numpy(), structure=[[[1] * 3] * 3]) & (moved[:, 0].numpy() > 0.9)
    )
    rows = torch.arange(48.0)[:, None]
    flips = 0
    for number in range(32):
        bright = placed[number][inner[number]]
        assert len(bright) > 50
        assert len(set(bright.tolist())) == 1
        middle = {k: (rows * (placed[number] == k)).sum() / (placed[number] == k).sum() for k in (1, 2)}
        assert middle[1] < middle[2]  # whatever is on the left is called left
        flips += int(bright[0]) == 1
    assert 5 < flips < 27
    sizes = (placed > 0).sum((1, 2)) / (labels > 0).sum((1, 2))
    assert (sizes > 0.72).all()
    assert (sizes < 1.36).all()
    assert len(set(sizes.tolist())) > 20


def test_a_turn_keeps_the_shape_of_what_is_turned(monkeypatch):
    """In slices of any sides, which a turn in shares of these would shear."""
    for name, value in {"SCALE": 1.0, "SHIFT": 0.0, "TURN_DEGREES": 60.0}.items():
        monkeypatch.setattr(slice_variation, name, value)
    labels = torch.zeros(8, 64, 40, dtype=torch.uint8)
    labels[:, 22:42, 15:25] = 1
    _, placed = vary(labels[:, None].float(), labels, None, torch.Generator().manual_seed(1))
    for shape in placed:
        x, y = torch.nonzero(shape).float().T
        spread = torch.linalg.eigvalsh(torch.cov(torch.stack([x, y])))
        assert spread[0].sqrt().item() == pytest.approx(10 / math.sqrt(12), rel=0.06)
        assert spread[1].sqrt().item() == pytest.approx(20 / math.sqrt(12), rel=0.06)


def test_without_partners_nothing_is_mirrored(monkeypatch):
    monkeypatch.setattr(slice_variation, "_changed", lambda image, _: image)
    image, labels = boxes(16)
    moved, placed = vary(image, labels, None, torch.Generator().manual_seed(0))
    assert set(placed[moved[:, 0] > 0.99].tolist()) == {2}


def test_a_draw_can_be_repeated_and_values_stay_in_range():
    image, labels = boxes()
    one, two, other = (vary(image, labels, None, torch.Generator().manual_seed(seed)) for seed in (4, 4, 5))
    assert torch.equal(one[0], two[0])
    assert torch.equal(one[1], two[1])
    assert not torch.equal(one[0], other[0])
    assert one[0].min() >= 0
    assert one[0].max() <= 1
    assert torch.isfinite(one[0]).all()
    assert set(one[1].unique().tolist()) <= {0, 1, 2}


def test_voxels_that_do_not_count_stay_so():
    image, labels = boxes()
    labels[labels == 1] = 255
    _, placed = vary(image, labels, (0, 2, 1), torch.Generator().manual_seed(0))
    assert set(placed.unique().tolist()) == {0, 1, 2, 255}


def test_blur_is_a_gaussian_of_each_slice_s_own_width():
    image = torch.zeros(3, 1, 21, 17)
    image[:, 0, 10, 8] = 1
    blurred = _blurred(image, torch.tensor([0.0, 0.7, 1.2]))
    torch.testing.assert_close(blurred[0], image[0])
    for number, width in ((1, 0.7), (2, 1.2)):
        expected = ndimage.gaussian_filter(image[number, 0].double().numpy(), width, mode="constant", radius=4)
        torch.testing.assert_close(blurred[number, 0].double(), torch.from_numpy(expected), atol=1e-6, rtol=1e-4)
