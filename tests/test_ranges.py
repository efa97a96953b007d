import argparse

import pytest

from brainlab.errors import InputError
from brainlab.ranges import RANGES, number, refuse_out_of_range


@pytest.mark.parametrize("name", RANGES)
def test_no_range_holds_what_is_no_number(name):
    assert not RANGES[name].holds(float("nan"))


@pytest.mark.parametrize(("name", "low", "high"), [("seed", 0, 2**32 - 1), ("truncation", 0, 1e30), ("n", 1, 10**12)])
def test_the_ends_belong_to_a_range(name, low, high):
    refuse_out_of_range({name: low})
    refuse_out_of_range({name: high, "unknown": None})
    with pytest.raises(InputError, match=f"--{name}: needs .*, got {low - 1}"):
        refuse_out_of_range({name: low - 1})


def test_a_type_for_argparse_gives_the_number_or_says_what_it_needs():
    assert number("seed", int)("7") == 7
    assert number("truncation", float)("0.5") == 0.5
    for text in ("1.5", "", "nan", "-1"):
        with pytest.raises(argparse.ArgumentTypeError, match="needs"):
            number("seed", int)(text)
