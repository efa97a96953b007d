import pytest
import torch

from brainlab.networks.texture_classifier import TextureClassifier


@pytest.mark.parametrize("size", [(12, 12), (12, 12, 12)])
@torch.inference_mode()
def test_log_odds_do_not_depend_on_where_a_texture_lies(size: tuple[int, ...]) -> None:
    """The second image is the first, shifted by a whole stride of 4 voxels; nothing reaches a border."""
    torch.manual_seed(0)
    network = TextureClassifier((4,), len(size)).eval()
    images = torch.zeros(2, 1, *size)
    patch = torch.randn([2] * len(size))
    rest = (slice(4, 6),) * (len(size) - 1)
    images[(0, 0, slice(4, 6), *rest)] = patch
    images[(1, 0, slice(8, 10), *rest)] = patch
    odds = network(images).tolist()
    assert odds[0] == pytest.approx(odds[1], abs=1e-6)
    assert odds[0] != pytest.approx(float(network(torch.zeros(1, 1, *size))), abs=1e-4)


def test_images_without_contrast_have_a_gradient() -> None:
    network = TextureClassifier((4, 8), 2)
    network(torch.zeros(3, 1, 8, 8)).sum().backward()
    assert all(torch.isfinite(weight.grad).all() for weight in network.parameters())
