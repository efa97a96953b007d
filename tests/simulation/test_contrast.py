"""The signal equation does what FLAIR does: fluid black, grey above white, lesions brightest."""

import numpy as np
import pytest

from brainlab.simulation.anatomy import TISSUES
from brainlab.simulation.contrast import (
    FLUID_T1_S,
    FlairSettings,
    flair_signal,
    fluid_null_inversion_time,
    lesion_signal,
    tissue_signals,
)


def flair(field_strength_t: float = 3.0, echo_time_s: float = 0.1, repetition_time_s: float = 9.0) -> FlairSettings:
    return FlairSettings(
        field_strength_t=field_strength_t,
        echo_time_s=echo_time_s,
        repetition_time_s=repetition_time_s,
        inversion_time_s=fluid_null_inversion_time(repetition_time_s),
    )


@pytest.mark.parametrize("repetition_time_s", [6.5, 9.0, 11.0])
def test_fluid_is_nulled_at_every_repetition_time(repetition_time_s):
    assert flair_signal(flair(repetition_time_s=repetition_time_s), FLUID_T1_S, 1.7, 1.0) < 1e-12


def test_null_time_is_ln2_t1_for_a_very_long_repetition():
    assert fluid_null_inversion_time(1e6) == pytest.approx(FLUID_T1_S * np.log(2))


def test_signal_at_known_times():
    settings = FlairSettings(field_strength_t=3.0, echo_time_s=0.1, repetition_time_s=9.0, inversion_time_s=2.5)
    by_hand = 0.69 * (1 - 2 * 0.050622 + 0.0000217) * 0.234758
    assert flair_signal(settings, 0.838, 0.069, 0.69) == pytest.approx(by_hand, rel=1e-3)


@pytest.mark.parametrize("field_strength_t", [1.5, 3.0])
@pytest.mark.parametrize("echo_time_s", [0.09, 0.14])
def test_order_of_tissues(field_strength_t, echo_time_s):
    settings = flair(field_strength_t, echo_time_s)
    signal = dict(zip(TISSUES, tissue_signals("FLAIR", settings, np.ones((2, len(TISSUES)))), strict=True))
    lesion = lesion_signal("FLAIR", settings, np.array([0.0, 0.75]))
    assert signal["fluid"] < 0.05 * signal["white"]
    assert 1.1 < signal["cortical_grey"] / signal["white"] < 1.7
    assert signal["pallidum"] < signal["deep_grey"]
    assert lesion[0] == pytest.approx(signal["white"], rel=1e-5)
    assert lesion[1] > signal["cortical_grey"]


def test_damage_brightens_steadily():
    levels = lesion_signal("FLAIR", flair(), np.linspace(0, 1, 11))
    assert (np.diff(levels) > 0).all()
