"""Every sequence of a visit shows the same tissue, as that sequence shows it."""

import numpy as np
import pytest
from scipy import ndimage

from brainlab.cohort.template import grid_affine
from brainlab.simulation.disease.lesions import LesionMaps, texture_noise
from brainlab.simulation.people.anatomy import label_image
from brainlab.simulation.people.atlas import CALLOSUM
from brainlab.simulation.scanning import imaging
from brainlab.simulation.scanning.head import Native, build_head, draw_position
from brainlab.simulation.scanning.imaging import HeadInScanner, image_visit
from brainlab.simulation.sequences.composition import VisitTissue
from brainlab.simulation.sequences.registry import SEQUENCES
from brainlab.simulation.sequences.scanners import SCANNERS
from brainlab.simulation.sequences.variation import coherence, unevenness

WHITE, CORTEX, VENTRICLES, LESION = (3, 4), (1, 2), (5,), (11,)


def pure(image, *labels):
    """Median over voxels whose neighbours are of the same kind."""
    inside = np.isin(image.truth.labels, labels)
    deep = ndimage.binary_erosion(inside)
    return float(np.median(image.image[deep if deep.sum() > 50 else inside]))


@pytest.fixture(scope="module")
def images(every_sequence):
    return {image.sequence.name: image for image in every_sequence.images}


def relative(image, *labels):
    return pure(image, *labels) / pure(image, *WHITE)


def test_t1_weighted_images_put_white_above_grey_above_fluid(images):
    for name in ("T1w", "T1SE"):
        assert 1 > relative(images[name], *CORTEX) > relative(images[name], *VENTRICLES)


def test_t2_weighted_images_put_fluid_above_grey_above_white(images):
    assert relative(images["T2w"], *VENTRICLES) > relative(images["T2w"], *CORTEX) > 1
    assert relative(images["T2w"], *LESION) > 1.15


def test_double_inversion_shows_the_cortex(images):
    cortex = pure(images["DIR"], *CORTEX)
    assert pure(images["DIR"], *WHITE) < 0.3 * cortex
    assert pure(images["DIR"], *VENTRICLES) < 0.3 * cortex
    assert pure(images["DIR"], *LESION) > 0.5 * cortex


def test_proton_density_is_flat(images):
    assert 1 < relative(images["PDw"], *CORTEX) < 1.25


def test_diffusivity_is_that_of_water_and_tissue(images):
    adc = images["ADC"]
    assert 2300 < np.percentile(adc.image[adc.truth.labels == 5], 95) < 3200  # narrow ventricles hold tissue too
    assert pure(adc, *WHITE) == pytest.approx(750, rel=0.1)
    assert 1 < relative(adc, *LESION) < 2


def test_an_acute_infarct_is_bright_in_diffusion_and_dark_in_its_map(images):
    stroke = ndimage.binary_erosion(images["DWI"].truth.stroke)
    bright = np.median(images["DWI"].image[stroke]) / pure(images["DWI"], *WHITE)
    assert 1.3 < bright < 2.3  # this one is small
    assert 400 < np.median(images["ADC"].image[stroke]) < 620
    assert np.median(images["FLAIR"].image[stroke]) < 2 * pure(images["FLAIR"], *WHITE)


def test_a_chronic_plaque_is_not_bright_in_diffusion(images):
    assert relative(images["DWI"], *LESION) < 1.3
    assert relative(images["DWI"], *LESION) < relative(images["T2w"], *LESION)


def test_anisotropy_is_high_in_the_callosum_and_low_below_the_cortex(every_sequence, images):
    fa, truth = images["FA"], images["FA"].truth
    white = np.isin(truth.labels, WHITE)
    depth = ndimage.distance_transform_edt(truth.brain) * 2
    x, y, z = (grid_affine(2)[i, 3] + 2 * np.arange(n).reshape([-1 if k == i else 1 for k in range(3)])
               for i, n in enumerate(white.shape))  # fmt: skip
    splenium = white & (np.abs(x) < 6) & (np.abs(y + 38) < 4) & (np.abs(z - 14) < 6)
    subcortical = white & (depth > 8) & (depth < 14)
    deep = white & (depth > 26) & (np.abs(x) > 18)
    medians = [np.median(fa.image[where]) for where in (splenium, deep, subcortical)]
    assert medians[0] > 0.6
    assert 0.35 < medians[1] < 0.6
    assert 0.22 < medians[2] < 0.4
    assert pure(fa, *CORTEX) < 0.22
    assert 0 <= fa.image.min() <= fa.image.max() <= 1


def test_demyelination_lowers_transfer_anisotropy_and_tracer(images):
    for name in ("MTR", "FA", "DVR"):
        assert relative(images[name], *LESION) < 0.95, name
    assert pure(images["MTR"], *WHITE) == pytest.approx(42, rel=0.1)
    assert pure(images["DVR"], *WHITE) == pytest.approx(1.3, rel=0.1)
    assert pure(images["DVR"], *CORTEX) < 1.15


def test_radial_diffusivity_is_below_axial_and_their_mean_is_the_trace(images):
    axial, radial, adc = (pure(images[name], *WHITE) for name in ("AD", "RD", "ADC"))
    assert axial > 1.4 * radial
    assert (axial + 2 * radial) / 3 == pytest.approx(adc, rel=0.12)


def test_images_of_the_templates_space_are_0_outside_the_brain_and_nowhere_inside(images):
    for image in images.values():
        np.testing.assert_array_equal(image.image > 0, image.truth.brain > 0)
        assert image.truth is images["FLAIR"].truth
        np.testing.assert_allclose(image.affine, grid_affine(2))


def healthy(anatomy, **changes):
    nothing = np.zeros_like(anatomy.brain)
    texture = texture_noise(1, anatomy)
    tissue = {
        "anatomy": anatomy,
        "lesions": LesionMaps(nothing, nothing, nothing),
        "infarct": None,
        "uneven": unevenness(anatomy, texture, "healthy"),
        "coherence": coherence(anatomy, texture),
        "factors": {},
    }
    return VisitTissue(**(tissue | changes))


def streams(name):
    return np.random.default_rng(len(name))


def test_the_image_of_the_templates_space_is_what_the_scanner_sees_of_the_brain(old_anatomy, monkeypatch):
    monkeypatch.setattr(
        imaging, "scan_image", lambda signal, *_, resampled: np.full_like(signal, 7.0 if resampled else 0.0)
    )
    (image,) = image_visit(healthy(old_anatomy), (SEQUENCES["FLAIR"],), SCANNERS[3], streams)
    expected = np.float32(7.0 * image.scan.gain) * image.truth.brain
    np.testing.assert_allclose(image.image[old_anatomy.box], expected[old_anatomy.box], rtol=1e-6)


def test_a_native_scan_has_nearest_labels_and_its_slice_profile_once(old_anatomy, monkeypatch):
    affine = grid_affine(2)
    affine[:3, 3] += 0.9  # nearly half a voxel off in every direction
    asked = []

    def scanner(signal, _reference, _scan, _voxel_mm, _channel, *, resampled=False):
        asked.append(resampled)
        return signal

    monkeypatch.setattr(imaging, "draw_native", lambda *_: Native((90, 108, 90), affine, np.eye(4)))
    monkeypatch.setattr(imaging, "scan_image", scanner)
    native = HeadInScanner(build_head(old_anatomy, 1), np.eye(4))
    (image,) = image_visit(healthy(old_anatomy), (SEQUENCES["FLAIR"],), SCANNERS[3], streams, native)
    here = old_anatomy.embed(label_image(old_anatomy, np.zeros_like(old_anatomy.brain)))
    corners = [here[x : x + 90, y : y + 108, z : z + 90] for x, y, z in np.ndindex(2, 2, 2)]
    truth = image.truth
    assert np.any([corner == truth.labels for corner in corners], axis=0)[truth.brain == 1].all()
    assert asked == [False], "the head's signal holds the slices' profile already"


@pytest.fixture(scope="module")
def heads(old_anatomy):
    names = ("FLAIR", "T1w", "T2w", "ADC", "FA", "MTR")
    position = draw_position(np.random.default_rng(5), 1.35)
    native = HeadInScanner(build_head(old_anatomy, 1), position)
    sequences = tuple(SEQUENCES[name] for name in names)
    return {
        image.sequence.name: image
        for image in image_visit(healthy(old_anatomy), sequences, SCANNERS[0], streams, native)
    }


def centre_mm(mask, affine):
    return affine[:3, :3] @ np.array(ndimage.center_of_mass(mask)) + affine[:3, 3]


def test_all_sequences_of_a_visit_share_the_heads_position_but_for_small_movements(heads):
    centres = np.array([centre_mm(image.truth.brain, image.affine) for image in heads.values()])
    apart = np.linalg.norm(centres - centres[0], axis=1)[1:]
    assert apart.max() < 2.5
    assert apart[0] > 0.01
    volumes = [image.truth.brain.sum() * abs(np.linalg.det(image.affine[:3, :3])) for image in heads.values()]
    assert max(volumes) / min(volumes) < 1.03


def test_each_whole_head_lies_on_its_own_grid(heads):
    spacing = {name: np.abs(np.diag(image.affine)[:3]) for name, image in heads.items()}
    assert spacing["FLAIR"][2] == 4
    assert spacing["MTR"][2] == 2  # no finer than the anatomy
    for image in heads.values():
        assert image.truth.labels.shape == image.image.shape


def test_fluid_of_eyes_and_ventricles_is_bright_in_t2_alone(heads):
    for name, bright in (("FLAIR", False), ("T1w", False), ("T2w", True)):
        image = heads[name]
        white, fluid = pure(image, *WHITE), pure(image, *VENTRICLES)
        assert (fluid > white) == bright


def test_maps_of_a_whole_head_are_0_in_air_and_plausible_in_it(heads):
    for name in ("ADC", "FA", "MTR"):
        image = heads[name]
        corner = image.image[:12, :12]
        assert (corner == 0).mean() > 0.99
    adc, truth = heads["ADC"].image, heads["ADC"].truth
    near = ndimage.binary_dilation(truth.brain, iterations=8) & (truth.brain == 0)
    assert np.median(adc[near & (adc > 0)]) < 3200
    assert pure(heads["ADC"], *WHITE) == pytest.approx(750, rel=0.12)


def test_anisotropy_needs_coherence(old_anatomy):
    texture = texture_noise(1, old_anatomy)
    flat = healthy(old_anatomy, coherence=np.zeros_like(texture))
    (image,) = image_visit(flat, (SEQUENCES["FA"],), SCANNERS[3], streams)
    callosum = old_anatomy.embed((old_anatomy.region == CALLOSUM) & (old_anatomy.shares[0] > 0.9))
    assert np.median(image.image[callosum]) < 0.4
