"""Who a person is, and how old at a scan: read from headers, kept in memory, told apart by keyed hashes."""

import re
from collections.abc import Iterable
from datetime import date

from brainlab.cohort.dicom.headers.frames import Origin
from brainlab.cohort.sources.demographics import age_in_years, sex_letter

OLDEST_YEARS = 89
"""People older than this are so few that their age tells who they are; BIDS and HIPAA have them written as one."""


def person_name(origin: Origin) -> str:
    """Return what tells a person from others: the id with who gave it, else name and birth date, else the study."""
    person = origin.person
    if person["PatientID"]:
        return "\n".join(("id", person["IssuerOfPatientID"], person["PatientID"]))
    if person["PatientName"]:
        return "\n".join(("name", person["PatientName"].upper(), person["PatientBirthDate"]))
    return f"study\n{origin.study}"


def contradictions(origins: Iterable[Origin]) -> list[str]:
    """Return in what the headers of one person differ as those of one person do not: names without a word in common,
    birth dates, sexes."""
    people = [origin.person for origin in origins]
    names = [set(re.findall(r"\w+", person["PatientName"].upper())) for person in people if person["PatientName"]]
    found = ["names"] if any(not names[0] & other for other in names[1:]) else []
    for tag, words in (("PatientBirthDate", "birth dates"), ("PatientSex", "sexes")):
        found += [words] if len({person[tag] for person in people if person[tag]}) > 1 else []
    return found


def visit_name(origin: Origin) -> str:
    """Return what tells a visit of a person from others: its day, else its study."""
    return origin.study_date or origin.study


def age_of(origin: Origin) -> str | None:
    """Return the age at a scan in years: whole ones from 2 years on, `89+` from 90, None where it is not told."""
    years = age_in_years(origin.person["PatientAge"]) if origin.person["PatientAge"] else None
    if years is None:
        years = _years_between(_day(origin.person["PatientBirthDate"]), _day(origin.study_date))
    if not years:  # a birth date that is the day of the scan stands for one that was removed
        return None
    if years >= OLDEST_YEARS + 1:
        return f"{OLDEST_YEARS}+"
    if years >= 2:
        return str(int(years))
    return f"{years:.1f}" if years >= 0.1 else f"{max(years, 0.01):.2f}"  # 0 would be an age that is not known


def sex_of(origin: Origin) -> str | None:
    """Return F, M or O, None where it is not told."""
    return sex_letter(origin.person["PatientSex"])


def _day(text: str) -> date | None:
    """Read a date as DICOM writes it (20211231), or as it did before 1993 (2021.12.31)."""
    digits = text.replace(".", "")
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def _years_between(birth: date | None, day: date | None) -> float | None:
    if birth is None or day is None or not 0 <= (day - birth).days <= 120 * 366:
        return None
    whole = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    return float(whole) if whole >= 2 else (day - birth).days / 365.25
