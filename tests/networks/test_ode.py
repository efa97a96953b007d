import math

import pytest
import torch

from brainlab.networks.ode import SOLVERS, adams, euler, heun, step_times

STATE = torch.tensor([[1.0, -2.0]], dtype=torch.float64)


def linear(x, t):
    """dx/dt = (1 + t) x, whose solution is x(t) = x(0) exp(t + t^2 / 2)."""
    return (1 + t) * x


def error(solver, steps, start, end, shift):
    exact = STATE * math.exp(end + end**2 / 2 - start - start**2 / 2)
    return float((solver(linear, STATE, step_times(start, end, steps, shift)) - exact).abs().max())


@pytest.mark.parametrize("shift", [1.0, 4.0])
@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (1.0, 0.0), (0.25, 0.75)])
@pytest.mark.parametrize(("solver", "order"), [(euler, 1), (heun, 2), (adams, 2)])
def test_the_error_falls_with_the_order_of_the_method(solver, order, start, end, shift):
    errors = [error(solver, steps, start, end, shift) for steps in (80, 160, 320)]
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.06)
    assert errors[1] / errors[2] == pytest.approx(2**order, rel=0.03)


def test_one_step_is_what_the_textbook_says():
    """From x = 1 at t = 0 over h = 1/2: Euler 1 + h; Heun 1 + h (1 + 1.5 (1 + h)) / 2."""
    one = torch.ones(1, 1, dtype=torch.float64)
    assert euler(linear, one, [0, 0.5]).item() == pytest.approx(1.5)
    assert heun(linear, one, [0, 0.5]).item() == pytest.approx(1 + 0.25 * (1 + 1.5 * 1.5))


def test_two_steps_of_adams_are_what_the_textbook_says():
    """From x = 1 at t = 0 with steps of 1/2 and 1/4: Euler to 1.5, then the slope at t = 5/8 on the line through 1 at 0
    and 2.25 at 1/2."""
    one = torch.ones(1, 1, dtype=torch.float64)
    assert adams(linear, one, [0, 0.5, 0.75]).item() == pytest.approx(1.5 + 0.25 * (1 + 1.25 * (2.25 - 1)))


@pytest.mark.parametrize("solver", SOLVERS.values())
def test_a_constant_velocity_needs_one_step(solver):
    moved = solver(lambda x, t: torch.full_like(x, 3.0), STATE, [1.0, 0.0])
    assert torch.equal(moved, STATE - 3)


@pytest.mark.parametrize(("solver", "evaluations"), [(euler, 5), (heun, 10), (adams, 5)])
def test_evaluations_are_as_many_as_is_said_and_none_is_outside_the_interval(solver, evaluations):
    times = []

    def velocity(x, t):
        times.append(t)
        return x

    solver(velocity, STATE, step_times(1.0, 0.0, 5, 3.0))
    assert len(times) == evaluations
    assert min(times) >= -1e-12
    assert max(times) == 1


def test_steps_are_equal_or_shorter_near_noise_and_the_same_backwards():
    assert step_times(0.25, 0.75, 4) == pytest.approx([0.25, 0.375, 0.5, 0.625, 0.75])
    forwards = step_times(0.0, 1.0, 4, 4.0)
    assert forwards == pytest.approx([0, 0.25 / 3.25, 0.5 / 2.5, 0.75 / 1.75, 1])
    assert step_times(1.0, 0.0, 4, 4.0) == pytest.approx(forwards[::-1])
    part = step_times(forwards[1], forwards[3], 2, 4.0)
    assert part == pytest.approx(forwards[1:4])
    assert (part[0], part[-1]) == (forwards[1], forwards[3])


@pytest.mark.parametrize("shift", [0.5, 3.0])
def test_the_shift_is_that_of_data_that_spread_so_much_further(shift):
    """At a shifted time, data of that spread lie in as much noise as data of spread 1 at the equal step."""
    for equal, shifted in zip(step_times(0, 1, 10), step_times(0, 1, 10, shift), strict=True):
        assert equal * (1 - shifted) == pytest.approx(shift * shifted * (1 - equal))
