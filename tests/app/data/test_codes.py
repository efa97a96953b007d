"""Latent codes as text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.data import codes
from brainlab.errors import InputError


@given(st.lists(st.integers(-600, 600), min_size=1, max_size=64))
def test_a_code_on_the_grid_comes_back_from_the_browser_and_from_a_link(steps):
    z = np.array(steps) / codes.STEPS_PER_UNIT
    packed = codes.to_steps(z)
    assert codes.from_base64(codes.to_base64(packed)) == packed
    assert codes.from_link(codes.to_link(packed), len(steps)) == packed
    assert (codes.from_steps(packed, len(steps)) == z.astype(np.float32)).all()


def test_any_code_comes_back_within_half_a_step():
    z = np.random.default_rng(0).normal(size=512)
    assert np.abs(codes.from_steps(codes.to_steps(z), 512) - z).max() <= 0.5 / codes.STEPS_PER_UNIT + 1e-6


def test_a_link_of_zeros_is_short_and_one_of_512_dimensions_fits_an_address():
    assert len(codes.to_link(bytes(2 * 512))) < 30
    assert len(codes.to_link(codes.to_steps(np.random.default_rng(0).normal(size=512)))) < 1800


@pytest.mark.parametrize("text", ["", "%%%", "AAAA", "x" * 5000])
def test_a_damaged_link_is_refused(text):
    with pytest.raises(InputError):
        codes.from_link(text, 8)


def test_a_link_that_unpacks_to_too_much_is_refused():
    with pytest.raises(InputError):
        codes.from_link(codes.to_link(bytes(10_000_000)), 8)


def test_a_code_of_another_length_is_refused():
    with pytest.raises(InputError, match="needs a code of 8 dimensions, got 4"):
        codes.from_steps(bytes(8), 8)
