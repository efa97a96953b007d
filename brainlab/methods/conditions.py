"""What images can be asked for: a word or a number for each of some columns of the training scans' table."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.scan_table import MISSING
from brainlab.cohort.views import SLICE
from brainlab.errors import InputError
from brainlab.ranges import Positive, Share
from brainlab.types import Float32Array, IntArray

NAMES = ("class", "age_years", "sex", "modality", SLICE)
"""Columns that may be learnt. Their words are kept in `config.json`, so none that names people is among them."""

FARTHEST = 100
"""Spreads of the training images that a number may lie from their mean. Networks make no sense of numbers far away."""

Told = Mapping[str, str | float | None]
"""What an image is to show, by condition; one that is left out, None or `n/a` is not told."""

Asked = Told | Sequence[Told]
"""The same for all images of a call, or one for each."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One column that a run has learnt, as its `config.json` keeps it.

    words: those of the training scans, sorted; none where the column is of numbers.
    mean, spread: of the numbers over the training images, by which the network is told them.
    low, high: the least and the greatest of them.
    """

    name: str
    words: tuple[str, ...] = ()
    mean: float = 0.0
    spread: Positive = 1.0
    low: float = 0.0
    high: float = 0.0

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(self.words) or f'{self.low:g} to {self.high:g}'})"

    @property
    def title(self) -> str:
        """Its name as people read it, the unit in brackets."""
        return self.name.replace("_years", " (years)").replace("_", " ")

    def encode(self, values: Sequence[Any]) -> IntArray | Float32Array:
        """Return what a network is told of values [n]: the place of a word from 1 on, or a scaled number.

        0 and NaN say that nothing is told: of what is missing and of words that the training scans do not have.
        """
        column = pd.Series(list(values), dtype=object)
        if self.words:
            places = {word: place for place, word in enumerate(self.words, start=1)}
            return column.map(places).fillna(0).to_numpy(dtype=np.int64, copy=True)
        scaled = (pd.to_numeric(column).to_numpy(dtype=float) - self.mean) / self.spread
        return scaled.astype(np.float32)

    def read(self, value: Any) -> str | float | None:
        """Return a value that somebody asks for, None for one that is not told; raise InputError where it is none."""
        if value is None or value == MISSING or (isinstance(value, float) and math.isnan(value)):
            return None
        if self.words:
            if value not in self.words:
                raise InputError(f"{self.name}: needs one of {', '.join(self.words)}, got {value}")
            return str(value)
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.inf
        if not math.isfinite(number):
            raise InputError(f"{self.name}: needs a number, got {value}")
        if abs(number - self.mean) > FARTHEST * self.spread:
            raise InputError(f"{self.name}: needs a number like {self.low:g} to {self.high:g}, got {value}")
        return number

    def warning(self, value: Any) -> str | None:
        """Say that a number lies outside what was trained on; None where it does not, or is a word."""
        number = self.read(value)
        if not isinstance(number, float) or self.low <= number <= self.high:
            return None
        return (
            f"{self.name}: {number:g} lies outside the {self.low:g} to {self.high:g} of the training images; what such "
            "images show is a guess"
        )


@dataclass(frozen=True, kw_only=True)
class ConditionalConfig:
    """What images can be asked for; the config of a method with the ability `condition` builds on this.

    conditions: columns of the scans' table that are learnt: class, age_years, sex, modality, and slice, the number of a
        slice in its scan. Without any, images are drawn as they come.
    dropped: probability with which an image is learnt from without any of them, so that images can also be drawn as
        they come, and with which each of the others is left out by itself, so that one can be told without the rest.
    known: words and spread of each condition; training takes them from its scans, whatever is given here.
    """

    conditions: tuple[str, ...] = ()
    dropped: Share = 0.1
    known: tuple[Condition, ...] = ()


def learn_conditions(names: Sequence[str], seen: PreparedDataset) -> tuple[Condition, ...]:
    """Return what the training images of a dataset tell of each of these columns.

    Raises InputError on a name that is not in `NAMES` or stands there twice, and where a column does not tell training
    images apart.
    """
    if unknown := [name for name in names if name not in NAMES]:
        raise InputError(f"--conditions: needs names out of {', '.join(NAMES)}, got {', '.join(unknown)}")
    if len(set(names)) < len(names):
        raise InputError(f"--conditions: needs each name once, got {' '.join(names)}")
    rows = seen.scans.iloc[seen.indices("train")]
    found = {name: _learn(name, rows[name].dropna()) for name in names if name in rows}
    if blind := [name for name in names if found.get(name) is None]:
        others = " ".join(name for name in names if name not in blind)
        raise InputError(
            f"{seen.folder}: --conditions: needs two values or more among the training {seen.noun}, got fewer of "
            f"{', '.join(blind)}; leave it out with --conditions{' ' * bool(others)}{others}"
        )
    return tuple(condition for condition in found.values() if condition is not None)


def _learn(name: str, values: "pd.Series[Any]") -> Condition | None:
    if values.nunique() < 2:
        return None
    if not pd.api.types.is_numeric_dtype(values):
        return Condition(name=name, words=tuple(sorted(map(str, values.unique()))))
    numbers = values.to_numpy(dtype=float)
    low, high = float(numbers.min()), float(numbers.max())
    return Condition(name=name, mean=float(numbers.mean()), spread=float(numbers.std()), low=low, high=high)


def encode_asked(known: Sequence[Condition], asked: Asked, n: int) -> dict[str, IntArray | Float32Array]:
    """Return what a network is told of n images, by condition, each [n].

    Raises InputError on conditions or words that are not known, and where `asked` is of another number of images.
    """
    told = [asked] * n if isinstance(asked, Mapping) else list(asked)
    if len(told) != n:
        raise InputError(f"condition: needs one for all images or one for each of {n}, got {len(told)}")
    names = [condition.name for condition in known]
    if unknown := {name: None for each in told for name in each if name not in names}:
        raise InputError(f"condition: needs names out of {', '.join(names)}, got {', '.join(unknown)}")
    return {one.name: one.encode([one.read(each.get(one.name)) for each in told]) for one in known}


def parse_told(words: Sequence[str], flag: str) -> dict[str, str]:
    """Return what words such as `class=ms` ask for, by condition. Raises InputError, led by the flag, on others."""
    told: dict[str, str] = {}
    for word in words:
        name, _, value = word.partition("=")
        if not (name and value):
            raise InputError(f"{flag}: needs NAME=VALUE, such as class=ms, got {word}")
        if name in told:
            raise InputError(f"{flag}: needs each name once, got {name} twice")
        told[name] = value
    return told


def read_told(known: Sequence[Condition], told: Told) -> dict[str, str | float | None]:
    """Return what somebody asks for as words, numbers and None. Raises InputError as `encode_asked` does."""
    encode_asked(known, told, 1)
    return {one.name: one.read(told[one.name]) for one in known if one.name in told}


def condition_warnings(known: Sequence[Condition], told: Told) -> list[str]:
    """Return a line for each number that lies outside what was trained on. Raises InputError as `encode_asked` does."""
    encode_asked(known, told, 1)
    return [warning for one in known if (warning := one.warning(told.get(one.name)))]
