"""A placed brain: its mask, and how much of it the image must hold."""

import numpy as np
import pytest

from brainlab.cohort import placement
from brainlab.cohort.placement import Placement, place_on_template, placed_already
from brainlab.cohort.registration import Registration
from brainlab.cohort.template import grid_affine
from brainlab.errors import RegistrationError
from brainlab.volume import Volume


def test_the_mask_of_a_stripped_scan_leaves_its_background_out(brain_volume: Volume) -> None:
    mask = placed_already(brain_volume).native_mask
    assert mask.any()
    assert not mask[brain_volume.data == 0].any()


def test_a_mask_keeps_its_volume_on_the_template() -> None:
    affine = grid_affine(4)
    distance = np.linalg.norm(np.indices((45, 54, 45)) - np.array([22, 27, 22]).reshape(3, 1, 1, 1), axis=0)
    ball = Volume((distance < 12).astype(np.float32), affine)
    placed = Placement(ball.data > 0, ball, np.eye(4)).template_mask(ball)
    assert placed.data.sum() == pytest.approx(64 * ball.data.sum(), rel=0.03)


def test_most_of_the_brain_must_lie_in_the_image(brain_volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "register", lambda head: Registration(np.linalg.inv(head.frame), 1.0, 1.0))
    slices = np.flatnonzero(brain_volume.data.any(axis=(0, 1)))
    first = slices[0] + int(0.35 * len(slices))
    affine = brain_volume.affine.copy()
    affine[:3, 3] = (brain_volume.affine @ [0, 0, first, 1])[:3]
    head = Volume(np.ascontiguousarray(brain_volume.data[:, :, first:]), affine)
    with pytest.raises(RegistrationError, match="of the brain lies outside the image; at most 15% may"):
        place_on_template(head)
