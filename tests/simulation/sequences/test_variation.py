"""Tissue differs with age, from person to person and from place to place, by as much as is published."""

import numpy as np
import pytest

from brainlab.simulation.disease import lesions
from brainlab.simulation.people.atlas import CALLOSUM
from brainlab.simulation.people.tissue_shares import TISSUES
from brainlab.simulation.sequences.variation import (
    PERSONAL,
    ageing_of_tissue,
    coherence,
    combined,
    disease_of_tissue,
    draw_tissue_factors,
    unevenness,
)


@pytest.fixture(scope="module")
def texture(old_anatomy):
    return lesions.texture_noise(1, old_anatomy)


def test_iron_shortens_t2_of_deep_nuclei_with_age_alone():
    young, old = (dict(zip(TISSUES, ageing_of_tissue(age)["t2_s"], strict=True)) for age in (20, 85))
    assert set(young.values()) == {1.0}
    assert old["pallidum"] < 0.95
    assert old["deep_grey"] < 0.95
    assert old["white"] > 1
    assert old["cortical_grey"] == 1


def test_people_differ_by_a_few_per_cent_in_every_property():
    drawn = [draw_tissue_factors(np.random.default_rng(k), np.random.default_rng(-k % 997)) for k in range(60)]
    for name in ("t1_s", "t2_s", "diffusivity_mm2_s", "anisotropy", "mtr", "dvr"):
        factors = np.array([person[name] for person in drawn])
        assert factors.shape == (60, len(TISSUES))
        assert factors.std() == pytest.approx(PERSONAL, rel=0.2)
        assert factors.mean() == pytest.approx(1, abs=0.005)


def test_relaxation_factors_do_not_depend_on_those_of_other_properties():
    one, other = (draw_tissue_factors(np.random.default_rng(3), np.random.default_rng(k)) for k in (1, 2))
    np.testing.assert_array_equal(one["t1_s"], other["t1_s"])
    assert (one["mtr"] != other["mtr"]).all()


def test_factors_multiply():
    both = combined({"t2_s": np.array([2.0, 3.0])}, {"t2_s": np.array([5.0, 0.5]), "mtr": np.array([1.0, 2.0])})
    assert both["t2_s"].tolist() == [10.0, 1.5]
    assert both["mtr"].tolist() == [1.0, 2.0]


def test_unevenness_is_a_few_per_cent_and_longest_at_the_ventricles(old_anatomy, texture):
    uneven = unevenness(old_anatomy, texture, "healthy")
    white = (old_anatomy.shares[0] > 0.9) & (old_anatomy.region != CALLOSUM)
    assert 0.02 < uneven[white].std() < 0.08
    distance = old_anatomy.ventricle_distance_mm
    near, far = white & (distance > 0) & (distance < 3), white & (distance > 15)
    assert uneven[near].mean() > uneven[far].mean() + 0.03


def test_fibres_run_one_way_in_the_callosum_and_cross_below_the_cortex(old_anatomy, texture):
    one_way = coherence(old_anatomy, texture)
    white, depth = old_anatomy.shares[0] > 0.9, old_anatomy.surface_distance_mm
    callosum = white & (old_anatomy.region == CALLOSUM)
    deep, shallow = (white & ~callosum & part for part in (depth > 25, depth < 10))
    assert one_way[callosum].min() == 1
    assert one_way[callosum].mean() > one_way[deep].mean() + 0.2 > one_way[shallow].mean() + 0.4
    assert 0 <= one_way.min() <= one_way.max() <= 1


def test_multiple_sclerosis_changes_tissue_away_from_lesions(old_anatomy):
    white = TISSUES.index("white")
    assert disease_of_tissue("ms")["t2_s"][white] > 1
    assert (disease_of_tissue("leuko3")["t2_s"] == 1).all()
    still = np.zeros_like(old_anatomy.brain)
    more = unevenness(old_anatomy, still, "ms") - unevenness(old_anatomy, still, "healthy")
    near = (old_anatomy.white() > 0.9) & (old_anatomy.ventricle_distance_mm < 3)
    far = (old_anatomy.white() > 0.9) & (old_anatomy.ventricle_distance_mm > 20)
    assert more[near].mean() > 10 * more[far].mean() > 0
