"""People are whole, plausible and folded nowhere; age widens their ventricles."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from brainlab.cohort.template import grid_affine, mni_tissue
from brainlab.simulation.people import anatomy
from brainlab.simulation.people.anatomy import LABELS, build_anatomy, draw_person, label_image
from brainlab.simulation.people.atlas import VENTRICLE, atlas


def test_shares_sum_to_one_inside_the_brain(old_anatomy):
    total = old_anatomy.shares.sum(0)[old_anatomy.brain > 0.9]
    np.testing.assert_allclose(total, 1, atol=1e-4)


def test_ventricles_widen_with_the_years_of_one_person(old_person, old_anatomy):
    def ventricle_voxels(built):
        return int((label_image(built, np.zeros_like(built.brain)) == 5).sum())

    older = build_anatomy(old_person.older_by(15), 2)
    assert ventricle_voxels(older) > 1.1 * ventricle_voxels(old_anatomy)
    assert older.shares[7].sum() > old_anatomy.shares[7].sum()


def test_wider_sulci_hold_more_fluid(old_person, old_anatomy):
    wider = build_anatomy(replace(old_person, sulcal_width=1.5 * old_person.sulcal_width), 2)
    sulci = (old_anatomy.region != VENTRICLE) & (old_anatomy.brain > 0.9)
    assert wider.shares[7][sulci].sum() > 1.1 * old_anatomy.shares[7][sulci].sum()


def test_a_person_of_twice_the_size_reaches_a_place_of_the_template_twice_as_far_out(old_person):
    plain = replace(old_person, rotation_degrees=np.zeros(3), scale=np.ones(3), shift_mm=np.zeros(3))
    axes = [np.array([0.0, 40.0], np.float32), np.array([-18.0], np.float32), np.array([10.0], np.float32)]
    ours, large = (anatomy._affine_points(replace(plain, scale=np.full(3, k)), axes)[0].ravel() for k in (1.0, 2.0))
    assert (ours.tolist(), large.tolist()) == ([0, 40], [0, 20])


def test_half_a_voxel_of_lesion_is_labelled_and_less_is_not(old_anatomy):
    lesion = np.zeros_like(old_anatomy.brain)
    place = np.unravel_index(old_anatomy.white().argmax(), lesion.shape)
    for share, labelled in ((0.3, False), (0.5, True)):
        lesion[place] = share
        assert (label_image(old_anatomy, lesion)[place] == 11) == labelled


def test_ageing_years_add_up(old_person):
    twice, once = old_person.older_by(4).older_by(6), old_person.older_by(10)
    assert np.isclose(twice.ventricle_growth_mm, once.ventricle_growth_mm)
    assert np.isclose(twice.sulcal_width, once.sulcal_width)


def test_men_have_larger_heads_within_the_stated_range():
    rng = np.random.default_rng(0)
    volumes = {sex: [draw_person(rng, 40, sex).mask_volume_ml for _ in range(200)] for sex in "FM"}
    assert 80 < np.mean(volumes["M"]) - np.mean(volumes["F"]) < 200
    assert min(volumes["F"]) >= 1150
    assert max(volumes["M"]) <= 1600


def test_every_label_is_there_and_sides_are_right(old_anatomy):
    labels = label_image(old_anatomy, np.zeros_like(old_anatomy.brain))
    assert set(np.unique(labels)) == {0, *LABELS} - {11}
    for left, right in ((1, 2), (3, 4), (6, 7)):
        x = [ndimage.center_of_mass(labels == value)[0] * 2 + old_anatomy.affine[0, 3] for value in (left, right)]
        assert x[0] < -5 < 5 < x[1]


def test_embedding_keeps_the_place(old_anatomy):
    whole = old_anatomy.embed(old_anatomy.brain)
    centre = np.array(ndimage.center_of_mass(old_anatomy.brain))
    mm = old_anatomy.affine @ [*centre, 1]
    np.testing.assert_allclose(grid_affine(2) @ [*ndimage.center_of_mass(whole), 1], mm, atol=1e-3)


def test_atlas_has_ventricles_of_plausible_size_on_both_sides():
    region, brain = atlas().region, mni_tissue().brain
    assert 15_000 < ((region == VENTRICLE) & brain).sum() < 30_000
    halves = [(part == VENTRICLE).sum() for part in (region[:91], region[91:])]
    assert 0.7 < halves[0] / halves[1] < 1.4


def test_atlas_distances_are_in_mm_from_the_ventricles_and_from_the_surface():
    maps = atlas()
    assert maps.ventricle_wall_mm[maps.region == VENTRICLE].mean() < 0
    assert maps.ventricle_wall_mm[:, :, -20:].min() > 20
    for distance, where in (
        (maps.ventricle_distance_mm, maps.ventricle_distance_mm > 6),
        (maps.surface_distance_mm, (maps.surface_distance_mm > 4) & (maps.surface_distance_mm < 12)),
    ):
        slope = np.sqrt(sum(part**2 for part in np.gradient(distance, 2)))
        assert np.median(slope[where]) == pytest.approx(1, abs=0.1)  # a mm further out is a mm
