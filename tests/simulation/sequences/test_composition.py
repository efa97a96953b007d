"""Signals are summed over the shares of a voxel; lesions and infarcts take the place of what was there."""

from types import SimpleNamespace

import numpy as np
import pytest

from brainlab.simulation.disease.lesions import LesionMaps
from brainlab.simulation.disease.stroke import Infarct
from brainlab.simulation.people.tissue_shares import TISSUES
from brainlab.simulation.sequences.composition import VisitTissue, compose
from brainlab.simulation.sequences.techniques import InversionRecovery, SpinEcho, TraceDiffusion
from brainlab.simulation.sequences.tissue import damaged, properties, white_matter

T2W = SpinEcho(field_strength_t=3.0, echo_time_s=0.09, repetition_time_s=5.0)
TRACE = TraceDiffusion(field_strength_t=3.0, echo_time_s=0.06, repetition_time_s=6.0, b_value_s_mm2=1000.0)
WHITE, CORTEX, FLUID = (TISSUES.index(name) for name in ("white", "cortical_grey", "fluid"))


def voxels(*shares, brain=1.0, lesion=0.0, damage=0.0, uneven=0.0, infarct=None, factors=None):
    """Voxels in a row, each with the shares of some tissues."""
    count = len(shares)
    array = np.zeros((len(TISSUES), count, 1, 1), np.float32)
    for number, share in enumerate(shares):
        for tissue, part in share.items():
            array[tissue, number] = part

    def row(value):
        return np.full((count, 1, 1), value, np.float32)

    anatomy = SimpleNamespace(shares=array, brain=row(brain), shape=(count, 1, 1))
    maps = LesionMaps(row(lesion), row(damage), row(lesion * damage))
    return VisitTissue(
        anatomy=anatomy,
        lesions=maps,
        infarct=None if infarct is None else Infarct(row(infarct), 0.5e-3, 24.0),
        uneven=row(uneven),
        coherence=row(0.3),
        factors=factors or {},
    )


def level(technique, name, channel=0):
    return float(technique.signals(properties([name], technique.field_strength_t))[channel, 0])


def test_a_voxel_is_the_sum_of_its_shares():
    made = compose(T2W, voxels({WHITE: 1.0}, {WHITE: 0.5, FLUID: 0.5})).channels[0].ravel()
    white, fluid = level(T2W, "white"), level(T2W, "fluid")
    assert made == pytest.approx([white, (white + fluid) / 2], rel=1e-5)


def test_opposite_magnetisations_cancel_before_the_magnitude_is_taken():
    early = InversionRecovery(field_strength_t=3.0, echo_time_s=0.0, repetition_time_s=1e3, inversion_time_s=1.0)
    white, fluid = level(early, "white"), level(early, "fluid")
    assert white > 0 > fluid
    made = compose(early, voxels({WHITE: 0.5, FLUID: 0.5}, {FLUID: 1.0})).channels[0].ravel()
    assert made == pytest.approx([abs(white + fluid) / 2, -fluid], rel=1e-4)


def test_outside_the_brain_there_is_nothing():
    assert not compose(T2W, voxels({WHITE: 1.0}, brain=0.0)).channels.any()


def test_a_persons_own_relaxation_is_used():
    factors = {"t2_s": np.ones(len(TISSUES))}
    factors["t2_s"][WHITE] = 0.9
    made = compose(T2W, voxels({WHITE: 1.0}, {CORTEX: 1.0}, factors=factors))
    shorter = T2W.signals(properties(["white"], 3.0).scaled({"t2_s": 0.9}))[0, 0]
    assert made.channels[0, 0, 0, 0] == pytest.approx(shorter, rel=1e-5)
    assert made.channels[0, 1, 0, 0] == pytest.approx(level(T2W, "cortical_grey"), rel=1e-5)
    assert made.tissue[WHITE] == pytest.approx(shorter)


def test_unevenness_is_a_change_of_relaxation_to_first_order():
    made = compose(T2W, voxels({WHITE: 1.0}, uneven=0.02)).channels[0, 0, 0, 0]
    exact = T2W.signals(properties(["white"], 3.0).uneven(0.02))[0, 0]
    assert made == pytest.approx(exact, rel=2e-3)
    assert made > 1.01 * level(T2W, "white")


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_lesion_takes_the_place_of_its_share(share):
    made = compose(T2W, voxels({WHITE: 1.0}, lesion=share, damage=0.7)).channels[0, 0, 0, 0]
    lost = damaged(white_matter(3.0, np.array([0.3])), 3.0, np.array([0.7]), np.array([0.6]))
    expected = (1 - share) * level(T2W, "white") + share * T2W.signals(lost)[0, 0]
    assert made == pytest.approx(expected, rel=1e-5)


def test_an_infarct_restricts_diffusion_in_tissue_and_leaves_fluid():
    shares = ({WHITE: 1.0}, {CORTEX: 1.0}, {FLUID: 1.0})
    made, before = (compose(TRACE, voxels(*shares, infarct=infarct)).channels for infarct in (1.0, None))
    diffusivity = np.log(made[0] / made[1]).ravel() / 1000
    assert diffusivity[:2] == pytest.approx([0.5e-3, 0.5e-3], rel=1e-3)
    np.testing.assert_array_equal(made[:, 2], before[:, 2])
    white, cortex = made[1, :2].ravel() / before[1, 0, 0, 0]
    assert 1.5 < white < 1.9  # a day old, against healthy white matter
    assert 1.8 < cortex < 2.5


def test_water_in_an_infarct_is_slow_where_a_plaque_was_too():
    made = compose(TRACE, voxels({WHITE: 1.0}, lesion=0.9, damage=0.8, infarct=1.0)).channels[:, 0, 0, 0]
    assert np.log(made[0] / made[1]) / 1000 == pytest.approx(0.5e-3, rel=0.02)
