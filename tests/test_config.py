"""A config survives the round trip to JSON, and flags change only what was given."""

import argparse
import json
from dataclasses import dataclass
from typing import Literal

import pytest

from brainlab.config import add_flags, apply_flags, changed_flags, from_dict, to_dict
from brainlab.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Part:
    name: str
    sides: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Example:
    width: int = 3
    rate: float | None = None
    shape: tuple[int, ...] = (4, 5)
    exact: bool = False
    span: tuple[float, float] = (0.0, 1.0)
    way: Literal["in", "out"] = "in"
    words: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()


def test_round_trip_through_json() -> None:
    parts = (Part(name="a", sides=(1, 2)), Part(name="b"))
    config = Example(width=7, rate=0.1, shape=(1, 2, 3), exact=True, parts=parts)
    assert from_dict(Example, json.loads(json.dumps(to_dict(config)))) == config


def test_parts_of_a_config_are_read_as_strictly_as_it() -> None:
    for values, said in (
        ({"name": 3}, "Part: name: needs a text, got 3"),
        ({"name": "a", "width": 3}, "Part: unknown setting width"),
        ("a", "Example: parts: needs a list, Part, got"),
    ):
        with pytest.raises(InputError, match=said):
            from_dict(Example, {"parts": [values]})


def test_a_flag_of_words_may_be_given_without_any_and_one_of_numbers_not() -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser, Example)
    assert apply_flags(Example(words=("a",)), parser.parse_args(["--words"])).words == ()
    assert apply_flags(Example(), parser.parse_args(["--words", "a", "b"])).words == ("a", "b")
    with pytest.raises(SystemExit):
        parser.parse_args(["--shape"])


def test_changed_flags_say_what_apply_flags_reads() -> None:
    changed = Example(
        width=7, rate=2.5e-5, shape=(1, 2, 3), exact=True, span=(0.5, 2.0), way="out", words=(), parts=(Part(name="a"),)
    )
    parser = argparse.ArgumentParser()
    add_flags(parser, Example)
    for before, after in ((Example(words=("a",)), changed), (changed, Example(words=("b", "c"), parts=changed.parts))):
        read = apply_flags(before, parser.parse_args(changed_flags(before, after)))
        assert to_dict(read) == to_dict(after) | {"parts": to_dict(before)["parts"]}, "parts have no flag"
    assert changed_flags(changed, changed) == []
    with pytest.raises(InputError, match="--words: needs a value that does not begin with -"):
        changed_flags(Example(), Example(words=("-x",)))


def test_unknown_setting_is_named() -> None:
    with pytest.raises(InputError, match="unknown setting widht"):
        from_dict(Example, {"widht": 3})


def test_flags_change_only_what_was_given() -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser, Example)
    changed = apply_flags(Example(width=9), parser.parse_args(["--rate", "0.5", "--exact"]))
    assert changed == Example(width=9, rate=0.5, exact=True)


def test_a_flag_says_none_where_a_setting_may_be_and_nowhere_else(capsys) -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser, Example)
    assert apply_flags(Example(rate=0.5), parser.parse_args(["--rate", "none"])) == Example(rate=None)
    assert apply_flags(Example(rate=0.5), parser.parse_args([])) == Example(rate=0.5)
    for words, said in ((["--width", "none"], "invalid int value: 'none'"), (["--rate", "nil"], "invalid float value")):
        with pytest.raises(SystemExit):
            parser.parse_args(words)
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"width": "3"}, "Example: width: needs a whole number, got '3'"),
        ({"width": 3.0}, "Example: width: needs a whole number, got 3.0"),
        ({"width": True}, "Example: width: needs a whole number, got True"),
        ({"width": None}, "Example: width: needs a whole number, got None"),
        ({"rate": "fast"}, "Example: rate: needs a finite number or null, got 'fast'"),
        ({"rate": float("nan")}, "Example: rate: needs a finite number or null, got nan"),
        ({"shape": 4}, "Example: shape: needs a list, a whole number, got 4"),
        ({"shape": [4, "5"]}, "Example: shape: needs a list, a whole number, got (4, '5')"),
        ({"exact": 1}, "Example: exact: needs true or false, got 1"),
        ({"exact": "no"}, "Example: exact: needs true or false, got 'no'"),
        ({"span": [1]}, "Example: span: needs a list, 2 times a finite number, got (1,)"),
        ({"way": "up"}, "Example: way: needs in, out, got 'up'"),
    ],
)
def test_values_of_another_type_are_refused(values: dict, message: str) -> None:
    with pytest.raises(InputError) as caught:
        from_dict(Example, values)
    assert str(caught.value) == message


def test_values_that_mean_the_same_are_taken() -> None:
    assert from_dict(Example, {"rate": 1, "span": [0, 1.5], "way": "in"}) == Example(rate=1.0, span=(0.0, 1.5))
