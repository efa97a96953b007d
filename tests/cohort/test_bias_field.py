"""N4 takes a known field out of a known brain."""

import numpy as np
import pytest

from brainlab.cohort.bias_field import CorrectBias
from brainlab.errors import IntensityError
from brainlab.images.volume import Volume


def test_a_simulated_field_is_taken_out(brain_volume):
    x, y, _ = (np.linspace(-1, 1, side) for side in brain_volume.data.shape)
    field = np.exp(0.4 * x[:, None, None] - 0.3 * y[None, :, None] ** 2).astype(np.float32)
    uneven = Volume(brain_volume.data * field, brain_volume.affine)
    corrected = CorrectBias().apply(uneven)
    brain = brain_volume.data > 300
    before, after = (np.log(volume.data[brain] / brain_volume.data[brain]).std() for volume in (uneven, corrected))
    assert before > 0.15
    assert after < 0.6 * before  # what is left is anatomy: deep white matter is brighter than the cortex
    assert not corrected.data[brain_volume.data == 0].any()


def test_what_shows_nothing_is_refused_and_kept_sequences_are_left_alone():
    with pytest.raises(IntensityError, match="every value is the same"):
        CorrectBias().apply(Volume(np.zeros((8, 8, 8), np.float32), np.eye(4)))
    step = CorrectBias(bias_kept=("DVR",))
    assert [step.concerns(name) for name in ("DVR", "FA", None)] == [False, True, True]
