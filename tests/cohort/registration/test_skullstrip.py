"""The mask keeps what is brain whatever its brightness, up to the edge of the image."""

import numpy as np
import pytest

from brainlab.cohort.registration.skullstrip import brain_mask, is_only_brain, stripped_mask
from brainlab.cohort.registration.tissue_fit import RIM_MM, WIDE_RIM_MM

PLACE = np.indices((60, 60, 60)).astype(float)
RADIUS_MM = np.linalg.norm(PLACE.T - 30, axis=-1).T * 2
BRAIN = (RADIUS_MM < 45).astype(float)


def test_a_dark_channel_into_the_brain_is_brain_deep_inside() -> None:
    head = BRAIN.copy()
    channel = (np.hypot(PLACE[0] - 30, PLACE[1] - 30) < 5) & (PLACE[2] >= 28)
    head[channel] = 0.1
    mask = brain_mask(head, RADIUS_MM - 45) > 0.5
    assert mask[30, 30, 40]


def test_bright_lesions_at_the_surface_are_brain_and_bright_fat_outside_is_not() -> None:
    head = BRAIN.copy()
    patch = (np.hypot(PLACE[0] - 30, PLACE[1] - 30) < 5) & (PLACE[2] > 30)
    head[patch & (RADIUS_MM > 41) & (RADIUS_MM < 52)] = 2.5
    mask = brain_mask(head, RADIUS_MM - 45) > 0.5
    assert mask[30, 30, 51]
    assert not mask[30, 30, 55]


def test_a_brain_cut_off_by_the_image_is_whole_up_to_the_edge() -> None:
    whole = brain_mask(BRAIN, RADIUS_MM - 45) > 0.5
    cut = brain_mask(BRAIN[:, :, 20:], (RADIUS_MM - 45)[:, :, 20:]) > 0.5
    np.testing.assert_array_equal(cut[:, :, 6:], whole[:, :, 26:])
    assert cut[:, :, 0].sum() > 0.9 * whole[:, :, 20].sum()


def test_a_stripped_scan_keeps_its_fluid() -> None:
    scan = np.where(RADIUS_MM < 12, 0.0, BRAIN)
    assert stripped_mask(scan, RADIUS_MM - 45)[30, 30, 30]


def test_a_stripped_scan_has_nothing_outside_the_brain() -> None:
    assert is_only_brain(BRAIN, RADIUS_MM - 45)
    assert is_only_brain((RADIUS_MM < 48).astype(float), RADIUS_MM - 45)
    scalp = np.where((RADIUS_MM > 54) & (RADIUS_MM < 58), 0.5, BRAIN)
    assert not is_only_brain(scalp, RADIUS_MM - 45)


def test_dark_fluid_of_a_stripped_scan_is_brain_but_its_soft_edge_is_not() -> None:
    scan = np.where(RADIUS_MM < 45, 100.0, 0.0)
    fluid = (RADIUS_MM > 34) & (RADIUS_MM < 38)
    scan[fluid] = 5.0
    scan[20:26, 28:32, :30] = np.where(scan[20:26, 28:32, :30] > 0, 5.0, 0.0)  # a cleft that reaches the surface
    edge = (RADIUS_MM >= 45) & (RADIUS_MM < 47)
    scan[edge] = 5.0
    mask = stripped_mask(scan, RADIUS_MM - 45)
    assert mask[fluid].all()
    assert not mask[edge].any()
    assert mask[RADIUS_MM < 41].all()


def test_bright_fluid_outside_the_brain_is_cut_off() -> None:
    """T2: fluid 3 mm wide around the brain is as bright inside the template's surface as outside."""
    head = np.select([RADIUS_MM < 44, RADIUS_MM < 50], [1.0, 1.5], 0.1)
    mask = brain_mask(head, RADIUS_MM - 45, np.array([0.9, 1.0, 1.6]), RIM_MM) > 0.5
    assert mask[RADIUS_MM < 42].all()
    assert not mask[RADIUS_MM > 46].any()
    as_lesion = brain_mask(head, RADIUS_MM - 45, np.array([0.9, 1.0, 0.4])) > 0.5
    assert as_lesion.sum() > 1.05 * mask.sum()


@pytest.mark.parametrize(("rim_mm", "end_mm"), [(RIM_MM, 47.5), (RIM_MM + 2, 46.0), (WIDE_RIM_MM, 49.0)])
def test_where_the_brain_ends_beside_bright_fluid(rim_mm: float, end_mm: float) -> None:
    """T2, images of large voxels, which spread the fluid, and maps, on which the template lies more tightly."""
    head = np.select([RADIUS_MM < 49.5, RADIUS_MM < 53], [1.0, 1.6], 0.1)
    mask = brain_mask(head, RADIUS_MM - 45, np.array([0.9, 1.0, 1.6]), rim_mm) > 0.5
    radius_mm = 2 * (3 * mask.sum() / (4 * np.pi)) ** (1 / 3)
    assert radius_mm == pytest.approx(end_mm, abs=0.5)


def test_without_contrast_to_fluid_the_template_says_where_brain_ends() -> None:
    """PD: fluid and the blurred edge of bone are as bright as brain."""
    head = np.select([RADIUS_MM < 50], [1.0], 0.1)
    alike = brain_mask(head, RADIUS_MM - 45, np.array([1.0, 1.0, 0.9])) > 0.5
    dark = brain_mask(head, RADIUS_MM - 45, np.array([1.0, 1.0, 0.5])) > 0.5
    assert not alike[RADIUS_MM > 46].any()
    assert dark[(RADIUS_MM > 46) & (RADIUS_MM < 48)].mean() > 0.9


def test_dark_grey_matter_is_brain() -> None:
    """FA: white matter is several times as bright as grey."""
    head = np.select([RADIUS_MM < 35, RADIUS_MM < 45], [1.6, 0.6], 0.05)
    mask = brain_mask(head, RADIUS_MM - 45, np.array([1.6, 0.6, 0.3])) > 0.5
    assert mask[(RADIUS_MM > 38) & (RADIUS_MM < 43)].all()
