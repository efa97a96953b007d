import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.latent.styles.style_space import StyleSpace

RNG = np.random.default_rng(0)
MEAN = np.array([1.0, -2, 0, 5])
STYLES = MEAN + RNG.normal(size=(500, 4)) * [2, 1, 0.5, 0.1]
SPACE = StyleSpace.of(STYLES, MEAN)


def test_the_mean_style_is_zero_and_styles_come_back_from_their_codes():
    assert np.array_equal(SPACE.code(MEAN), np.zeros(4))
    assert np.allclose(SPACE.style(SPACE.code(STYLES)), STYLES, atol=1e-5)


def test_half_a_code_is_half_of_its_style_s_departure_from_the_mean():
    half = SPACE.style(0.5 * SPACE.code(STYLES[0]))
    assert np.allclose(half - MEAN, (STYLES[0] - MEAN) / 2, atol=1e-5)


def test_codes_have_unit_spread_over_all_dimensions_whatever_the_size_of_the_styles():
    assert np.square(SPACE.codes).mean() == pytest.approx(1, rel=1e-5)
    larger = StyleSpace.of(7 * STYLES, 7 * MEAN)
    assert larger.spread == pytest.approx(7 * SPACE.spread)
    assert np.allclose(larger.codes, SPACE.codes, atol=1e-5)


def test_the_first_axis_is_the_one_along_which_styles_differ_most():
    first, *_, last = SPACE.axes()
    assert np.abs(first.vector).argmax() == 0
    assert np.abs(last.vector).argmax() == 3
    assert SPACE.dimension(2).walk(np.zeros(4), [1.5]).tolist() == [[0, 0, 1.5, 0]]
    assert SPACE.dimension(0).high == pytest.approx(np.percentile(SPACE.codes[:, 0], 99))
    with pytest.raises(InputError, match="dimension 4 does not exist"):
        SPACE.dimension(4)


def test_styles_that_are_all_the_mean_are_refused():
    with pytest.raises(InputError, match="needs styles that differ from the mean style"):
        StyleSpace.of(np.tile(MEAN, (9, 1)), MEAN)
