"""Dice and the agreement map of two masks."""

import numpy as np
import pytest
from scipy.spatial import distance

from brainlab.errors import InputError
from brainlab.myelin.indices import Index
from brainlab.myelin.overlap import AGREEMENT, agreement_map, dice


def bits(text):
    return np.array(list(text)) == "1"


def test_dice_of_masks_is_that_of_scipy_and_undefined_for_two_empty_ones():
    assert dice(bits("111000"), bits("011100")) == Index(2 * 2 / 6, 4)
    assert dice(bits("1100"), bits("0011")).value == 0
    assert dice(bits("0000"), bits("0011")).value == 0
    assert dice(bits("0000"), bits("0000")) == Index(None, 0, "undefined: both maps are empty")
    random = np.random.default_rng(0)
    one, other = random.random((2, 5, 6, 7)) < 0.4
    assert dice(one, other).value == pytest.approx(1 - distance.dice(one.ravel(), other.ravel()))
    with pytest.raises(InputError, match="need one grid"):
        dice(one, other[:4])


def test_the_agreement_map_numbers_each_case_and_leaves_out_what_is_no_lesion():
    found = agreement_map(bits("111101"), bits("011011"), bits("010111"))
    assert found.dtype == np.uint8
    words = [AGREEMENT[number] for number in found.tolist()]
    assert words == ["neither", "both", "only the true", "only the synthesised", "outside", "both"]
    with pytest.raises(InputError, match="need one grid"):
        agreement_map(bits("11"), bits("111"), bits("111"))
