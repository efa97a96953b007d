import torch

from brainlab.networks.cubes.reversible import ReversibleBlock


def test_the_input_comes_back_from_the_output():
    torch.manual_seed(0)
    block = ReversibleBlock(8)
    for _ in range(3):
        block(torch.randn(2, 8, 4, 6, 4))
    x = torch.randn(2, 8, 4, 6, 4)
    with torch.inference_mode():
        y = block.eval()(x)
        assert (y - x).abs().max() > 0.1
        assert torch.allclose(block.inverse(y), x, atol=1e-5)


def test_each_half_is_carried_and_changed_by_the_other_alone():
    torch.manual_seed(0)
    block = ReversibleBlock(4, spatial_dims=2).eval()
    x = torch.randn(1, 4, 4, 4)
    moved = x.clone()
    moved[:, :2] += 1
    with torch.inference_mode():
        assert torch.allclose(block(moved)[:, :2], block(x)[:, :2] + 1, atol=1e-5)
