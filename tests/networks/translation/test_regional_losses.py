import pytest
import torch

from brainlab.networks.translation.regional_losses import l1, normalised_weighted_l1, weighted_l1


def images(size: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return predictions, truths and regions of three images; the second has no lesion, the third is all other."""
    torch.manual_seed(0)
    prediction, truth = torch.rand(2, 3, 1, *size)
    regions = torch.randint(0, 3, (3, 1, *size))
    regions[1] = regions[1].clamp(max=1)
    regions[2] = 0
    return prediction, truth, regions


def as_lists(*tensors: torch.Tensor) -> list[tuple[list[float], ...]]:
    """Return the voxels of each image as plain lists."""
    return [tuple(image.flatten().tolist() for image in sample) for sample in zip(*tensors, strict=True)]


def equation_3_5(prediction: list[float], truth: list[float], regions: list[int]) -> float:
    total = 0.0
    for region in (0, 1, 2):
        errors = [abs(t - p) for p, t, r in zip(prediction, truth, regions, strict=True) if r == region]
        if errors:
            total += sum(errors) / len(errors)
    return total / len(prediction)


def equation_4_4(prediction: list[float], truth: list[float], regions: list[int]) -> float:
    m, total = len(regions), 0.0
    for p, t, r in zip(prediction, truth, regions, strict=True):
        total += (1 - regions.count(r) / m) * abs(t - p)
    return total / (2 * m)


@pytest.mark.parametrize("size", [(3, 4), (2, 3, 2)])
def test_the_losses_are_the_equations_of_the_thesis_voxel_by_voxel(size):
    tensors = images(size)
    samples = as_lists(*tensors)
    assert l1(*tensors[:2]).tolist() == pytest.approx(
        [sum(abs(t - p) for p, t in zip(*sample[:2], strict=True)) for sample in samples]
    )
    assert weighted_l1(*tensors).tolist() == pytest.approx([equation_3_5(*sample) for sample in samples])
    assert normalised_weighted_l1(*tensors).tolist() == pytest.approx([equation_4_4(*sample) for sample in samples])


def test_of_three_equal_regions_both_weigh_every_voxel_alike():
    regions = torch.arange(6).view(1, 1, 6) % 3
    truth, prediction = torch.zeros(1, 1, 6), torch.tensor([[[1.0, 2, 3, 4, 5, 6]]])
    assert weighted_l1(prediction, truth, regions).item() == pytest.approx(3 * 3.5 / 6)
    assert normalised_weighted_l1(prediction, truth, regions).item() == pytest.approx(3.5 / 3)


@pytest.mark.parametrize("lesion", [1, 10, 33])
def test_where_every_voxel_is_off_by_one_the_losses_follow_from_the_shares_of_the_regions(lesion):
    regions = torch.zeros(1, 1, 100, dtype=torch.int64)
    regions[..., :40], regions[..., :lesion] = 1, 2
    truth, prediction = torch.zeros(1, 1, 100), torch.ones(1, 1, 100)
    shares = (0.6, (40 - lesion) / 100, lesion / 100)
    assert weighted_l1(prediction, truth, regions).item() == pytest.approx(3 / 100)
    expected = (1 - sum(share**2 for share in shares)) / 2
    assert normalised_weighted_l1(prediction, truth, regions).item() == pytest.approx(expected)


@pytest.mark.parametrize("loss", [weighted_l1, normalised_weighted_l1])
def test_a_region_without_voxels_makes_no_loss_and_no_gradient_infinite(loss):
    prediction, truth, regions = images((2, 2, 2))
    prediction.requires_grad_()
    values = loss(prediction, truth, regions)
    values.sum().backward()
    assert values.isfinite().all()
    assert prediction.grad.isfinite().all()


def test_an_image_of_one_region_has_no_normalised_loss():
    prediction, truth, regions = images((2, 2, 2))
    assert normalised_weighted_l1(prediction, truth, regions)[2] == 0
    assert weighted_l1(prediction, truth, regions)[2] > 0


@pytest.mark.parametrize("loss", [weighted_l1, normalised_weighted_l1])
def test_a_lesion_voxel_weighs_more_than_another_and_each_image_counts_its_own_voxels(loss):
    prediction, truth, regions = images((4, 4, 4))
    regions[0] = 0
    regions[0, 0, 0, 0, 0] = 2
    alone = loss(prediction[:1], truth[:1], regions[:1])
    assert torch.allclose(loss(prediction, truth, regions)[:1], alone)
    prediction.requires_grad_()
    loss(prediction, truth, regions)[0].backward()
    gradient = prediction.grad[0].abs().flatten()
    assert gradient[0] > 10 * gradient[1]
    assert gradient[1] > 0


def test_a_region_that_is_none_is_refused():
    with pytest.raises((RuntimeError, IndexError)):
        weighted_l1(torch.zeros(1, 1, 2), torch.zeros(1, 1, 2), torch.tensor([[[0, 3]]]))


def test_integers_of_any_width_serve_as_regions():
    prediction, truth, regions = images((2, 3))
    expected = normalised_weighted_l1(prediction, truth, regions)
    assert torch.equal(normalised_weighted_l1(prediction, truth, regions.to(torch.uint8)), expected)
