"""What holds for every baseline: people whose target is a known function of two sequences."""

import numpy as np
import pytest
from scipy import ndimage

from brainlab.errors import InputError
from brainlab.translation.baselines.modality_propagation import ModalityPropagation
from brainlab.translation.baselines.random_forest import RandomForestTranslation

SHAPE = (12, 11, 10)
BACKGROUND = -3.0
INSIDE = np.zeros(SHAPE, bool)
INSIDE[1:-1, 1:-1, 1:-1] = True


def person(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two smooth sequences [2, X, Y, Z] and a target [X, Y, Z] that depends on both."""
    noise = np.random.default_rng(seed).normal(size=(2, *SHAPE))
    inputs = ndimage.gaussian_filter(noise, (0, 1.5, 1.5, 1.5)) * 10
    return inputs.astype(np.float32), np.where(INSIDE, inputs[0] ** 2 - inputs[1], BACKGROUND).astype(np.float32)


INPUTS, TARGETS = zip(*map(person, range(4)), strict=True)
NEW_INPUTS, NEW_TARGET = person(4)
BASELINES = {
    "forest": lambda **settings: RandomForestTranslation(trees=10, **settings),
    "propagation": lambda **settings: ModalityPropagation(neighbours=4, window=5, **settings),
}
each_baseline = pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)


def fitted(model, order=(0, 1, 2, 3), seed=0, samples=400):
    inputs, targets = ([part[k] for k in order] for part in (INPUTS, TARGETS))
    return model.fit(inputs, targets, [INSIDE] * len(order), seed=seed, samples_per_volume=samples)


@each_baseline
def test_it_predicts_a_new_person_far_better_than_the_mean(baseline):
    prediction = fitted(baseline()).predict(NEW_INPUTS, INSIDE)
    error = np.mean((prediction - NEW_TARGET)[INSIDE] ** 2)
    assert error < 0.5 * NEW_TARGET[INSIDE].var()
    assert (prediction[~INSIDE] == BACKGROUND).all()
    assert (prediction.shape, prediction.dtype) == (SHAPE, np.float32)


@each_baseline
def test_neither_blocks_nor_the_order_of_people_change_anything(baseline):
    expected = fitted(baseline()).predict(NEW_INPUTS, INSIDE)
    for block in (3, 1000):
        assert fitted(baseline(block=block)).predict(NEW_INPUTS, INSIDE) == pytest.approx(expected, abs=1e-5)
    turned = fitted(baseline(), order=(2, 0, 3, 1)).predict(NEW_INPUTS, INSIDE)
    assert turned == pytest.approx(expected, abs=1e-6)


@each_baseline
def test_the_same_seed_gives_the_same_prediction_and_another_another(baseline):
    one, again, other = (fitted(baseline(), seed=seed).predict(NEW_INPUTS, INSIDE) for seed in (0, 0, 1))
    assert (one == again).all()
    assert (one != other).any()


@each_baseline
def test_another_number_of_sequences_is_refused(baseline):
    with pytest.raises(InputError, match=r"needs inputs \[2, X, Y, Z\]"):
        fitted(baseline(), order=(0,), samples=50).predict(NEW_INPUTS[:1], INSIDE)
