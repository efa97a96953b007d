"""The table holds published constants, and mixtures keep to physics."""

import numpy as np
import pytest

from brainlab.simulation.people.tissue_shares import TISSUES
from brainlab.simulation.sequences.tissue import (
    COHERENT_ANISOTROPY,
    HOLE_FROM,
    TISSUE_TABLE,
    damaged,
    properties,
    white_matter,
)


# Wright et al. 2008 (T1) and Stanisz et al. 2005 (T2), in s.
@pytest.mark.parametrize(
    ("field_strength_t", "t1_s", "t2_s"), [(1.5, 0.646, 0.072), (3.0, 0.838, 0.069), (2.25, 0.742, 0.0705)]
)
def test_relaxation_of_white_matter_is_that_of_the_field(field_strength_t, t1_s, t2_s):
    white = properties(["white"], field_strength_t)
    assert white.t1_s == pytest.approx([t1_s])
    assert white.t2_s == pytest.approx([t2_s])


def test_t1_grows_with_the_field_in_all_tissue_but_not_in_fluid():
    for name in set(TISSUES) - {"fluid"} | {"lesion", "fat", "muscle"}:
        low, high = TISSUE_TABLE[name].t1_s
        assert low < high, name
    assert TISSUE_TABLE["fluid"].t1_s[0] == TISSUE_TABLE["fluid"].t1_s[1]


def test_diffusion_and_transfer_are_as_published():
    assert TISSUE_TABLE["fluid"].diffusivity_mm2_s == pytest.approx(3.0e-3, rel=0.03)  # free water at 37 C
    assert 0.68e-3 < TISSUE_TABLE["white"].diffusivity_mm2_s < 0.80e-3
    ratio = TISSUE_TABLE["cortical_grey"].mtr / TISSUE_TABLE["white"].mtr
    assert ratio == pytest.approx(0.837, abs=0.01)  # Chen et al. 2013


def test_the_tensor_has_the_tables_mean_and_anisotropy():
    tissue = properties(list(TISSUE_TABLE), 3.0)
    axial, radial = tissue.axial_mm2_s, tissue.radial_mm2_s
    assert (axial + 2 * radial) / 3 == pytest.approx(tissue.diffusivity_mm2_s)
    # The definition of FA, from the eigenvalues.
    eigenvalues = np.stack([axial, radial, radial])
    spread = np.sqrt(np.square(eigenvalues - eigenvalues.mean(0)).sum(0))
    assert np.sqrt(1.5) * spread / np.sqrt(np.square(eigenvalues).sum(0)) == pytest.approx(tissue.anisotropy)


def test_a_half_and_half_mixture_has_the_mean_of_both_rates():
    white, lesion = properties(["white"], 3.0), properties(["lesion"], 3.0)
    mixed = white.mixed(lesion, np.array([0.5]))
    assert mixed.t1_s == pytest.approx(2 / (1 / white.t1_s + 1 / lesion.t1_s))
    assert mixed.density == pytest.approx((white.density + lesion.density) / 2)


def test_fibres_that_run_one_way_are_the_most_anisotropic_and_diffuse_alike_on_average():
    white = white_matter(3.0, np.array([0.0, 0.5, 1.0]))
    assert (np.diff(white.anisotropy) > 0).all()
    assert white.anisotropy[-1] == COHERENT_ANISOTROPY
    assert np.ptp(white.diffusivity_mm2_s) == 0


def test_damage_lowers_transfer_and_anisotropy_and_raises_diffusivity_steadily():
    damage = np.linspace(0, 1, 21)
    lost = damaged(white_matter(3.0, np.full(21, 0.4)), 3.0, damage, np.zeros(21))
    for falling in (lost.mtr, lost.anisotropy):
        assert (np.diff(falling) < 0).all()
    for rising in (lost.diffusivity_mm2_s, lost.t1_s, lost.t2_s):
        assert (np.diff(rising) > 0).all()
    assert lost.dvr == pytest.approx(TISSUE_TABLE["white"].dvr)  # no myelin is lost
    strong = damage > HOLE_FROM
    assert np.diff(lost.t1_s)[strong[1:]].min() > np.diff(lost.t1_s)[~strong[1:]].max()


def test_the_tracer_sees_myelin_whatever_else_is_lost():
    bare = np.array([0.0, 1.0])
    lost = damaged(white_matter(3.0, np.zeros(2)), 3.0, np.array([0.7, 0.7]), bare)
    assert lost.dvr == pytest.approx([TISSUE_TABLE["white"].dvr, TISSUE_TABLE["lesion"].dvr])


def test_uneven_tissue_with_more_water_has_less_transfer():
    white = properties(["white"], 3.0)
    wetter = white.uneven(0.1)
    assert wetter.t1_s == pytest.approx(1.1 * white.t1_s)
    assert wetter.mtr < white.mtr
    assert wetter.density == white.density
