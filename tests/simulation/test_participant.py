"""A participant's images and truth agree, and no part of a person disturbs another."""

import numpy as np
import pytest
from scipy import ndimage

from brainlab.cohort.template import grid_affine
from brainlab.simulation.participant import CohortSettings, _draw_class, simulate_participant
from brainlab.simulation.published import CLASSES
from brainlab.simulation.scanning.acquisition import noise_sigma


def median(image, *labels):
    return np.median(image.image[np.isin(image.truth.labels, labels)])


def test_multiple_sclerosis_has_visits_and_disability(ms_participant):
    assert 2 <= len(ms_participant.visits) <= 5
    ages = [session["age"] for session in ms_participant.sessions]
    assert ages == sorted(ages)
    assert all(0 <= session["edss"] <= 10 for session in ms_participant.sessions)
    assert 0 <= ms_participant.row["dynamic_remyelination"] <= 1


def test_images_look_like_flair(ms_participant, leuko_participant):
    for person in (ms_participant, leuko_participant):
        (flair,) = person.visits[0].images
        white, grey, fluid, lesion = (median(flair, *labels) for labels in ((3, 4), (1, 2), (5,), (11,)))
        assert fluid < 0.5 * white
        assert white < grey < lesion
        assert not flair.image[flair.truth.brain == 0].any()
        assert flair.image.shape == (91, 109, 91)
        np.testing.assert_allclose(flair.affine, grid_affine(2))


def test_images_of_the_templates_space_have_the_noise_of_their_scan(ms_participant):
    for visit in ms_participant.visits[:2]:
        (flair,) = visit.images
        white = ndimage.binary_erosion(np.isin(flair.truth.labels, (3, 4)), iterations=3)
        relative = flair.image / np.median(flair.image[white])
        # Differences of neighbours leave shading, texture and anatomy out, and hold the noise of both.
        step = (relative[1:] - relative[:-1])[white[1:] & white[:-1]]
        spread = 1.4826 * np.median(np.abs(step)) / np.sqrt(2)
        assert spread == pytest.approx(noise_sigma(flair.scan, (2, 2, 2)), rel=0.35)


def test_table_and_masks_agree(leuko_participant):
    visit = leuko_participant.visits[0]
    row, template_ml = visit.row, visit.images[0].truth.lesion.sum() * 0.008
    assert template_ml / row["template_volume_ratio"] == pytest.approx(row["lesion_volume_ml"], abs=0.01)
    assert 1150 <= row["intracranial_volume_ml"] <= 1600
    assert 0.65 < row["brain_volume_ml"] / row["intracranial_volume_ml"] < 0.95
    assert 4 < row["ventricle_volume_ml"] < 120


def test_classes_differ_but_the_number_decides_the_rest(ms_participant, leuko_participant):
    assert ms_participant.participant == leuko_participant.participant == "sub-S3P00001"
    assert leuko_participant.row["age"] != ms_participant.row["age"]


def test_native_head_is_whole_and_tilted():
    settings = CohortSettings(seed=3, classes=(("healthy", 1.0),), space="native")
    visit = simulate_participant(settings, 1).visits[0]
    (flair,) = visit.images
    brain, voxel_ml = flair.truth.brain, abs(np.linalg.det(flair.affine[:3, :3])) / 1000
    assert 0.88 < brain.sum() * voxel_ml / visit.row["intracranial_volume_ml"] < 1
    for axis in (0, 1, 2):
        assert not brain.take((0, -1), axis).any()
    assert np.percentile(flair.image[brain == 0], 99) > 0.2 * np.median(flair.image[brain == 1])


def test_class_is_drawn_with_the_weights():
    settings = CohortSettings(seed=1, classes=tuple((name, 1.0) for name in CLASSES))
    drawn = [_draw_class(np.random.default_rng([1, k]), settings) for k in range(500)]
    assert all(70 < drawn.count(name) < 135 for name in CLASSES)


def images(**changes):
    """The first visit of a person with multiple sclerosis, by sequence, and its row."""
    settings = CohortSettings(**({"seed": 3, "classes": (("healthy", 1.0),)} | changes))
    visit = simulate_participant(settings, 2).visits[0]
    return {image.sequence.name: image for image in visit.images}, visit.row


def test_a_sequence_does_not_depend_on_which_others_are_asked_for():
    alone, row = images(modalities=("FLAIR",))
    together, same_row = images(modalities=("T2w", "ADC", "FLAIR"))
    more, _ = images(modalities=("DWI", "FLAIR", "ADC", "RD"))
    np.testing.assert_array_equal(alone["FLAIR"].image, together["FLAIR"].image)
    np.testing.assert_array_equal(alone["FLAIR"].image, more["FLAIR"].image)
    np.testing.assert_array_equal(together["ADC"].image, more["ADC"].image)
    assert row == same_row
    assert together["T2w"].scan.seed != together["FLAIR"].scan.seed


def test_the_diffusion_image_and_its_map_are_of_one_scan():
    found, _ = images(modalities=("DWI", "ADC"))
    assert found["DWI"].scan == found["ADC"].scan
    inside = found["DWI"].truth.brain > 0
    plain, weighted = found["DWI"].also["S0map"][inside], found["DWI"].image[inside]
    expected = np.maximum(1e6 * np.log(plain / weighted) / 1000, 1)
    assert found["ADC"].image[inside] == pytest.approx(expected, rel=1e-3)


def test_an_infarct_changes_nothing_else():
    without, row = images()
    with_one, other_row = images(stroke_share=1.0)
    stroke = with_one["FLAIR"].truth.stroke
    assert without["FLAIR"].truth.stroke is None
    assert other_row.pop("stroke_volume_ml") > 0
    assert row == other_row
    assert without["FLAIR"].scan == with_one["FLAIR"].scan
    right = stroke[46:].any()
    other_side = slice(0, 42) if right else slice(49, None)
    np.testing.assert_array_equal(without["FLAIR"].image[other_side], with_one["FLAIR"].image[other_side])
    assert (without["FLAIR"].image != with_one["FLAIR"].image)[stroke > 0].all()


def test_a_seed_stands_for_the_same_person_until_the_simulator_gets_another_number(ms_participant):
    """Whoever changes these people on purpose raises `cohort.SIMULATOR`: runs were trained on them."""
    visit = ms_participant.visits[0]
    volumes = {name: visit.row[name] for name in ("brain_volume_ml", "ventricle_volume_ml", "lesion_volume_ml")}
    assert volumes == pytest.approx(
        {"brain_volume_ml": 1242.058, "ventricle_volume_ml": 10.823, "lesion_volume_ml": 6.309}, rel=2e-3
    )
    (flair,) = visit.images
    brain = flair.image[flair.truth.brain > 0]
    assert (brain.mean(), brain.std()) == pytest.approx((155.439, 31.637), rel=5e-4)
