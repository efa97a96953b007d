"""Ages and sexes are read in the units and words of their dataset, or left out with a sentence."""

import pytest

from brainlab.cohort.sources.demographics import age_in_years, person, sex_letter


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("34", 34), ("34.5", 34.5), ("89+", 89), (">89", 89), ("20-25", 22.5), ("20 – 25", 22.5), ("034Y", 34),
        ("18M", 1.5), ("41,5", 41.5), ("20,5-25,5", 23), ("18 months", 1.5), ("0.5", 0.5), ("0M", 0), ("120", 120),
        ("n.k.", None), ("old", None), ("1970", None), ("121", None), ("-9", None), ("0", None), ("34 kg", None),
    ],
)  # fmt: skip
def test_ages(text: str, years: float | None) -> None:
    assert age_in_years(text) == years


@pytest.mark.parametrize(
    ("column", "meaning", "years"),
    [
        ("age", {}, 24),
        ("age", {"Units": "years"}, 24),
        ("age", {"Units": "months"}, 2),
        ("age", {"Units": "mo"}, 2),
        ("age", {"Description": "Age in months at the first scan"}, 2),
        ("age", {"Description": "Age (months)"}, 2),
        ("age", {"Description": "age at the scan, 6 months after the first one"}, 24),
        ("age_months", {}, 2),
        ("age (months)", {}, 2),
        ("agemonths", {}, 2),
        ("age_at_scan_in_weeks", {}, 24 / 52.18),
        ("age", {"Units": "d"}, 24 / 365.25),
        ("age_months", {"Units": "months"}, 2),
    ],
)
def test_age_in_the_unit_of_its_column(column: str, meaning: dict, years: float) -> None:
    problems: list[str] = []
    assert person({column: "24"}, {column.title(): meaning}, problems)["age_years"] == pytest.approx(years)
    assert problems == []


@pytest.mark.parametrize(
    ("column", "cell", "meaning", "problem"),
    [
        ("age", "24", {"Units": "dog years and months"}, "'dog years and months'; needs years, months, weeks or days"),
        ("age", "24", {"Units": "semesters"}, "in 'semesters'"),
        ("age", "24", {"Units": "years", "Description": "age in months"}, "in months and in years"),
        ("age_months", "24", {"Units": "years"}, "in months and in years"),
        ("age", "780", {}, "'780' is no age between 0 and 120 years"),
        ("age", "-1", {}, "'-1' is no age"),
        ("age", "0", {}, "'0' is no age"),
        ("age", "old", {}, "'old' is no age"),
    ],
)
def test_an_age_that_cannot_be_used_is_left_out_with_a_sentence(
    column: str, cell: str, meaning: dict, problem: str
) -> None:
    problems: list[str] = []
    assert person({column: cell}, {column: meaning}, problems)["age_years"] is None
    assert len(problems) == 1
    assert problem in problems[0]


def test_what_is_missing_or_no_age_at_all_is_left_out_quietly() -> None:
    problems: list[str] = []
    row = {"age": "NA", "age_at_onset": "20", "age_group": "3", "language": "5", "sex": "unknown"}
    assert person(row, None, problems) == {"age_years": None, "sex": None}
    assert problems == []
    assert person({"age": "unknown", "age_at_scan": "50"})["age_years"] == 50


def test_sexes() -> None:
    words = ("F", "female", "Male", "m", "D", "other", "1", "?")
    assert [sex_letter(word) for word in words] == ["F", "F", "M", "M", "O", "O", None, None]
    assert sex_letter("1", {"1": "Male", "2": "Female"}) == "M"


def test_a_sex_without_a_meaning_is_named() -> None:
    problems: list[str] = []
    assert person({"sex": "1"}, {"sex": {"Levels": {"2": "female"}}}, problems)["sex"] is None
    assert "sex '1' is neither a word for a sex nor among the Levels" in problems[0]
    assert person({"gender": "1"}, {"Gender": {"Levels": {"1": {"Description": "female"}}}})["sex"] == "F"
