"""Each equation does what its sequence is for, and agrees with values worked out by hand."""

import numpy as np
import pytest

from brainlab.simulation.people.tissue_shares import TISSUES
from brainlab.simulation.sequences.techniques import (
    DoubleInversion,
    GradientEcho,
    InversionRecovery,
    MagnetisationTransfer,
    Mprage,
    SpinEcho,
    TensorDiffusion,
    TraceDiffusion,
    double_null_inversion_times,
    fluid_null_inversion_time,
    sidecar,
)
from brainlab.simulation.sequences.tissue import FLUID_T1_S, damaged, properties, white_matter


def flair(field_strength_t=3.0, echo_time_s=0.1, repetition_time_s=9.0):
    return InversionRecovery(
        field_strength_t=field_strength_t,
        echo_time_s=echo_time_s,
        repetition_time_s=repetition_time_s,
        inversion_time_s=fluid_null_inversion_time(repetition_time_s),
    )


def spin_echo(field_strength_t=3.0, echo_time_s=0.013, repetition_time_s=0.58, **more):
    return SpinEcho(
        field_strength_t=field_strength_t, echo_time_s=echo_time_s, repetition_time_s=repetition_time_s, **more
    )


def mprage(**changes):
    settings = {
        "field_strength_t": 3.0,
        "echo_time_s": 0.003,
        "repetition_time_s": 2.2,
        "inversion_time_s": 0.95,
        "flip_degrees": 9.0,
        "echo_spacing_s": 0.0075,
        "echoes": 176,
    }
    return Mprage(**(settings | changes))


def trace(field_strength_t=3.0):
    return TraceDiffusion(
        field_strength_t=field_strength_t, echo_time_s=0.06, repetition_time_s=6.0, b_value_s_mm2=1000.0
    )


def levels(technique, channel=0):
    """Signal of each tissue, as a magnitude."""
    tissue = properties(TISSUES, technique.field_strength_t)
    return dict(zip(TISSUES, np.abs(technique.signals(tissue)[channel]), strict=True))


def plaque(technique, damage, channel=0):
    whole = white_matter(technique.field_strength_t, np.array([0.4]))
    lost = damaged(whole, technique.field_strength_t, np.array([damage]), np.array([damage]))
    return float(np.abs(technique.signals(lost)[channel, 0]))


@pytest.mark.parametrize("repetition_time_s", [6.5, 9.0, 11.0])
def test_flair_nulls_fluid_at_every_repetition_time(repetition_time_s):
    assert levels(flair(repetition_time_s=repetition_time_s))["fluid"] < 1e-12


def test_null_time_is_ln2_t1_for_a_very_long_repetition():
    assert fluid_null_inversion_time(1e6) == pytest.approx(FLUID_T1_S * np.log(2))


def test_flair_at_known_times():
    settings = InversionRecovery(field_strength_t=3.0, echo_time_s=0.1, repetition_time_s=9.0, inversion_time_s=2.5)
    by_hand = 0.71 * (1 - 2 * 0.050622 + 0.0000217) * 0.234758
    assert levels(settings)["white"] == pytest.approx(by_hand, rel=1e-3)


def test_fluid_is_upside_down_before_it_is_nulled():
    early = InversionRecovery(field_strength_t=3.0, echo_time_s=0.0, repetition_time_s=1e3, inversion_time_s=1.0)
    signal = early.signals(properties(["fluid"], 3.0))[0, 0]
    assert signal == pytest.approx(1 - 2 * np.exp(-1 / FLUID_T1_S))
    assert signal < 0


@pytest.mark.parametrize("field_strength_t", [1.5, 3.0])
@pytest.mark.parametrize("echo_time_s", [0.09, 0.14])
def test_order_of_tissues_in_flair(field_strength_t, echo_time_s):
    technique = flair(field_strength_t, echo_time_s)
    signal = levels(technique)
    assert signal["fluid"] < 0.05 * signal["white"]
    assert 1.05 < signal["cortical_grey"] / signal["white"] < 1.7
    assert signal["pallidum"] < signal["deep_grey"]
    assert plaque(technique, 0.0) == pytest.approx(signal["white"])
    assert plaque(technique, 0.75) > signal["cortical_grey"]


def test_damage_brightens_flair_until_axons_go_too():
    signal = [plaque(flair(), damage) for damage in np.linspace(0, 0.75, 11)]
    assert (np.diff(signal) > 0).all()
    assert plaque(flair(), 0.95) > 1.4 * signal[0]


@pytest.mark.parametrize("field_strength_t", [1.5, 3.0])
@pytest.mark.parametrize("repetition_time_s", [7.0, 10.0])
def test_double_inversion_leaves_the_cortex_alone(field_strength_t, repetition_time_s):
    white_t1_s = float(properties(["white"], field_strength_t).t1_s[0])
    first_s, second_s = double_null_inversion_times(repetition_time_s, white_t1_s)
    assert repetition_time_s > first_s > second_s > 0
    signal = levels(
        DoubleInversion(
            field_strength_t=field_strength_t,
            echo_time_s=0.03,
            repetition_time_s=repetition_time_s,
            inversion_time_s=first_s,
            second_inversion_time_s=second_s,
        )
    )
    assert signal["white"] < 1e-9
    assert signal["fluid"] < 1e-9
    assert signal["cortical_grey"] > 0.05


def test_published_inversion_times_of_double_inversion_are_met():
    # Abidi et al., Electron Physician 9:4162 (2017): 3400 and 325 ms at 1.5 T; of a T1 of white matter of 0.56 s.
    first_s, second_s = double_null_inversion_times(11.0, 0.56)
    assert first_s == pytest.approx(3.4, rel=0.12)
    assert second_s == pytest.approx(0.325, rel=0.2)


@pytest.mark.parametrize("field_strength_t", [1.5, 3.0])
def test_t1_weighting_puts_white_above_grey_above_fluid(field_strength_t):
    flash = GradientEcho(field_strength_t=field_strength_t, echo_time_s=0.004, repetition_time_s=0.25, flip_degrees=75)
    for technique in (spin_echo(field_strength_t), mprage(field_strength_t=field_strength_t), flash):
        signal = levels(technique)
        assert signal["white"] > signal["deep_grey"] > signal["cortical_grey"] > signal["fluid"]


def test_mprage_has_more_contrast_than_spin_echo():
    ratios = [levels(technique)["cortical_grey"] / levels(technique)["white"] for technique in (mprage(), spin_echo())]
    assert 0.5 < ratios[0] < 0.7
    assert 0.7 < ratios[1] < 0.85


def test_mprage_is_an_inversion_recovery_where_its_pulses_tip_nothing():
    # Fully recovered, inverted to 0.96, and TI later.
    gentle = mprage(flip_degrees=1e-4, repetition_time_s=60.0, echo_time_s=0.0)
    white = properties(["white"], 3.0)
    expected = white.density * (1 - 1.96 * np.exp(-0.95 / white.t1_s)) * np.deg2rad(1e-4)
    assert gentle.signals(white)[0] == pytest.approx(expected, rel=1e-4)


def test_mprages_steady_state_is_that_of_a_simulated_train():
    technique, white = mprage(), properties(["white"], 3.0)
    t1 = float(white.t1_s[0])

    def recover(magnetisation, time_s):
        return 1 + (magnetisation - 1) * np.exp(-time_s / t1)

    m, middle, cosine = 1.0, 0.0, np.cos(np.deg2rad(9.0))
    for _ in range(30):
        m = recover(-0.96 * m, 0.95 - 88 * 0.0075)
        for pulse in range(176):
            middle = m if pulse == 88 else middle
            m = recover(m * cosine, 0.0075)
        m = recover(m, 2.2 - 0.95 - 88 * 0.0075)
    expected = float(white.density[0]) * middle * np.sin(np.deg2rad(9.0)) * np.exp(-0.003 / float(white.t2_s[0]))
    assert technique.signals(white)[0, 0] == pytest.approx(expected)


def test_strong_damage_is_a_black_hole_in_spin_echo_t1():
    technique = spin_echo(transfer=0.4)
    white, grey = levels(technique)["white"], levels(technique)["cortical_grey"]
    assert plaque(technique, 1.0) < grey < plaque(technique, 0.5)
    assert plaque(technique, 0.5) > 0.95 * white


def test_t2_weighting_puts_fluid_above_grey_above_white():
    technique = spin_echo(echo_time_s=0.09, repetition_time_s=5.5, echo_factor=0.75, transfer=0.2)
    signal = levels(technique)
    assert signal["fluid"] > signal["cortical_grey"] > signal["deep_grey"] > signal["white"]
    assert signal["white"] < plaque(technique, 0.75) < signal["fluid"]


def test_saturated_bound_water_costs_white_matter_most():
    plain, saturated = (levels(spin_echo(transfer=transfer)) for transfer in (0.0, 0.4))
    lost = {name: 1 - saturated[name] / plain[name] for name in TISSUES}
    assert max(lost, key=lost.get) == "white"
    assert lost["fluid"] < 0.02


def test_spoiled_gradient_echo_is_largest_at_the_ernst_angle():
    white = properties(["white"], 3.0)
    ernst = np.rad2deg(np.arccos(np.exp(-0.03 / float(white.t1_s[0]))))
    signal = [
        GradientEcho(field_strength_t=3.0, echo_time_s=0.0, repetition_time_s=0.03, flip_degrees=angle).signals(white)
        for angle in (ernst - 3, ernst, ernst + 3)
    ]
    assert signal[1] > max(signal[0], signal[2])


def test_diffusivity_comes_back_from_both_images():
    tissue = properties(TISSUES, 3.0)
    plain, weighted = trace().signals(tissue)
    assert np.log(plain / weighted) / 1000 == pytest.approx(tissue.diffusivity_mm2_s)


def test_a_chronic_plaque_shines_through_at_most():
    # No brighter at b 1000 than at b 0, relative to white matter, as its water is free to move.
    white, old = (np.array([plaque(trace(), damage, channel) for channel in (0, 1)]) for damage in (0.0, 0.75))
    assert (old / white)[1] < (old / white)[0]
    assert (old / white)[1] < 1.35


def test_the_trace_image_does_not_see_the_direction_of_fibres():
    crossing, one_way = trace().signals(white_matter(3.0, np.array([0.0, 1.0])))[1]
    assert crossing == pytest.approx(one_way)
    tensor = TensorDiffusion(field_strength_t=3.0, echo_time_s=0.08, repetition_time_s=8.0, b_value_s_mm2=1000.0)
    _, along, across = tensor.signals(white_matter(3.0, np.array([1.0])))
    assert along < 0.4 * across


def test_transfer_ratio_comes_back_from_both_images():
    technique = MagnetisationTransfer(
        field_strength_t=3.0, echo_time_s=0.005, repetition_time_s=0.033, flip_degrees=10.0
    )
    tissue = properties(TISSUES, 3.0)
    without, with_pulse = technique.signals(tissue)
    assert 1 - with_pulse / without == pytest.approx(tissue.mtr)


def test_sidecars_have_the_fields_of_bids():
    assert sidecar(mprage()) == {
        "PulseSequenceType": "MPRAGE",
        "MagneticFieldStrength": 3.0,
        "EchoTime": 0.003,
        "RepetitionTime": 2.2,
        "InversionTime": 0.95,
        "FlipAngle": 9.0,
    }
