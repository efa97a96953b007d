import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.translation.baselines.modality_propagation import ModalityPropagation

SHAPE = (16, 5, 5)
INSIDE = np.ones(SHAPE, bool)
X = np.broadcast_to(np.arange(16.0)[:, None, None], SHAPE)


def fitted(inputs, target, **settings):
    return ModalityPropagation(**settings).fit([inputs], [target], [INSIDE], samples_per_volume=X.size)


def test_a_person_who_was_learned_comes_back():
    inputs = np.random.default_rng(0).random((2, *SHAPE))
    target = inputs[0] * inputs[1]
    prediction = fitted(inputs, target, neighbours=1).predict(inputs, INSIDE)
    assert prediction == pytest.approx(target, abs=1e-6)


def test_what_lies_beyond_the_window_does_not_count():
    """Both ends look alike to the input; the target tells them apart, and so does the place."""
    rng = np.random.default_rng(0)
    half = rng.random((1, 8, 5, 5))
    inputs, target = np.concatenate([half, half], axis=1), np.where(X < 8, 0.0, 1.0)
    new = inputs + 0.01 * rng.random(inputs.shape)
    for block in (2, 16):
        local = fitted(inputs, target, neighbours=1, window=2, block=block).predict(new, INSIDE)
        assert (local[:6] == 0).all()
        assert (local[10:] == 1).all()
    everywhere = fitted(inputs, target, neighbours=2, window=20).predict(new, INSIDE)
    assert np.mean(everywhere[1:7] == 0.5) > 0.9, "of the two most similar patches, one is at either end"


@pytest.mark.parametrize(("neighbours", "expected"), [(2, (5 + 11) / 2), (3, (4 + 5 + 11) / 3)])
def test_the_window_reaches_as_far_as_it_says_and_is_doubled_where_it_holds_too_few(neighbours, expected):
    learned, predicted, flat = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool), np.zeros((1, *SHAPE))
    learned[[4, 5, 11], 2, 2] = True
    predicted[8, 2, 2] = True
    model = ModalityPropagation(neighbours=neighbours, window=3).fit([flat], [X], [learned])
    assert model.predict(flat, predicted)[8, 2, 2] == pytest.approx(expected)


def test_sequences_weigh_alike_whatever_their_scale():
    inputs, new = np.random.default_rng(0).random((2, 2, *SHAPE))
    factors = np.array([1, 1000.0]).reshape(2, 1, 1, 1)
    target = inputs[0]
    one = fitted(inputs, target, neighbours=1).predict(new, INSIDE)
    assert fitted(factors * inputs, target, neighbours=1).predict(factors * new, INSIDE) == pytest.approx(one)


def test_more_neighbours_than_samples_and_constant_sequences_are_no_trouble():
    inputs = np.ones((1, *SHAPE))
    prediction = fitted(inputs, X, neighbours=10_000).predict(inputs, INSIDE)
    assert prediction == pytest.approx(np.full(SHAPE, X.mean()))


def test_distances_are_held_a_few_at_a_time(monkeypatch):
    inputs, new = np.random.default_rng(0).random((2, 1, *SHAPE))
    expected = fitted(inputs, inputs[0]).predict(new, INSIDE)
    monkeypatch.setattr("brainlab.translation.baselines.modality_propagation.TABLE", 500)
    assert fitted(inputs, inputs[0]).predict(new, INSIDE) == pytest.approx(expected)


def test_settings_without_meaning_are_refused():
    with pytest.raises(InputError, match="at least 1, got 0, 6 and 8"):
        fitted(np.ones((1, *SHAPE)), X, neighbours=0)
