"""A participant's images and truth agree, and look like FLAIR."""

from itertools import product

import numpy as np
import pytest
from scipy import ndimage

from brainlab.cohort.template import grid_affine
from brainlab.simulation import lesions, participant
from brainlab.simulation.acquisition import SCANNERS, draw_scan, noise_sigma
from brainlab.simulation.anatomy import TISSUES, label_image
from brainlab.simulation.head import MARGIN_MM, Native, draw_native, head_signal
from brainlab.simulation.participant import CohortSettings, _draw_class, _scan_visit, simulate_participant
from brainlab.simulation.published import CLASSES


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


def test_images_of_the_templates_space_have_the_noise_of_their_scan(ms_participant):
    for scan in ms_participant.scans[:2]:
        white = ndimage.binary_erosion(np.isin(scan.labels, (3, 4)), iterations=3)
        relative = scan.image / np.median(scan.image[white])
        # Differences of neighbours leave shading, texture and anatomy out, and hold the noise of both.
        step = (relative[1:] - relative[:-1])[white[1:] & white[:-1]]
        spread = 1.4826 * np.median(np.abs(step)) / np.sqrt(2)
        assert spread == pytest.approx(noise_sigma(scan.scan, (2, 2, 2)), rel=0.35)


@pytest.fixture
def visit(old_anatomy, monkeypatch):
    """Image one visit of the old person without lesions, by a scanner that gives back the signal, or a given value."""

    def imaged(space="mni", value=None):
        asked = []

        def scanner(signal, white_signal, scan, voxel_mm):
            asked.append((scan, voxel_mm))
            return 500 * signal / np.float32(white_signal) if value is None else np.full_like(signal, value)

        monkeypatch.setattr(participant, "scan_image", scanner)
        scan = draw_scan(np.random.default_rng(0), SCANNERS[3])
        texture = lesions.texture_noise(1, old_anatomy)
        healthy = lesions.vascular_lesions(old_anatomy, 5, 0.0, 0.8)
        settings = CohortSettings(seed=3, classes=(("healthy", 1.0),), space=space)
        rng, jitter = np.random.default_rng(0), np.ones((2, len(TISSUES)))
        return _scan_visit(settings, rng, old_anatomy, healthy, texture, scan, jitter, 1.3, 1), texture, asked

    return imaged


def test_the_image_of_the_templates_space_is_what_the_scanner_sees_of_the_brain(visit):
    scan, _, _ = visit(value=7.0)
    np.testing.assert_array_equal(scan.image, 7.0 * scan.brain)


def test_tissue_is_uneven_by_its_texture(visit, old_anatomy):
    scan, texture, _ = visit()
    white = (old_anatomy.shares[0] > 0.995) & (old_anatomy.brain > 0.995)
    signal = scan.image[old_anatomy.box][white]
    assert np.corrcoef(signal, texture[white])[0, 1] > 0.9
    assert signal.std() / signal.mean() == pytest.approx(0.025 * texture[white].std(), rel=0.2)


def test_a_native_scan_has_nearest_labels_and_its_slice_profile_once(visit, old_anatomy, monkeypatch):
    affine = grid_affine(2)
    affine[:3, 3] += 0.9  # nearly half a voxel off in every direction
    monkeypatch.setattr(participant, "draw_native", lambda *_: Native((90, 108, 90), affine, np.eye(4)))
    monkeypatch.setattr(participant, "head_signal", lambda anatomy, signal, _: (signal, anatomy.affine))
    scan, _, asked = visit("native")
    here = old_anatomy.embed(label_image(old_anatomy, np.zeros_like(old_anatomy.brain)))
    corners = [here[x : x + 90, y : y + 108, z : z + 90] for x, y, z in product((0, 1), repeat=3)]
    assert np.any([corner == scan.labels for corner in corners], axis=0)[scan.brain == 1].all()
    ((settings, voxel_mm),) = asked
    assert settings.thickness_mm == pytest.approx(voxel_mm[2])


def test_the_real_head_is_smaller_than_the_template_by_the_ratio_of_volumes_and_tilted(old_anatomy):
    turns = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        matrix = draw_native(rng, draw_scan(rng, SCANNERS[1]), old_anatomy, 1.4).to_template[:3, :3]
        assert np.linalg.det(matrix) == pytest.approx(1.4)
        rotation = matrix / 1.4 ** (1 / 3)
        assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-9)
        turns.append(np.rad2deg(np.arccos((np.trace(rotation) - 1) / 2)))
    assert min(turns) > 0.5
    assert max(turns) < 40


def test_the_skull_is_dark_between_the_brain_and_a_bright_scalp(old_anatomy):
    white = old_anatomy.shares[0]
    scan = draw_scan(np.random.default_rng(0), SCANNERS[3])
    head, affine = head_signal(old_anatomy, white, scan)
    pads = [(before // 2, after // 2) for before, after in MARGIN_MM]
    outside_mm = 2 * ndimage.distance_transform_edt(np.pad(old_anatomy.embed(old_anatomy.brain), pads) < 0.5)
    crown = (affine[2, 3] + 2 * np.arange(head.shape[2]) > 30)[None, None, :]
    bone, scalp = ((outside_mm > low) & (outside_mm < high) & crown for low, high in ((3, 4.5), (9.5, 12)))
    assert np.median(head[bone]) < 0.6 * np.median(head[scalp])
    neck = head[:, :, 4:12]
    middle = neck[head.shape[0] // 2 + 12 : head.shape[0] // 2 + 18, 50:70]
    assert np.median(middle) < 0.7 * np.median(head[scalp])  # muscle below the scalp's fat


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
