"""A config survives the round trip to JSON, and flags change only what was given."""

import argparse
import json
from dataclasses import dataclass

import pytest

from brainlab.config import add_flags, apply_flags, from_dict, to_dict
from brainlab.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Example:
    width: int = 3
    rate: float | None = None
    shape: tuple[int, ...] = (4, 5)
    exact: bool = False


def test_round_trip_through_json() -> None:
    config = Example(width=7, rate=0.1, shape=(1, 2, 3), exact=True)
    assert from_dict(Example, json.loads(json.dumps(to_dict(config)))) == config


def test_unknown_setting_is_named() -> None:
    with pytest.raises(InputError, match="unknown setting widht"):
        from_dict(Example, {"widht": 3})


def test_flags_change_only_what_was_given() -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser, Example)
    changed = apply_flags(Example(width=9), parser.parse_args(["--rate", "0.5", "--exact"]))
    assert changed == Example(width=9, rate=0.5, exact=True)
