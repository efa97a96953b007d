"""Which flag is named where the sides of an image cannot be halved so often, and how often they can."""

import pytest

from brainlab.errors import InputError
from brainlab.networks.halving import halved


def test_each_width_and_fold_halves_every_side():
    assert halved((1, 40, 48, 40), 3) == (5, 6, 5)
    assert halved((2, 128, 64), 3, folds=1, fixed=1) == (4, 2)
    assert halved((1, 16, 16), 3, unhalved=1) == (4, 4)


@pytest.mark.parametrize(
    ("shape", "counts", "said"),
    [
        ((1, 128, 128), {"widths": 1, "folds": 9}, "--folds: needs 0 to 6, got 9"),
        ((1, 96, 128), {"widths": 2, "folds": 4}, "--folds: needs 0 to 3, got 4"),
        ((1, 96, 96), {"widths": 6}, "--widths: needs 1 to 5 of them, got 6"),
        ((1, 96, 96), {"widths": 6, "folds": 2}, "--widths: needs 1 to 5 of them, got 6"),
        ((1, 40, 48, 40), {"widths": 3, "fixed": 1}, "--widths: needs 1 to 2 of them, got 3"),
        ((1, 16, 8), {"widths": 5, "unhalved": 1}, "--widths: needs 1 to 4 of them, got 5"),
        ((1, 41, 48, 40), {"widths": 2}, "--sample-shape: needs 2 or 3 sides that divide by 4, got 41 x 48 x 40"),
        ((1, 12, 12), {"widths": 0, "fixed": 3}, "--sample-shape: needs 2 or 3 sides that divide by 8"),
        ((1, 8), {"widths": 1}, "--sample-shape: needs 2 or 3 sides"),
        ((1, 0, 8), {"widths": 1}, "--sample-shape: needs 2 or 3 sides"),
    ],
)
def test_the_flag_is_named_with_what_it_may_be(shape, counts, said):
    with pytest.raises(InputError) as refused:
        halved(shape, **counts)
    assert str(refused.value).startswith(said)


def test_what_is_said_to_be_allowed_is():
    assert halved((1, 128, 96), 2, folds=3) == (4, 3)
    with pytest.raises(InputError, match="--folds: needs 0 to 3, got 4"):
        halved((1, 128, 96), 2, folds=4)
