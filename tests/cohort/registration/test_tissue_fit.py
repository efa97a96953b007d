"""A template laid on wrongly comes back to its tissues, whichever of them are bright, and with scalp around them."""

import numpy as np
import pytest
from scipy import ndimage

from brainlab.cohort.registration import register
from brainlab.cohort.registration import tissue_fit as tissue_fit_module
from brainlab.cohort.registration.fit_test import turn
from brainlab.cohort.registration.head import find_head
from brainlab.cohort.registration.register import START_SIZES
from brainlab.cohort.registration.resampling import to_itk
from brainlab.cohort.registration.template_grids import shrink, template_distance
from brainlab.cohort.registration.tissue_fit import (
    CENTRE_MM,
    RIM_MM,
    WIDE_RIM_MM,
    blurred,
    loss,
    scaled,
    tissue_fit,
    tissue_model,
)
from brainlab.cohort.template import mni_template, mni_tissue
from brainlab.images.volume import Volume
from brainlab.types import FloatArray

POINTS = np.array([[-60, -80, 0, 1], [60, 50, 20, 1], [0, -18, 70, 1], [30, -60, -40, 1]]).T


def head(white: float, grey: float, fluid: float, scalp: float = 0.0, bone: float = 0.1) -> Volume:
    """Return the template's tissues with these brightnesses at 2 mm, and a scalp 9 to 15 mm outside, blurred."""
    tissue, affine = mni_tissue(), mni_template().affine
    shares = [shrink(Volume(np.asarray(part, np.float32), affine), 2) for part in (tissue.white, tissue.grey)]
    brain = shrink(Volume(tissue.brain.astype(np.float32), affine), 2)
    distance = template_distance().data
    data = white * shares[0].data + grey * shares[1].data
    data += fluid * np.clip(brain.data - shares[0].data - shares[1].data, 0, 1)
    outside = np.select([distance > 15, distance > 9], [0.0, scalp], bone)
    data = ndimage.gaussian_filter(data + (1 - brain.data) * outside, 0.5)
    return blurred(Volume(data.astype(np.float32), brain.affine))


def off_mm(matrix: FloatArray) -> float:
    """How far a map lies from the right one, which changes nothing."""
    return float(np.linalg.norm((matrix @ POINTS - POINTS)[:3], axis=0).max())


def test_a_fit_whose_steps_have_run_out_goes_on_until_it_has_come_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tissue_fit_module, "ITERATIONS", 4)
    monkeypatch.setattr(register, "START_SIZES", (1.0,))
    image = head(0.9, 1.1, 1.5, 1.0)
    start = scaled(turn(0, 14.0), 1.05)
    assert off_mm(tissue_fit(image, start).matrix) > 3
    assert off_mm(register._best(image, to_itk(image), [start], 1.0).matrix) < 1.5


@pytest.mark.parametrize("brightness", [(1.2, 0.9, 0.4, 1.6), (0.9, 1.1, 1.5, 1.0), (1.0, 1.1, 0.3, 0.3)])
def test_a_template_off_its_place_and_grown_comes_back(brightness: tuple[float, float, float, float]) -> None:
    start = scaled(turn(0, 8.0) @ turn(2, -6.0), 1.08)
    start[:3, 3] += 4.0, -3.0, 4.0
    assert off_mm(start) > 12
    image = head(*brightness)
    fit = max((tissue_fit(image, scaled(start, size)) for size in START_SIZES), key=lambda fit: fit.gain)
    assert off_mm(fit.matrix) < 2.0
    assert np.linalg.det(fit.matrix[:3, :3]) == pytest.approx(1.0, abs=0.05)
    order = np.argsort(brightness[:3])
    assert np.argsort(fit.brightness).tolist() == order.tolist()
    assert loss(image, fit.matrix, fit.model) < loss(image, start, fit.model)


def test_bright_fluid_reaches_out_over_the_bone() -> None:
    """A map that is a ratio of images is as bright as fluid a few mm beyond it; the template does not grow there."""
    image = head(0.8, 1.0, 1.6)
    ring = (template_distance().data > -2) & (template_distance().data < 5)
    wide = Volume(np.where(ring, np.float32(1.6), image.data), image.affine)
    assert np.linalg.det(tissue_fit(wide, np.eye(4)).matrix[:3, :3]) == pytest.approx(1.0, abs=0.06)


def test_fluid_that_large_voxels_spread_over_the_bone_does_not_make_the_brain_larger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tissue_fit_module, "WIDE_LOSS", 0.0)
    image = head(0.8, 1.0, 1.6)
    spread = np.clip(1 - template_distance().data / 5, 0, 1) * (template_distance().data > 0)
    wide = Volume((image.data + (1.6 - image.data) * spread).astype(np.float32), image.affine)
    small, large = (np.linalg.det(tissue_fit(wide, np.eye(4), voxel).matrix[:3, :3]) for voxel in (1.0, 2.0))
    assert large < 0.98 * small


def test_a_bright_surface_is_not_told_to_be_fluid_where_tissues_hardly_show() -> None:
    """Cortex next to the coil, in an average of diffusion images."""
    image = head(0.95, 1.0, 1.3)
    random = np.random.default_rng(0).normal(0, 0.3, image.data.shape)
    noisy = Volume((image.data + random).astype(np.float32), image.affine)
    clear, hardly = tissue_fit(image, np.eye(4)), tissue_fit(noisy, np.eye(4))
    assert hardly.gain < tissue_fit_module.LEAST_TOLD < clear.gain
    assert hardly.brightness[2] > tissue_fit_module.BRIGHT * hardly.brightness[:2].max()
    assert hardly.model.rim_mm == 0 < clear.model.rim_mm


def test_a_head_is_fitted_with_the_voxels_of_its_scan(whole_head: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_head(whole_head)

    def stop(image: Volume, start: FloatArray, voxel_mm: float) -> None:
        raise RuntimeError(f"fitted with {voxel_mm} mm")

    monkeypatch.setattr(register, "tissue_fit", stop)
    with pytest.raises(RuntimeError, match=f"fitted with {found.voxel_mm} mm"):
        register.register(found)
    assert found.voxel_mm != 1.0


def test_a_fit_taken_up_again_chooses_its_model_anew(whole_head: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ADC turned by 40 degrees had come back upright from a poor start by the model of T2, 3 mm off."""
    plan = iter([(0.02, RIM_MM), (0.01, RIM_MM), (0.5, WIDE_RIM_MM), (0.5, WIDE_RIM_MM)])

    def planned(image: Volume, start: FloatArray, voxel_mm: float) -> tissue_fit_module.TissueFit:
        gain, rim_mm = next(plan)
        return tissue_fit_module.TissueFit(start, np.array([0.8, 1.0, 1.6]), 0.5, gain, tissue_model(rim_mm))

    monkeypatch.setattr(register, "tissue_fit", planned)
    found = find_head(whole_head)
    fit = register._best(blurred(found.image), to_itk(found.bare), [np.eye(4)], found.voxel_mm)
    assert (fit.rim_mm, fit.evidence.gain) == (WIDE_RIM_MM, 0.5)


def test_shading_is_no_tissue() -> None:
    """One brightness inside, with a smooth shading, is explained without tissues: nothing is gained by them."""
    tissue = tissue_fit(head(1.2, 0.9, 0.4), np.eye(4)).gain
    flat = head(1.0, 1.0, 1.0)
    x = np.linspace(-0.2, 0.2, flat.data.shape[0], dtype=np.float32)[:, None, None]
    random = np.random.default_rng(0).normal(0, 0.05, flat.data.shape).astype(np.float32)
    shaded = Volume(flat.data * (1 + x) + random, flat.affine)
    assert tissue_fit(shaded, np.eye(4)).gain < 0.02 < 0.5 < tissue


def test_scaling_keeps_the_centre() -> None:
    centre = np.array([*CENTRE_MM, 1.0])
    matrix = turn(1, 10.0)
    np.testing.assert_allclose(scaled(matrix, 0.8) @ centre, matrix @ centre)
    np.testing.assert_allclose(scaled(matrix, 0.8)[:3, :3], 0.8 * matrix[:3, :3])


def test_no_bone_is_expected_below_the_skull() -> None:
    model = tissue_model()
    low = model.points[2] < -25
    assert model.brain[low].min() > 0 or (model.brain[low] > 0).mean() > 0.8
    assert (model.brain[~low] == 0).sum() > 1000


def test_bright_tissue_beside_the_brain_does_not_draw_the_template() -> None:
    """Scalp or a sinus that reaches near the brain on one side counts little."""
    image = head(1.2, 0.9, 0.4)
    distance = template_distance()
    x = distance.affine[0, 3] + distance.affine[0, 0] * np.arange(distance.data.shape[0])
    beside = (distance.data > 2) & (distance.data < 8) & (x > 40)[:, None, None]
    patched = Volume(np.where(beside, np.float32(1.6), image.data), image.affine)
    assert off_mm(tissue_fit(patched, np.eye(4)).matrix) < 1.0
