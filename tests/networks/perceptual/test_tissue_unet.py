import pytest
import torch
from torch.nn.functional import cross_entropy

from brainlab.errors import InputError
from brainlab.networks.perceptual.tissue_unet import WIDTHS, TissueUNet


def unet(labels=3, widths=(4, 6, 8)):
    torch.manual_seed(0)
    return TissueUNet(labels, widths).eval()


@pytest.mark.parametrize("sides", [(16, 24), (17, 22), (5, 5)])
def test_slices_of_any_sides_keep_them(sides):
    assert unet()(torch.rand(2, 1, *sides)).shape == (2, 3, *sides)


def test_levels_halve_from_half_the_sides_and_the_coarsest_has_64_maps():
    levels = TissueUNet(2).levels(torch.rand(1, 1, 128, 96))
    sides = [(level.shape[1], level.shape[2:]) for level in levels]
    assert sides == [(w, (64 >> i, 48 >> i)) for i, w in enumerate(WIDTHS)]
    assert WIDTHS[-1] == 64
    assert sum(p.numel() for p in TissueUNet(8).parameters()) < 2e6


def test_features_of_an_image_do_not_depend_on_its_neighbours_in_a_batch():
    network, x = unet().train(), torch.rand(3, 1, 16, 16)
    alone, together = network.levels(x[:1]), network.levels(x)
    assert all(torch.allclose(a[0], b[0], atol=1e-6) for a, b in zip(alone, together, strict=True))


def test_the_finest_features_hold_every_pixel():
    """Moving one pixel's brightness to its neighbour must be seen: blur is what they are to notice."""
    network = unet()
    x = torch.zeros(1, 1, 16, 16)
    x[0, 0, 8, 8] = 1
    assert all(
        (network.levels(x)[0] - network.levels(x.roll(shift, (2, 3)))[0]).abs().max() > 0.01
        for shift in ((1, 0), (0, 1), (1, 1))
    )


def test_what_is_padded_is_cut_off_again_where_it_was_put():
    """A slice with an own border of background gives the same logits as the padded one without it."""
    network, x = unet(), torch.zeros(1, 1, 24, 32)
    x[..., 2:22, 3:29] = torch.rand(20, 26)
    assert torch.allclose(network(x[..., 2:22, 3:29]), network(x)[..., 2:22, 3:29], atol=1e-6)


def test_every_weight_takes_part_in_the_labels_and_they_can_be_learnt():
    network = unet(labels=2)
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    x = torch.rand(4, 1, 8, 8).repeat_interleave(2, 2).repeat_interleave(2, 3)
    wanted = (x[:, 0] > 0.5).long()
    first = cross_entropy(network(x), wanted)
    first.backward()
    assert all(p.grad is not None and p.grad.count_nonzero() for p in network.parameters())
    for _ in range(40):
        optimiser.zero_grad()
        loss = cross_entropy(network(x), wanted)
        loss.backward()
        optimiser.step()
    assert loss < 0.5 * first.item()


@pytest.mark.parametrize(("labels", "widths"), [(1, (4,)), (2, ())])
def test_nothing_to_label_is_refused(labels, widths):
    with pytest.raises(InputError, match=f"two labels and one width or more, got {labels} and {len(widths)}"):
        TissueUNet(labels, widths)
