"""A right fit is told from a wrong one by its tissues and its neighbours."""

import numpy as np
import pytest

from brainlab.cohort.registration.fit_test import Evidence, neighbours, turn, weigh
from brainlab.cohort.registration.template_grids import shrink
from brainlab.cohort.registration.tissue_fit import CENTRE_MM, blurred, tissue_fit
from brainlab.cohort.template import mni_template
from brainlab.images.volume import Volume


@pytest.fixture(scope="module")
def image() -> Volume:
    return blurred(shrink(Volume(mni_template().data * 1.5, mni_template().affine), 2))


def test_the_brain_itself_passes_and_its_mirror_image_does_not(image: Volume) -> None:
    right = weigh(image, tissue_fit(image, np.eye(4)))
    assert right.fault() is None
    assert not right.doubtful
    for axis in (1, 2):
        mirrored = Volume(np.ascontiguousarray(np.flip(image.data, axis)), image.affine)
        wrong = weigh(mirrored, tissue_fit(mirrored, np.eye(4)))
        assert wrong.fault() is not None
        assert wrong.gain * wrong.fall < 0.1 * right.gain * right.fall


def test_a_ball_has_no_tissues() -> None:
    place = (np.indices((91, 109, 91)).T * 2.0 + [-90, -125, -71]).T - CENTRE_MM[:, None, None, None]
    radius = np.linalg.norm(place / np.array([68.0, 85, 65])[:, None, None, None], axis=0)
    noise = np.random.default_rng(0).normal(0, 0.05, radius.shape)
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 3] = -90, -125, -71
    ball = blurred(Volume(((radius < 1) + noise).astype(np.float32), affine))
    assert "do not explain" in (weigh(ball, tissue_fit(ball, np.eye(4))).fault() or "")


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (Evidence(0.06, 0.08, 1.1), None),
        (Evidence(0.05, 0.30, 1.1), "gain 0.050"),
        (Evidence(0.06, 0.05, 1.1), "fall 0.050"),
        (Evidence(0.30, 0.02, 1.1), None),
        (Evidence(0.50, 0.50, 1.4), "stretched 1.40 times"),
    ],
)
def test_what_speaks_for_a_fit(evidence: Evidence, reason: str | None) -> None:
    fault = evidence.fault()
    assert (fault is None) == (reason is None)
    assert (reason or "") in (fault or "")


def test_neighbours_lie_around_the_fit_on_all_sides() -> None:
    moves = neighbours()
    assert len(moves) == 12
    np.testing.assert_allclose(sum(moves) / 12 @ [*CENTRE_MM, 1], [*CENTRE_MM, 1], atol=1e-9)
    points = np.array([[50.0, -18, 10, 1], [0, 40, 10, 1], [0, -18, 60, 1]]).T
    moved = [np.linalg.norm((move @ points - points)[:3], axis=0).mean() for move in moves]
    assert 5 < min(moved) < max(moved) < 12


def test_turns_keep_the_centre_and_lengths() -> None:
    for axis in range(3):
        matrix = turn(axis, 30.0)
        np.testing.assert_allclose(matrix @ [*CENTRE_MM, 1], [*CENTRE_MM, 1], atol=1e-12)
        np.testing.assert_allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-12)
