import pytest
import torch

from brainlab.networks.linear.draft import LinearDraft

SHAPE, RANK = (1, 8, 8), 3


def told(numbers):
    return {"age_years": torch.as_tensor(numbers)}


@pytest.fixture(scope="module")
def scans():
    """Three patterns of falling strength on a mean, the first of which grows with age, and fine noise."""
    generator = torch.Generator().manual_seed(0)
    patterns = torch.linalg.qr(torch.randn(64, RANK, generator=generator))[0].T  # [RANK, 64]
    ages = torch.randn(600, generator=generator)
    amounts = torch.randn(600, RANK, generator=generator) * torch.tensor([1.0, 0.6, 0.3])
    amounts[:, 0] = 0.6 * amounts[:, 0] + 0.8 * ages
    noise = 0.02 * torch.randn(600, 64, generator=generator)
    return (0.5 + amounts @ patterns + noise).view(600, *SHAPE), ages


@pytest.fixture(scope="module")
def draft(scans):
    found = LinearDraft(SHAPE, RANK, {"age_years": 0})
    found.fit(scans[0], told(scans[1]))
    return found


def test_a_draft_leaves_of_a_scan_what_the_components_do_not_hold(draft, scans):
    rest = scans[0] - draft.draw(draft.read(scans[0]))
    assert rest.std() == pytest.approx(0.02, rel=0.05)
    assert draft.components.project(rest, draft.ones).abs().max() < 0.03


@pytest.mark.parametrize("condition", [None, "told"])
def test_noise_stands_for_the_scores_that_were_written_into_it_and_is_else_unchanged(draft, scans, condition):
    condition = condition and told(scans[1])
    noise = torch.randn(600, *SHAPE, generator=torch.Generator().manual_seed(1))
    scores = draft.read(scans[0])
    written = draft.write_noise(noise, scores, condition)
    assert torch.allclose(draft.read_noise(written, condition), scores, atol=1e-4)
    changed = written - noise
    shares = draft.components.lift(draft.components.project(changed, draft.ones), draft.ones)
    assert torch.allclose(changed, shares, atol=0.03), "along the components alone"


def test_noise_into_which_scans_are_written_is_still_standard_normal(draft, scans):
    noise = torch.randn(600, *SHAPE, generator=torch.Generator().manual_seed(1))
    for condition in (None, told(scans[1])):
        shares = draft.components.project(draft.write_noise(noise, draft.read(scans[0]), condition), draft.ones)
        assert shares.mean(0).abs().max() < 0.05
        assert torch.allclose(shares.T.cov(), torch.eye(RANK), atol=0.05)


def test_white_noise_stands_for_scores_as_scans_have_them(draft, scans):
    noise = torch.randn(4000, *SHAPE, generator=torch.Generator().manual_seed(2))
    drawn, real = draft.read_noise(noise, None), draft.read(scans[0])
    assert torch.allclose(drawn.mean(0), real.mean(0), atol=0.06)
    assert torch.allclose(drawn.T.cov(), real.T.cov(), atol=0.1)


def test_the_same_noise_under_another_age_moves_by_the_slope_of_age_alone(draft, scans):
    noise = torch.randn(50, *SHAPE, generator=torch.Generator().manual_seed(3))
    young, old = (draft.draw(draft.read_noise(noise, told([age] * 50))) for age in (-1.0, 1.0))
    moved = old - young
    assert moved.std(0).max() < 1e-4, "all alike"
    images, ages = scans
    slope = ((images - images.mean(0)) * (ages - ages.mean()).view(-1, 1, 1, 1)).mean(0) / ages.var()
    assert torch.allclose(moved[0], 2 * slope, atol=0.12)
    assert moved[0].norm() == pytest.approx(2 * 0.8, rel=0.1)
