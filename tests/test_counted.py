"""Numbers with their nouns in messages."""

import pytest

from brainlab.counted import all_of, counted, noun, sized


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 people"), (1, "1 person"), (2, "2 people"), (12_345, "12,345 people")]
)
def test_one_is_singular_and_all_else_plural(number, said):
    assert counted(number, "person", "people") == said


def test_an_s_makes_the_plural_where_none_is_given():
    assert [noun(number, "held-out scan") for number in (1, 3)] == ["held-out scan", "held-out scans"]
    assert [all_of(number, "case") for number in (1, 3)] == ["the one case", "all 3 cases"]


@pytest.mark.parametrize(
    ("count", "said"), [(3.24e9, "3.2 GB"), (1.2e13, "12,000.0 GB"), (12_500_000, "12.5 MB"), (480, "0.5 kB")]
)
def test_a_small_disk_has_not_no_room_at_all(count, said):
    assert sized(count) == said
