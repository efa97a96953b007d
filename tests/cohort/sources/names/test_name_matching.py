"""Names that differ a little are matched where they can mean one thing only."""

import pytest

from brainlab.cohort.sources.names.name_matching import PERSON_WORDS, SESSION_WORDS, match

PEOPLE = ("sub-01", "sub-02")


@pytest.mark.parametrize("given", ["sub-01", "01", "1", "001", "sub01", "SUB-01", "Sub_1", "S01", "s1", "1.0", "P01"])
def test_one_person_by_any_plain_name(given: str) -> None:
    found = match(PEOPLE, [given, "2"], PERSON_WORDS)
    assert found.names == {"sub-01": (given,), "sub-02": ("2",)}
    assert ("sub-01" in found.guessed) == (given not in ("sub-01", "01"))


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (("sub-1", "sub-01"), ("001",)),  # fits two folders
        (("sub-01",), ("S01", "P01")),  # two names fit one folder
        (("sub-S01",), ("P01",)),
        (("sub-01",), ("11", "10", "control01", "")),
        (("sub-A1",), ("A11", "1")),
    ],
)
def test_no_guess_where_a_name_may_mean_two_things_or_nothing(wanted: tuple[str, ...], given: tuple[str, ...]) -> None:
    assert set(match(wanted, given, PERSON_WORDS).names.values()) == {()}


def test_an_exact_name_leaves_no_room_for_a_guess() -> None:
    assert match(("sub-01",), ("1", "sub-01"), PERSON_WORDS).names == {"sub-01": ("sub-01",)}
    assert match(("ses-1", "ses-2"), ("V1", "2"), SESSION_WORDS).names == {"ses-1": ("V1",), "ses-2": ("2",)}
