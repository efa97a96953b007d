import math

import pytest
import torch

from brainlab.networks.ode import SOLVERS, euler, heun

STATE = torch.tensor([[1.0, -2.0]], dtype=torch.float64)


def linear(x, t):
    """dx/dt = (1 + t) x, whose solution is x(t) = x(0) exp(t + t^2 / 2)."""
    return (1 + t) * x


def error(solver, steps, start, end):
    exact = STATE * math.exp(end + end**2 / 2 - start - start**2 / 2)
    return float((solver(linear, STATE, start, end, steps) - exact).abs().max())


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (1.0, 0.0), (0.25, 0.75)])
@pytest.mark.parametrize(("solver", "order"), [(euler, 1), (heun, 2)])
def test_the_error_falls_with_the_order_of_the_method(solver, order, start, end):
    errors = [error(solver, steps, start, end) for steps in (40, 80, 160)]
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.06)
    assert errors[1] / errors[2] == pytest.approx(2**order, rel=0.03)


def test_one_step_is_what_the_textbook_says():
    """From x = 1 at t = 0 over h = 1/2: Euler 1 + h; Heun 1 + h (1 + 1.5 (1 + h)) / 2."""
    one = torch.ones(1, 1, dtype=torch.float64)
    assert euler(linear, one, 0, 0.5, 1).item() == pytest.approx(1.5)
    assert heun(linear, one, 0, 0.5, 1).item() == pytest.approx(1 + 0.25 * (1 + 1.5 * 1.5))


@pytest.mark.parametrize("solver", SOLVERS.values())
def test_a_constant_velocity_needs_one_step(solver):
    moved = solver(lambda x, t: torch.full_like(x, 3.0), STATE, 1.0, 0.0, 1)
    assert torch.equal(moved, STATE - 3)


@pytest.mark.parametrize(("solver", "evaluations"), [(euler, 5), (heun, 10)])
def test_evaluations_are_as_many_as_is_said_and_none_is_outside_the_interval(solver, evaluations):
    times = []

    def velocity(x, t):
        times.append(t)
        return x

    solver(velocity, STATE, 1.0, 0.0, 5)
    assert len(times) == evaluations
    assert min(times) >= -1e-12
    assert max(times) == 1
