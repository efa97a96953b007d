"""Training ends once the held-out error has risen from strip to strip three times (Wei, section 2.2.3), not before."""

import pytest

from brainlab.training.state import has_risen


@pytest.mark.parametrize(
    ("errors", "times", "stops"),
    [
        ([3.0, 2.0, 2.1, 2.2, 2.3], 3, True),
        ([2.0, 2.1, 2.2, 2.3], 3, True),
        ([3.0, 2.0, 2.1, 2.2], 3, False),  # two rises
        ([3.0, 2.0, 2.1, 2.0, 2.1, 2.2], 3, False),  # a fall between
        ([2.0, 2.1, 2.1, 2.2], 3, False),  # no rise is no rise
        ([2.0, 2.1], 1, True),
        ([2.0], 1, False),
        ([2.0, 2.1, 2.2, 2.3], None, False),
        ([], 3, False),
    ],
)
def test_it_takes_so_many_rises_in_a_row(errors, times, stops):
    assert has_risen(errors, times) is stops
