import torch
from torch.distributions import Normal, kl_divergence

from brainlab.networks.losses import draw_posterior, hinge_below, kl_per_dimension, kl_to_prior, squared_error


def test_squared_error_is_a_sum_per_sample():
    x, y = torch.zeros(2, 1, 3, 3), torch.zeros(2, 1, 3, 3)
    y[1] = 2
    assert squared_error(x, y).tolist() == [0, 36]


def test_a_weight_multiplies_the_square_of_its_voxel():
    x, y = torch.zeros(2, 1, 2, 2), torch.full((2, 1, 2, 2), 3.0)
    weight = torch.tensor([[[[1.0, 2.0], [0.0, 0.5]]]])
    assert squared_error(x, y, weight).tolist() == [9 * 3.5] * 2


def test_kl_agrees_with_torch_distributions():
    torch.manual_seed(0)
    mean, log_variance = torch.randn(5, 3), torch.randn(5, 3)
    expected = kl_divergence(Normal(mean, torch.exp(0.5 * log_variance)), Normal(0.0, 1.0))
    assert torch.allclose(kl_per_dimension(mean, log_variance), expected, atol=1e-5)
    assert torch.allclose(kl_to_prior(mean, log_variance), expected.sum(1), atol=1e-5)


def test_kl_of_the_prior_is_nothing():
    assert kl_to_prior(torch.zeros(2, 4), torch.zeros(2, 4)).tolist() == [0, 0]


def test_draws_have_the_posterior_s_moments():
    torch.manual_seed(0)
    z = draw_posterior(torch.full((20_000, 1), 3.0), torch.full((20_000, 1), -2.0))
    assert abs(float(z.mean()) - 3) < 0.02
    assert abs(float(z.var()) - float(torch.exp(torch.tensor(-2.0)))) < 0.01


def test_the_hinge_and_its_gradient_vanish_above_the_margin():
    kl = torch.tensor([1.0, 5.0], requires_grad=True)
    hinge = hinge_below(kl, 4.0)
    hinge.sum().backward()
    assert hinge.tolist() == [3, 0]
    assert kl.grad.tolist() == [-1, 0]
