"""Structural similarity by one axis after the other: the numbers of MONAI, whose window takes all axes at once."""

import pytest
import torch
from monai.metrics import MultiScaleSSIMMetric, SSIMMetric

from brainlab.evaluation.ssim import multi_scale_similarity, similarity_and_contrast

SHAPES = [(19, 24), (13, 17, 12)]


def pair(shape: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return three pairs of images: alike, of other contrast, and negatives, whose similarity is below 0."""
    torch.manual_seed(0)
    a = torch.rand(3, 1, *shape)
    b = torch.stack([a[0] + 0.05 * torch.rand(1, *shape), 0.3 + 0.4 * a[1], 1 - a[2]])
    return a, b


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("window", "data_range"), [(11, 1.0), (7, 2.0)])
def test_similarity_is_that_of_monai(shape, window, data_range):
    a, b = pair(shape)
    theirs = SSIMMetric(len(shape), data_range, win_size=window, reduction="none")(a, b)
    ours, _ = similarity_and_contrast(a, b, window, data_range)
    assert ours.tolist() == pytest.approx(theirs.flatten().tolist(), abs=1e-5)
    assert ours[2] < 0 < ours[1] < ours[0] < 1


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("weights", [(0.3, 0.7), (0.2, 0.3, 0.5)])
def test_several_scales_are_those_of_monai(shape, weights):
    a, b = pair(shape)
    theirs = MultiScaleSSIMMetric(len(shape), 1.0, kernel_size=3, weights=weights, reduction="none")(a, b)
    ours = multi_scale_similarity(a, b, 3, weights)
    assert ours.tolist() == pytest.approx(theirs.flatten().tolist(), abs=3e-5)
    assert ours[2] == 0, "negative terms count as 0"


def test_other_means_alone_lower_the_similarity_and_not_the_contrast():
    a, _ = pair((16, 16))
    similarity, contrast = similarity_and_contrast(a, a + 0.5, 11)
    assert contrast.tolist() == pytest.approx([1, 1, 1], abs=1e-4)
    assert (similarity < 0.95).all()
