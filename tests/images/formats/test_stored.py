"""A matrix places voxels in the patient, or it is none."""

import numpy as np
import pytest

from brainlab.images.formats.stored import usable


def test_a_matrix_that_spans_space_is_usable():
    assert usable(np.diag([1.0, -2, 3, 1]))


@pytest.mark.parametrize("place", [(0, 0), (1, 2), (0, 3), (2, 3)])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_one_number_that_is_none_spoils_it_also_where_it_only_moves(place, value):
    affine = np.eye(4)
    affine[place] = value
    assert not usable(affine)


def test_a_flat_matrix_spans_nothing():
    assert not usable(np.diag([1.0, 1, 0, 1]))
    assert not usable(np.array([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))
