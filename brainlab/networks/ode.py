"""Solvers of ordinary differential equations dx/dt = velocity(x, t) through given times, all with one signature.

From the first time to the last, which may be the earlier one: solved backwards, a flow gives the noise that an image
came from.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

from torch import Tensor

Velocity = Callable[[Tensor, float], Tensor]
"""A state [n, ...] and a time to the state's derivative at that time, of the same shape."""

Solver = Literal["adams", "euler", "heun"]


def step_times(start: float, end: float, steps: int, shift: float = 1.0) -> list[float]:
    """Return the times of so many steps from start to end, both within 0 and 1.

    shift: 1 for equal steps; above it they are short near 0 and long near 1, at t = s / (s + shift (1 - s)) for equal
    steps of s (Esser et al. 2024, equation 23, with time the other way round). So are those of a flow whose data spread
    `shift` times as far as its noise.
    """

    def shifted(place: float) -> float:
        return place / (place + shift * (1 - place))

    first, last = (place * shift / (1 - place + place * shift) for place in (start, end))
    return [start, *(shifted(first + (last - first) * number / steps) for number in range(1, steps)), end]


def euler(velocity: Velocity, x: Tensor, times: Sequence[float]) -> Tensor:
    """Return the state at the last time by Euler's method: one evaluation a step, an error of order 1 in the step."""
    for time, after in pairwise(times):
        x = x + (after - time) * velocity(x, time)
    return x


def heun(velocity: Velocity, x: Tensor, times: Sequence[float]) -> Tensor:
    """Return the state at the last time by Heun's method: two evaluations a step, an error of order 2 in the step.

    The trapezoidal rule, with the slope at the end of a step taken where Euler's method leads (Karras et al. 2022,
    algorithm 1, for a velocity that is known at both ends).
    """
    for time, after in pairwise(times):
        slope = velocity(x, time)
        x = x + (after - time) / 2 * (slope + velocity(x + (after - time) * slope, after))
    return x


def adams(velocity: Velocity, x: Tensor, times: Sequence[float]) -> Tensor:
    """Return the state at the last time by the two-step method of Adams and Bashforth: one evaluation a step, order 2.

    A step takes the slope at its middle, on the line through this time's slope and the last one's (Hairer, Norsett,
    Wanner 1993, section III.5, for steps of any length); the first step is Euler's.
    """
    last_slope, last_step = None, 1.0
    for time, after in pairwise(times):
        step, slope = after - time, velocity(x, time)
        at_middle = slope if last_slope is None else slope + step / (2 * last_step) * (slope - last_slope)
        x, last_slope, last_step = x + step * at_middle, slope, step
    return x


SOLVERS = {"adams": adams, "euler": euler, "heun": heun}
