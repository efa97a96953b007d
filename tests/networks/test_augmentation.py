import pytest
import torch

from brainlab.networks.augmentation import augment, moved


def test_nothing_is_moved_with_probability_0():
    x = torch.rand(4, 1, 16, 16)
    assert torch.equal(augment(x, 0.0, -1.0), x)


def test_an_image_moves_by_its_own_number_of_voxels():
    x = torch.rand(3, 2, 6, 4)
    out = moved(x, 2, torch.tensor([0, 2, -1]), -1.0)
    assert torch.equal(out[0], x[0])
    assert torch.equal(out[1, :, 2:], x[1, :, :-2])
    assert (out[1, :, :2] == -1).all()
    assert torch.equal(out[2, :, :-1], x[2, :, 1:])
    assert (out[2, :, -1:] == -1).all()


@pytest.mark.parametrize("sides", [(16, 24), (8, 16, 8)])
def test_what_is_left_are_the_image_s_own_values_or_background(sides):
    torch.manual_seed(0)
    x = torch.rand(200, 1, *sides)
    out = augment(x, 1.0, -1.0)
    assert out.shape == x.shape
    lost = (out == -1).flatten(1).float().mean(1)
    assert lost.max() < 0.6
    for made, image in zip(out[:5], x[:5], strict=True):
        assert set(made[made != -1].tolist()) <= set(image.flatten().tolist())


def test_about_half_of_the_images_are_left_whole_with_probability_0_3():
    torch.manual_seed(0)
    x = torch.rand(2000, 1, 8, 8)
    whole = (augment(x, 0.3, -1.0) == x).flatten(1).all(1).float().mean()
    # Two moves, each of which may be by 0 voxels (one of three), and a cut.
    assert float(whole) == pytest.approx((1 - 0.3 * 2 / 3) ** 2 * 0.7, abs=0.04)


def test_the_gradient_flows_back_to_where_each_value_came_from():
    torch.manual_seed(0)
    x = torch.rand(8, 1, 16, 16, requires_grad=True)
    out = augment(x, 1.0, -1.0)
    (out[out != -1] ** 2 / 2).sum().backward()
    shown = x.grad != 0
    assert torch.equal(x.grad[shown], x.detach()[shown])
    assert shown.sum() == (out != -1).sum()
