"""A placed brain: its mask, its limits, and what lies outside it. The fit itself is given here."""

import numpy as np
import pytest

from brainlab.cohort.registration import placement
from brainlab.cohort.registration.fit_test import Evidence
from brainlab.cohort.registration.head import Head, frame_of
from brainlab.cohort.registration.placement import Placement, place_on_template, placed_already
from brainlab.cohort.registration.register import Registration
from brainlab.cohort.registration.template_grids import shrink, template_distance
from brainlab.cohort.registration.tissue_fit import RIM_MM, WIDE_RIM_MM
from brainlab.cohort.template import grid_affine, mni_tissue
from brainlab.errors import RegistrationError
from brainlab.images.volume import Volume


def fitted(matrix: np.ndarray, brightness: tuple[float, ...] = (1.1, 1.0, 0.5), rim_mm: float = 0.0) -> Registration:
    return Registration(matrix, 1.0, 0.5, np.array(brightness), rim_mm, Evidence(0.5, 0.5, 1.1))


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def test_the_mask_of_a_scan_in_template_space_leaves_its_background_out(brain_volume: Volume) -> None:
    mask = placed_already(brain_volume).native_mask
    assert mask.any()
    assert not mask[brain_volume.data == 0].any()


def test_a_mask_keeps_its_volume_on_the_template() -> None:
    affine = grid_affine(4)
    distance = np.linalg.norm(np.indices((45, 54, 45)) - np.array([22, 27, 22]).reshape(3, 1, 1, 1), axis=0)
    ball = Volume((distance < 12).astype(np.float32), affine)
    placed = Placement(ball.data > 0, ball, np.eye(4)).template_mask(ball)
    assert placed.data.sum() == pytest.approx(64 * ball.data.sum(), rel=0.03)


def test_the_mask_of_a_map_reaches_further_out_than_that_of_t2(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same head, once taken for a T2 and once for a map that is a ratio of images."""
    distance = np.pad(shrink(template_distance(), 2).data, 12, constant_values=60)
    affine = shrink(template_distance(), 2).affine.copy()
    affine[:3, 3] -= 12 * affine.diagonal()[:3]
    native = Volume(np.select([distance < 4, distance < 12], [1000, 300], 0).astype(np.float32), affine)
    frame = np.linalg.inv(frame_of(native))
    sizes = []
    for rim_mm in (RIM_MM, WIDE_RIM_MM):
        fit = fitted(frame, (0.9, 1.0, 1.6), rim_mm)
        monkeypatch.setattr(placement, "register", lambda head, fit=fit: fit)
        sizes.append(int(place_on_template(native).native_mask.sum()))
    assert sizes[1] > 1.02 * sizes[0]


@pytest.mark.parametrize("neck", [False, True])
def test_nothing_outside_the_brain_is_taken_for_a_stripped_one(
    brain_volume: Volume, neck: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A head whose air was set to 0 may look stripped from above; its neck does not lie within the template."""
    rows = 12
    bright = np.random.default_rng(0).uniform(400, 800, brain_volume.data.shape).astype(np.float32)
    data = np.pad(bright * (brain_volume.data > 0), ((0, 0), (0, 0), (rows, 0)))
    affine = brain_volume.affine.copy()
    affine[2, 3] -= rows * affine[2, 2]
    brain = data > 0
    if neck:
        data[14:32, 14:32, : rows + 2] = 700
    native = Volume(data, affine)
    frame = np.linalg.inv(frame_of(native))
    times: list[bool] = []

    def known(head: Head) -> Registration:
        times.append(head.stripped)
        return fitted(frame)

    monkeypatch.setattr(placement, "register", known)
    mask = place_on_template(native).native_mask
    assert times == ([True, False] if neck else [True])
    assert not mask[:, :, : rows - 2].any()
    assert dice(mask, brain) > (0.95 if neck else 0.98)


def test_the_cerebellum_of_a_large_head_is_whole(brain_volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    """The template's brain is as tall as the part of a head that is fitted, and here the vertex lies 20 mm above it."""
    bright = np.random.default_rng(0).uniform(400, 800, brain_volume.data.shape).astype(np.float32)
    below, above = 15, 6
    data = np.pad(bright * (brain_volume.data > 0), ((0, 0), (0, 0), (below, above)))
    affine = brain_volume.affine.copy()
    affine[2, 3] -= below * affine[2, 2]
    brain = data > 0
    bottom, top = np.flatnonzero(brain.any((0, 1)))[[0, -1]]
    data[14:26, 18:30, top : top + 6] = 700
    data[14:32, 14:32, : bottom + 2] = 700  # a neck: nothing that was stripped
    native = Volume(data, affine)
    frame = np.linalg.inv(frame_of(native))
    monkeypatch.setattr(placement, "register", lambda head: fitted(frame))
    mask = place_on_template(native).native_mask
    low = slice(bottom, bottom + 5)
    assert mask[:, :, low][brain[:, :, low]].mean() > 0.85


@pytest.fixture
def known_fit(brain_volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take any scan for a stripped brain that lies on the template already, in the mm of its file."""

    def found(native: Volume) -> Head:
        return Head(np.eye(4), native, native, native, np.zeros(3), True, False, 1.0)

    monkeypatch.setattr(placement, "find_head", found)
    monkeypatch.setattr(placement, "register", lambda head: fitted(SHIFT))


SHIFT = np.eye(4)
SHIFT[:3, 3] = 12, -8, 4


def on_the_shift(volume: Volume, data: np.ndarray) -> Volume:
    return Volume(data.astype(np.float32), SHIFT @ volume.affine)


@pytest.mark.usefixtures("known_fit")
def test_the_brain_alone_is_placed_where_the_map_says(brain_volume: Volume) -> None:
    specks = brain_volume.data.copy()
    specks[:2, ::7, ::7] = 900
    placed = place_on_template(on_the_shift(brain_volume, specks))
    assert dice(placed.template_mask(on_the_shift(brain_volume, specks)).data > 0.5, mni_tissue().brain) > 0.95
    assert placed.aligned.data[:4].max() == 0
    there = brain_volume.data[20:25, 20:30, 20:25]
    np.testing.assert_allclose(placed.aligned.data[82:98:4, 82:118:4, 82:98:4].mean(), there.mean(), rtol=0.1)


@pytest.mark.usefixtures("known_fit")
def test_too_small_a_brain_and_one_cut_off_are_refused(brain_volume: Volume) -> None:
    small = brain_volume.data.copy()
    small[:, :, :28] = 0
    with pytest.raises(RegistrationError, match=r"brain mask of \d+ ml; brains have 700 to 2300 ml"):
        place_on_template(on_the_shift(brain_volume, small))
    cut = Volume(brain_volume.data[:, :, :26], SHIFT @ brain_volume.affine)
    with pytest.raises(RegistrationError, match=r"needs at least 85% of the brain inside the image, got [1-7]\d\.\d%"):
        place_on_template(cut)


@pytest.mark.usefixtures("known_fit")
def test_the_share_in_view_at_its_bound(brain_volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    """15% outside is allowed; a hair more is refused, and is not reported as the 15% that are allowed."""
    scan = on_the_shift(brain_volume, brain_volume.data)
    monkeypatch.setattr(placement, "_share_in_view", lambda *_: 0.85)
    assert place_on_template(scan).notes[-1] == "15% of the brain lies outside the image"
    monkeypatch.setattr(placement, "_share_in_view", lambda *_: 0.84999)
    with pytest.raises(RegistrationError, match=r"at least 85% of the brain inside the image, got 84\.9%"):
        place_on_template(scan)
