import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from brainlab.networks.adversarial import critic_loss, generator_loss, lipschitz_penalty, squared_gradient


def linear(weights):
    return lambda x: (x * weights).flatten(1).sum(1)


def test_a_linear_critic_s_penalty_is_known_in_closed_form():
    """D(x) = a . x has the gradient a everywhere: (|a| - 1)^2, whose own gradient is 2 (|a| - 1) a / |a|."""
    torch.manual_seed(0)
    a = torch.randn(1, 1, 3, 4, requires_grad=True)
    real, fake = torch.rand(5, 1, 3, 4), torch.rand(5, 1, 3, 4)
    penalty = lipschitz_penalty(linear(a), real, fake)
    norm = a.detach().norm()
    assert torch.allclose(penalty, ((norm - 1) ** 2).expand(5), rtol=1e-5)
    penalty.mean().backward()
    assert torch.allclose(a.grad, 2 * (norm - 1) * a.detach() / norm, rtol=1e-4)


def test_the_penalty_is_taken_at_points_between_and_not_at_the_ends():
    seen = []
    real, fake = torch.ones(200, 1, 2, 2), torch.zeros(200, 1, 2, 2)

    def critic(x):
        seen.append(x.detach())
        return linear(torch.ones(1, 1, 2, 2))(x)

    torch.manual_seed(0)
    lipschitz_penalty(critic, real, fake)
    shares = seen[0].flatten(1)
    assert torch.equal(shares.min(1).values, shares.max(1).values), "one share for all of an image"
    assert abs(float(shares.mean()) - 0.5) < 0.06
    assert shares.min() < 0.1
    assert shares.max() > 0.9


def test_a_critic_that_is_the_same_everywhere_has_a_finite_gradient():
    a = torch.zeros(1, 1, 2, 2, requires_grad=True)
    lipschitz_penalty(linear(a), torch.rand(2, 1, 2, 2), torch.rand(2, 1, 2, 2)).mean().backward()
    assert torch.isfinite(a.grad).all()


def test_r1_is_the_squared_gradient_at_each_image():
    """D(x) = |x|^2 / 2 has the gradient x."""
    x = torch.randn(3, 1, 2, 2, requires_grad=True)
    found = squared_gradient(x.square().flatten(1).sum(1) / 2, x)
    assert torch.allclose(found, x.detach().square().flatten(1).sum(1))


def test_losses_are_those_of_the_papers():
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([-1.0, 0.0])
    assert critic_loss("wasserstein", real, fake) == -0.5 - 2
    assert generator_loss("wasserstein", fake) == 0.5
    ones, zeros = torch.ones(2), torch.zeros(2)
    expected = binary_cross_entropy_with_logits(real, ones) + binary_cross_entropy_with_logits(fake, zeros)
    assert torch.allclose(critic_loss("non_saturating", real, fake), expected)
    fooled = binary_cross_entropy_with_logits(fake, ones)
    assert torch.allclose(generator_loss("non_saturating", fake), fooled)


@pytest.mark.parametrize("kind", ["wasserstein", "non_saturating"])
def test_the_players_oppose_each_other(kind):
    real, fake = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    critic = torch.autograd.grad(critic_loss(kind, real, fake), [real, fake])
    assert (critic[0] < 0).all()
    assert (critic[1] > 0).all()
    (generator,) = torch.autograd.grad(generator_loss(kind, fake), [fake])
    assert (generator < 0).all()
