"""Solvers of ordinary differential equations dx/dt = velocity(x, t) in equal steps, all with one signature.

From `start` to `end`, which may be the earlier one: solved backwards, a flow gives the noise that an image came from.
"""

from collections.abc import Callable
from typing import Literal

from torch import Tensor

Velocity = Callable[[Tensor, float], Tensor]
"""A state [n, ...] and a time to the state's derivative at that time, of the same shape."""

Solver = Literal["euler", "heun"]


def euler(velocity: Velocity, x: Tensor, start: float, end: float, steps: int) -> Tensor:
    """Return the state at `end` by Euler's method: one evaluation a step, an error of order 1 in the step."""
    length = (end - start) / steps
    for number in range(steps):
        x = x + length * velocity(x, start + number * length)
    return x


def heun(velocity: Velocity, x: Tensor, start: float, end: float, steps: int) -> Tensor:
    """Return the state at `end` by Heun's method: two evaluations a step, an error of order 2 in the step.

    The trapezoidal rule, with the slope at the end of a step taken where Euler's method leads (Karras et al. 2022,
    algorithm 1, for a velocity that is known at both ends).
    """
    length = (end - start) / steps
    for number in range(steps):
        time = start + number * length
        slope = velocity(x, time)
        x = x + length / 2 * (slope + velocity(x + length * slope, time + length))
    return x


SOLVERS = {"euler": euler, "heun": heun}
