"""The values that each numeric setting may have, whether it comes by a flag, from a file or from code."""

import argparse
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from brainlab.errors import InputError

N = TypeVar("N", int, float)


@dataclass(frozen=True)
class Range:
    """Whether a value will do, and the values that do in words."""

    holds: Callable[[float], bool]
    words: str


_AT_LEAST_1 = Range(lambda value: value >= 1, "1 or more")
_AT_LEAST_0 = Range(lambda value: 0 <= value < math.inf, "0 or more")
_ABOVE_0 = Range(lambda value: 0 < value < math.inf, "a number above 0")

RANGES: dict[str, Range] = {
    "latent_dim": _AT_LEAST_1,
    "dense_width": _AT_LEAST_1,
    "residual_blocks": _AT_LEAST_0,
    "dropout": Range(lambda value: 0 <= value < 1, "0 to less than 1"),
    "reconstruction_weight": _ABOVE_0,
    "learning_rate": _ABOVE_0,
    "batch_size": _AT_LEAST_1,
    "epochs": _AT_LEAST_1,
    "stop_after": _AT_LEAST_1,
    "ema_decay": Range(lambda value: 0 <= value <= 1, "0 to 1"),
    "linear_rank": _AT_LEAST_0,
    # Without a warm-up the margin would be 0, and the critic never pushed.
    "warm_up_epochs": _AT_LEAST_1,
    "margin_factor": _ABOVE_0,
    "fake_weight": _AT_LEAST_0,
    "decoder_fake_weight": _AT_LEAST_0,
    "adversarial_reconstruction_weight": _ABOVE_0,
    "fake_share": Range(lambda value: 0 < value <= 1, "more than 0 and at most 1"),
    "adversarial_learning_rate": _ABOVE_0,
    "seed": Range(lambda value: 0 <= value < 2**32, "0 to 4294967295"),
    "checkpoint_steps": _AT_LEAST_1,
    "devices": _AT_LEAST_1,
    "nodes": _AT_LEAST_1,
    "n": _AT_LEAST_1,
    "truncation": _AT_LEAST_0,
    "value": Range(math.isfinite, "a finite number"),
    "dim": _AT_LEAST_0,
}
"""By the setting's name; where a setting may be None, that means that it is not used."""


def refuse_out_of_range(values: Mapping[str, Any]) -> None:
    """Raise InputError, naming its flag, on the first setting that is out of its range."""
    for name, value in values.items():
        if name in RANGES and value is not None and not RANGES[name].holds(value):
            raise InputError(f"{flag(name)}: needs {RANGES[name].words}, got {value}")


def flag(name: str) -> str:
    """Return the command-line flag of a setting."""
    return f"--{name.replace('_', '-')}"


def number(name: str, kind: type[N]) -> Callable[[str], N]:
    """Return a type for argparse: a whole number (`int`) or any (`float`) in the range of a setting."""
    words = "a whole number" if kind is int else "a number"

    def parse(text: str) -> N:
        try:
            value = kind(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"needs {words}, got {text}") from error
        if not RANGES[name].holds(value):
            raise argparse.ArgumentTypeError(f"needs {RANGES[name].words}, got {text}")
        return value

    return parse
