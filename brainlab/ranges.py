"""The values that each numeric setting may have, whether it comes by a flag, from a file or from code."""

import argparse
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from brainlab.errors import InputError

N = TypeVar("N", int, float)


@dataclass(frozen=True)
class Range:
    """Whether a value will do, and the values that do in words."""

    holds: Callable[[float], bool]
    words: str


AT_LEAST_1 = Range(lambda value: value >= 1, "1 or more")
AT_LEAST_0 = Range(lambda value: 0 <= value < math.inf, "0 or more")
AT_LEAST_2 = Range(lambda value: value >= 2, "2 or more")
ABOVE_0 = Range(lambda value: 0 < value < math.inf, "a number above 0")

Count = Annotated[int, AT_LEAST_1]
Several = Annotated[int, AT_LEAST_2]
CountOrNone = Annotated[int | None, AT_LEAST_1]
NotNegative = Annotated[int, AT_LEAST_0]
Weight = Annotated[float, AT_LEAST_0]
Positive = Annotated[float, ABOVE_0]
PositiveOrNone = Annotated[float | None, ABOVE_0]
Share = Annotated[float, Range(lambda value: 0 <= value <= 1, "0 to 1")]
ShareBelow1 = Annotated[float, Range(lambda value: 0 <= value < 1, "0 to less than 1")]
ShareAbove0 = Annotated[float, Range(lambda value: 0 < value <= 1, "more than 0 and at most 1")]
"""Types of the settings of a config (`brainlab.config`), each with its range."""

RANGES: dict[str, Range] = {
    "seed": Range(lambda value: 0 <= value < 2**32, "0 to 4294967295"),
    "checkpoint_steps": AT_LEAST_1,
    "devices": AT_LEAST_1,
    "nodes": AT_LEAST_1,
    "n": AT_LEAST_1,
    "truncation": AT_LEAST_0,
    "guidance": AT_LEAST_0,
    "value": Range(math.isfinite, "a finite number"),
    "dim": AT_LEAST_0,
    "steps": AT_LEAST_0,
    "learning_rate": ABOVE_0,
}
"""Of the settings that commands and calls share, by name; None means that a setting is not used."""


def refuse_out_of_range(values: Mapping[str, Any]) -> None:
    """Raise InputError, naming its flag, on the first of the shared settings that is out of its range."""
    for name, value in values.items():
        if name in RANGES:
            refuse_outside(RANGES[name], name, value)


def refuse_outside(allowed: Range, name: str, value: Any) -> None:
    """Raise InputError, naming its flag, where a value (or one of a tuple's) is out of range; None never is."""
    values = value if isinstance(value, tuple) else (value,)
    if not all(part is None or allowed.holds(part) for part in values):
        raise InputError(f"{flag(name)}: needs {allowed.words}, got {value}")


def flag(name: str) -> str:
    """Return the command-line flag of a setting."""
    return f"--{name.replace('_', '-')}"


def number(allowed: str | Range, kind: type[N]) -> Callable[[str], N]:
    """Return a type for argparse: a whole number (`int`) or any (`float`) in a range, or a shared setting's by name."""
    chosen = RANGES[allowed] if isinstance(allowed, str) else allowed
    words = "a whole number" if kind is int else "a number"

    def parse(text: str) -> N:
        try:
            value = kind(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"needs {words}, got {text}") from error
        if not chosen.holds(value):
            raise argparse.ArgumentTypeError(f"needs {chosen.words}, got {text}")
        return value

    return parse
