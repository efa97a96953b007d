"""The signal equation does what FLAIR does: fluid black, grey above white, lesions brightest."""

import numpy as np
import pytest

from brainlab.simulation.anatomy import TISSUES
from brainlab.simulation.contrast import (
    FLUID_T1_S,
    FlairSettings,
    constants,
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


def test_signal_is_a_magnitude_also_before_fluid_is_nulled():
    early = FlairSettings(field_strength_t=3.0, echo_time_s=0.0, repetition_time_s=1e3, inversion_time_s=1.0)
    assert flair_signal(early, FLUID_T1_S, 1.7, 1.0) == pytest.approx(2 * np.exp(-1 / FLUID_T1_S) - 1)


# Wright et al. 2008 (T1) and Stanisz et al. 2005 (T2), in s.
@pytest.mark.parametrize(
    ("field_strength_t", "t1_s", "t2_s"), [(1.5, 0.646, 0.072), (3.0, 0.838, 0.069), (2.25, 0.742, 0.0705)]
)
def test_relaxation_of_white_matter_is_that_of_the_field(field_strength_t, t1_s, t2_s):
    assert constants("white", field_strength_t)[:2] == pytest.approx((t1_s, t2_s))


def test_t1_grows_with_the_field_in_all_tissue_but_not_in_fluid():
    for name in set(TISSUES) - {"fluid"} | {"lesion", "fat", "muscle"}:
        assert constants(name, 3.0)[0] > constants(name, 1.5)[0]
    assert constants("fluid", 3.0)[0] == constants("fluid", 1.5)[0]


def test_a_persons_own_relaxation_times_are_used():
    settings = flair()
    jitter = np.ones((2, len(TISSUES)))
    jitter[:, 0] = 1.1, 0.9
    t1, t2, density = constants("white", 3.0)
    plain, own = (tissue_signals("FLAIR", settings, factors) for factors in (np.ones_like(jitter), jitter))
    assert own[0] == pytest.approx(flair_signal(settings, 1.1 * t1, 0.9 * t2, density))
    assert own[1:] == pytest.approx(plain[1:])


def test_a_half_damaged_voxel_has_the_mean_of_both_rates():
    settings = flair()
    (t1, t2, density), (lost_t1, lost_t2, lost_density) = (constants(name, 3.0) for name in ("white", "lesion"))
    harmonic = [2 / (1 / a + 1 / b) for a, b in ((t1, lost_t1), (t2, lost_t2))]
    expected = flair_signal(settings, *harmonic, (density + lost_density) / 2)
    assert lesion_signal("FLAIR", settings, np.array([0.5]))[0] == pytest.approx(expected, rel=1e-5)


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
