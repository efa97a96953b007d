"""The top of a head is found, and what is no head or no stripped brain is told from it."""

import numpy as np
import pytest

from brainlab.cohort.registration.head import CLAMP, GRID_MM, HEIGHT_MM, MOST_HEIGHT_MM, Head, find_head, foreground
from brainlab.images.volume import Volume


@pytest.fixture(scope="module")
def head(whole_head: Volume) -> Head:
    return find_head(whole_head)


def test_the_neck_is_cut_off_and_fat_is_clamped(head: Head, whole_head: Volume) -> None:
    assert head.image.data.shape[2] * GRID_MM <= HEIGHT_MM + 20 < whole_head.data.shape[2] * 4
    more = (MOST_HEIGHT_MM - HEIGHT_MM) / GRID_MM
    assert head.tall.data.shape[2] == head.image.data.shape[2] + more
    np.testing.assert_array_equal(head.tall.data[:, :, int(more) :], head.image.data)
    np.testing.assert_allclose(head.tall.affine @ [0, 0, more, 1], head.image.affine[:, 3])
    fat = Volume(whole_head.data.copy(), whole_head.affine)
    fat.data[:12] *= 5  # the scalp of one side
    assert find_head(fat).image.data.max() <= CLAMP + 1e-6


def test_what_lies_outside_the_skull_is_bared_away(head: Head) -> None:
    assert head.enclosed
    assert not head.stripped
    gone = (head.bare.data == 0) & (head.image.data > 0.5)
    assert gone.sum() * GRID_MM**3 / 1000 > 300  # ml of scalp
    assert head.bare.data[tuple(n // 2 for n in head.bare.data.shape)] > 0


def test_pieces_of_the_order_of_the_largest_belong_to_the_head() -> None:
    data = np.zeros((40, 20, 20), np.float32)
    data[2:14, 4:16, 4:16] = data[16:24, 4:16, 4:16] = data[30:34, 4:8, 4:8] = 100
    inside = foreground(data)
    assert inside[8, 10, 10]
    assert inside[20, 10, 10]
    assert not inside[32, 6, 6]


def test_what_is_larger_than_a_brain_is_not_stripped() -> None:
    """A head whose air and dark skin were set to 0 has no scalp to be seen, but the size of a head."""
    radius = np.linalg.norm(np.indices((100, 100, 100)).T - 50, axis=-1).T * 2
    head = find_head(Volume(np.where(radius < 84, 100, 0).astype(np.float32), np.diag([2.0, 2, 2, 1])))
    assert head.voxel_mm == 2.0
    assert not head.stripped
    assert not head.enclosed
