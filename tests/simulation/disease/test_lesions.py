"""Where lesions lie and how they look; amounts reach the load asked for."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from brainlab.simulation.disease import lesions
from brainlab.simulation.people.atlas import BRAINSTEM, CALLOSUM, CEREBELLUM


@pytest.fixture(scope="module")
def plaques(old_anatomy):
    return lesions.draw_plaques(np.random.default_rng(1), old_anatomy, 20.0, 4.0, 3.0)


def render(anatomy, plaques, returned=0.0, years=0.0):
    texture = lesions.texture_noise(2, anatomy)
    return lesions.render_plaques(anatomy, plaques, years, np.full(len(plaques), returned), texture)


def volume_ml(share):
    return (share >= 0.5).sum() * 0.008


def test_fingers_point_away_from_the_ventricle(old_anatomy, plaques):
    away = lesions._away_from_ventricle(old_anatomy)
    inverse = np.linalg.inv(old_anatomy.affine)
    cosines = []
    for plaque in plaques:
        if plaque.place == "periventricular":
            index = np.rint(inverse[:3, :3] @ plaque.centre_mm + inverse[:3, 3]).astype(int)
            cosines.append(abs(float(away[:, index[0], index[1], index[2]] @ plaque.axes[0])))
            assert plaque.radii_mm[0] > plaque.radii_mm[1]
    assert np.mean(cosines) > 0.8


def test_plaques_lie_where_the_disease_puts_them(old_anatomy, plaques):
    inverse = np.linalg.inv(old_anatomy.affine)
    cortex = ndimage.maximum_filter(old_anatomy.shares[1], 3)
    for plaque in plaques:
        index = tuple(np.rint(inverse[:3, :3] @ plaque.centre_mm + inverse[:3, 3]).astype(int))
        if plaque.place == "periventricular":
            assert old_anatomy.ventricle_distance_mm[index] < 12  # 6 mm, and nearly half of a long finger
        if plaque.place == "juxtacortical":
            assert cortex[index] > 0.2
        if plaque.place == "infratentorial":
            assert old_anatomy.region[index] in (BRAINSTEM, CEREBELLUM)
        if plaque.place == "callosal":
            assert old_anatomy.region[index] == CALLOSUM
    assert {plaque.place for plaque in plaques} == set(lesions.PLACES)


def test_the_volume_of_a_ball_of_one_cm_radius(plaques):
    ball = replace(plaques[0], radii_mm=np.full(3, 10.0))
    assert ball.volume_ml == pytest.approx(4.18879, rel=1e-5)


def test_myelin_of_healthy_tissue_is_full_in_white_and_a_quarter_in_grey(old_anatomy):
    none = lesions.vascular_lesions(old_anatomy, 5, 0.0, 0.8)
    myelin = lesions.myelin_map(old_anatomy, none)
    for share, expected in ((old_anatomy.shares[0], 1.0), (old_anatomy.shares[1], 0.25), (old_anatomy.shares[7], 0.0)):
        pure = (share > 0.98) & (old_anatomy.brain > 0.5)
        assert np.median(myelin[pure]) == pytest.approx(expected, abs=0.02)


def test_plaques_reach_their_load(old_anatomy, plaques):
    assert volume_ml(render(old_anatomy, plaques).share) == pytest.approx(20, rel=0.35)


def test_plaques_to_come_are_not_there_yet(old_anatomy, plaques):
    assert {p.onset_years > 0 for p in plaques} == {True, False}
    first, later = render(old_anatomy, plaques).share, render(old_anatomy, plaques, years=3.0).share
    assert (later >= first - 1e-6).all()
    assert volume_ml(later) > volume_ml(first)


def test_remyelination_brings_myelin_back_and_dims_the_lesion(old_anatomy, plaques):
    ill, better = render(old_anatomy, plaques, 0.0), render(old_anatomy, plaques, 0.7)
    assert volume_ml(better.demyelinated) < 0.7 * volume_ml(ill.demyelinated)
    np.testing.assert_array_equal(better.share, ill.share)
    inside = ill.share > 0.5
    assert better.damage[inside].mean() < ill.damage[inside].mean()
    assert lesions.myelin_map(old_anatomy, better)[inside].mean() > lesions.myelin_map(old_anatomy, ill)[inside].mean()


@pytest.mark.parametrize("load_ml", [1.0, 8.0, 40.0])
def test_vascular_load_is_met(old_anatomy, load_ml):
    assert volume_ml(lesions.vascular_lesions(old_anatomy, 5, load_ml, 0.8).share) == pytest.approx(load_ml, rel=0.35)


def test_vascular_lesions_grow_out_of_lighter_ones(old_anatomy):
    light, heavy = (lesions.vascular_lesions(old_anatomy, 5, load, 0.8).share >= 0.5 for load in (5.0, 25.0))
    assert (light <= heavy).all()


def test_vascular_lesions_are_symmetrical_and_spare_the_callosum(old_anatomy):
    shares = [lesions.vascular_lesions(old_anatomy, seed, 25.0, 0.8).share for seed in range(3)]
    dice = []
    for share in shares:
        lesion = old_anatomy.embed(share) >= 0.5
        left, right = lesion[:45].sum(), lesion[46:].sum()
        assert 0.5 < left / right < 2
        dice.append((lesion & lesion[::-1]).sum() / lesion.sum())
        assert not (share[old_anatomy.region == CALLOSUM] > 0).any()
    assert np.mean(dice) > 0.42  # with the mirror image; about 0.3 where only the ventricles are symmetrical


def test_vascular_lesions_lie_near_the_ventricles_and_are_as_dark_as_their_damage(old_anatomy):
    light, heavy = (lesions.vascular_lesions(old_anatomy, 5, 8.0, damage) for damage in (0.4, 0.8))
    ill, white = light.share >= 0.5, old_anatomy.shares[0] > 0.9
    distance = old_anatomy.ventricle_distance_mm
    assert distance[ill].mean() < 0.6 * distance[white].mean()
    assert heavy.damage[ill] == pytest.approx(2 * light.damage[ill])


def test_nobody_without_a_load_has_lesions(old_anatomy):
    assert not lesions.vascular_lesions(old_anatomy, 5, 0.0, 0.8).share.any()
