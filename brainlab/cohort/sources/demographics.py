"""Read age and sex from the cells of a table, with the units and meanings that the dataset gives for them."""

import re
from collections.abc import Mapping
from typing import Any

from brainlab.files.delimited import DOUBTFUL_WORDS, MISSING_WORDS

AGE_COLUMNS = ("age", "age_years", "age_at_scan", "age_at_visit", "age_yrs", "participant_age")
"""Taken first, in this order; then any other whose words are all in `AGE_WORDS` or a unit, such as `age_months`."""
AGE_WORDS = {"age", "at", "in", "of", "scan", "scanning", "visit", "mri", "imaging", "participant", "subject"}
SEX_COLUMNS = ("sex", "gender")
MOST_YEARS = 120
PER_YEAR = {"years": 1.0, "months": 12.0, "weeks": 52.18, "days": 365.25}
UNIT_WORDS = {
    **dict.fromkeys(("years", "year", "yrs", "yr", "yo"), "years"),
    **dict.fromkeys(("months", "month", "mos", "mo"), "months"),
    **dict.fromkeys(("weeks", "week", "wks", "wk"), "weeks"),
    **dict.fromkeys(("days", "day"), "days"),
}
UNIT_LETTERS = {"y": "years", "a": "years", "w": "weeks", "d": "days"}
"""Read where a unit stands alone (UCUM writes `a` for years); `m` may be months or minutes, and is not."""
IN_UNIT = re.compile(r"(?:\bin|[(\[,;:]|^)\s*(?:(?:decimal|full|whole|completed|fractional)\s+)?([a-z]+)\b")
"""Where a description names a unit: 'age in months', 'age (months)', 'age, months', 'months since birth'."""


def person(
    row: Mapping[str, str], meanings: Mapping[str, Any] | None = None, problems: list[str] | None = None
) -> dict[str, Any]:
    """Return `age_years` and `sex` (F, M, O) of a table row whose columns are in lower case, None where not known.

    meanings: the JSON file beside the table, with `Units`, `Description` and `Levels` by column.
    problems: a list that gets a sentence for each cell that says something and cannot be used.
    """
    found = problems if problems is not None else []
    ages = (_age(row[name], name, _meaning(meanings, name), found) for name in _age_columns(row))
    sexes = (_sex(row[name], name, _meaning(meanings, name), found) for name in SEX_COLUMNS if name in row)
    return {
        "age_years": next((age for age in ages if age is not None), None),
        "sex": next((sex for sex in sexes if sex is not None), None),
    }


ISO_DURATION = re.compile("P(?=[0-9])" + "".join(rf"(?:(\d+(?:\.\d+)?){letter})?" for letter in "YMWD"), re.IGNORECASE)
"""An age as ISO 8601 writes a length of time: `P34Y6M`, `P18M`."""


def age_in_years(text: str, unit: str = "years") -> float | None:
    """Read an age: `34`, `34.5`, `34,5`, `89+` (89), `20-25` (22.5), `034Y`, `18M` (DICOM months), `18 months`,
    `P34Y6M` (ISO 8601).

    unit: what a number alone is counted in (years, months, weeks or days). None where it cannot be read, is negative or
    above 120 years, or is a bare 0 years, which many tables write for an age that is not known.
    """
    if duration := ISO_DURATION.fullmatch(text.strip()):
        parts = zip(duration.groups(), PER_YEAR.values(), strict=True)
        return _likely(sum(float(part) / per_year for part, per_year in parts if part), bare=True)
    number = r"\d+(?:[.,]\d+)?"
    found = re.fullmatch(rf"\s*[<>~]?\s*({number})\s*(?:[-–]\s*({number}))?\s*(\+|[a-zA-Z]*)\.?\s*", text)
    if not found:
        return None
    suffix = found[3].lower()
    stated = {"": unit, "+": unit, "m": "months", **UNIT_WORDS, **UNIT_LETTERS}.get(suffix)
    if stated is None:
        return None
    low, high = (float(part.replace(",", ".")) for part in (found[1], found[2] or found[1]))
    years = (low + high) / 2 / PER_YEAR[stated]
    return _likely(years, bare=stated == "years")


def _likely(years: float, *, bare: bool) -> float | None:
    """Return an age that somebody can have; bare: given in years, where a 0 means that it is not known."""
    return None if years > MOST_YEARS or (bare and years == 0) else years


def sex_letter(text: str, levels: Mapping[str, Any] | None = None) -> str | None:
    """Return F, M or O (other, diverse); a number only where the dataset says what it stands for."""
    level = (levels or {}).get(text.strip(), text)
    if isinstance(level, Mapping):  # BIDS 1.8 and later: {"Description": ..., "TermURL": ...}
        level = level.get("Description", text)
    word = str(level).strip().lower()
    if word in ("f", "female", "w", "woman", "girl"):
        return "F"
    if word in ("m", "male", "man", "boy"):
        return "M"
    return "O" if word in ("o", "other", "d", "diverse", "divers", "x", "nonbinary", "non-binary", "intersex") else None


def says_nothing(text: str) -> bool:
    """Whether a cell for a value stands for one that is missing."""
    return text.strip().lower() in MISSING_WORDS | DOUBTFUL_WORDS | {"?", "u"}


def _age(text: str, column: str, meaning: Mapping[str, Any], problems: list[str]) -> float | None:
    if says_nothing(text):
        return None
    unit, problem = _age_unit(column, meaning)
    if problem:
        problems.append(problem)
        return None
    age = age_in_years(text, unit)
    if age is None:
        problems.append(f"{column} {text!r} is no age between 0 and {MOST_YEARS} years ({unit} assumed): left out")
    return age


def _age_unit(column: str, meaning: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the unit of an age column by its name and its meaning, and why it cannot be used where it cannot."""
    units = str(meaning.get("Units") or "").strip()
    description = str(meaning.get("Description") or "").lower()
    stated = {UNIT_WORDS[word] for word in _words(column) if word in UNIT_WORDS}
    stated |= {UNIT_WORDS[word] for word in IN_UNIT.findall(description) if word in UNIT_WORDS}
    if not says_nothing(units):
        named = {(UNIT_WORDS | UNIT_LETTERS)[word] for word in _words(units) if word in UNIT_WORDS | UNIT_LETTERS}
        if len(named) != 1:
            return "", f"{column} is in {units!r}; needs years, months, weeks or days: left out"
        stated |= named
    if len(stated) > 1:
        return "", f"{column} is in {' and in '.join(sorted(stated))} by its name, Units or Description: left out"
    return stated.pop() if stated else "years", None


def _sex(text: str, column: str, meaning: Mapping[str, Any], problems: list[str]) -> str | None:
    levels = meaning.get("Levels")
    sex = sex_letter(text, levels if isinstance(levels, Mapping) else None)
    if sex is None and not says_nothing(text):
        problems.append(f"{column} {text!r} is neither a word for a sex nor among the Levels of its column: left out")
    return sex


def _age_columns(row: Mapping[str, str]) -> list[str]:
    listed = [name for name in AGE_COLUMNS if name in row]
    return listed + [name for name in row if name not in listed and is_age(name)]


def is_age(column: str) -> bool:
    """Whether a column in lower case holds ages, in whatever unit."""
    words = _words(column)
    return "age" in words and all(word in AGE_WORDS or word in UNIT_WORDS for word in words)


def _words(text: str) -> list[str]:
    """Split a name or a unit into its words: `ageMonths`, `age_months` and `Age (months)` alike."""
    return re.findall("[a-z]+", re.sub(r"^age(?=[a-z])", "age ", text.lower()))


def _meaning(meanings: Mapping[str, Any] | None, column: str) -> Mapping[str, Any]:
    """Return what a table's JSON file says of a column, whatever the case of its name."""
    entries = (entry for name, entry in (meanings or {}).items() if name.strip().lower() == column)
    return next((entry for entry in entries if isinstance(entry, Mapping)), {})
