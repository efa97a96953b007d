"""A participant's images and truth agree, and look like FLAIR."""

import numpy as np
import pytest

from brainlab.cohort.template import grid_affine
from brainlab.simulation.participant import CLASSES, CohortSettings, _draw_class, simulate_participant


def median(scan, *labels):
    return np.median(scan.image[np.isin(scan.labels, labels)])


def test_multiple_sclerosis_has_visits_and_disability(ms_participant):
    assert 2 <= len(ms_participant.scans) <= 5
    ages = [session["age"] for session in ms_participant.sessions]
    assert ages == sorted(ages)
    assert all(0 <= session["edss"] <= 10 for session in ms_participant.sessions)
    assert 0 <= ms_participant.row["dynamic_remyelination"] <= 1


def test_images_look_like_flair(ms_participant, leuko_participant):
    for scan in (ms_participant.scans[0], leuko_participant.scans[0]):
        white, grey, fluid, lesion = median(scan, 3, 4), median(scan, 1, 2), median(scan, 5), median(scan, 11)
        assert fluid < 0.35 * white
        assert white < grey < lesion
        assert not scan.image[scan.brain == 0].any()
        assert scan.image.shape == (91, 109, 91)
        np.testing.assert_allclose(scan.affine, grid_affine(2))


def test_table_and_masks_agree(leuko_participant):
    scan = leuko_participant.scans[0]
    template_ml = scan.lesion.sum() * 0.008
    assert template_ml / scan.row["template_volume_ratio"] == pytest.approx(scan.row["lesion_volume_ml"], abs=0.01)
    assert 1150 <= scan.row["intracranial_volume_ml"] <= 1600
    assert 0.65 < scan.row["brain_volume_ml"] / scan.row["intracranial_volume_ml"] < 0.95
    assert 4 < scan.row["ventricle_volume_ml"] < 120


def test_classes_differ_but_the_number_decides_the_rest(ms_participant, leuko_participant):
    assert ms_participant.participant == leuko_participant.participant == "sub-S3P00001"
    assert leuko_participant.row["age"] != ms_participant.row["age"]


def test_native_head_is_whole_and_tilted():
    settings = CohortSettings(seed=3, classes=(("healthy", 1.0),), space="native")
    scan = simulate_participant(settings, 1).scans[0]
    voxel_ml = abs(np.linalg.det(scan.affine[:3, :3])) / 1000
    assert 0.88 < scan.brain.sum() * voxel_ml / scan.row["intracranial_volume_ml"] < 1
    for axis in (0, 1, 2):
        assert not scan.brain.take((0, -1), axis).any()
    outside = scan.image[scan.brain == 0]
    assert np.percentile(outside, 99) > 0.2 * np.median(scan.image[scan.brain == 1])


def test_class_is_drawn_with_the_weights():
    settings = CohortSettings(seed=1, classes=tuple((name, 1.0) for name in CLASSES))
    drawn = [_draw_class(np.random.default_rng([1, k]), settings) for k in range(500)]
    assert all(70 < drawn.count(name) < 135 for name in CLASSES)
