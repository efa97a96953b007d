"""Who a person is, and how old."""

from dataclasses import replace
from pathlib import Path

import pytest

from brainlab.cohort.dicom.headers.frames import Origin, frames_of
from brainlab.cohort.dicom.people import age_of, contradictions, person_name, sex_of
from tests.dicom_files import save, series


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    [frame] = frames_of(save(series(1)[0], tmp_path / "x"))  # type: ignore[misc]
    return frame.origin


@pytest.mark.parametrize(
    ("age", "birth", "day", "written"),
    [
        ("034Y", "", "", "34"), ("", "19611103", "20190214", "57"), ("", "19191103", "20190214", "89+"),
        ("089Y", "", "", "89"), ("090Y", "", "", "89+"), ("018M", "", "", "1.5"), ("000Y", "", "", None),
        ("", "20190214", "20190214", None), ("", "", "20190214", None), ("", "20200101", "20190214", None),
        ("", "1961.11.03", "20190214", "57"), ("x", "y", "z", None), ("", "19611103", "20191103", "58"),
        ("", "19611103", "20191102", "57"), ("", "19300103", "20190403", "89"), ("", "19290403", "20190403", "89+"),
        ("", "20190211", "20190214", "0.01"), ("", "20180814", "20190214", "0.5"), ("003D", "", "", "0.01"),
    ],
)  # fmt: skip
def test_age(age: str, birth: str, day: str, written: str | None, origin: Origin):
    person = {**origin.person, "PatientAge": age, "PatientBirthDate": birth}
    assert age_of(replace(origin, person=person, study_date=day)) == written


@pytest.mark.parametrize(("said", "written"), [("F", "F"), ("M", "M"), ("O", "O"), ("", None), ("Erika", None)])
def test_sex(said: str, written: str | None, origin: Origin):
    assert sex_of(replace(origin, person={**origin.person, "PatientSex": said})) == written


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({}, []),
        ({"PatientName": "MUSTERMANN^E."}, []),
        ({"PatientName": "", "PatientBirthDate": "", "PatientSex": ""}, []),
        ({"PatientName": "Somebody^Else"}, ["names"]),
        ({"PatientBirthDate": "19400101", "PatientSex": "M"}, ["birth dates", "sexes"]),
    ],
)
def test_headers_that_do_not_fit_one_person(other, found, origin: Origin):
    assert contradictions([origin, replace(origin, person={**origin.person, **other})]) == found


def test_one_id_is_one_person_whatever_the_spelling_of_the_name(origin: Origin):
    other = replace(origin, person={**origin.person, "PatientName": "MUSTERMANN^E."})
    assert person_name(origin) == person_name(other)
    elsewhere = replace(origin, person={**origin.person, "IssuerOfPatientID": "another hospital"})
    assert person_name(origin) != person_name(elsewhere)


def test_people_of_whom_nothing_is_told_are_told_apart_by_their_studies(origin: Origin):
    nobody = replace(origin, person=dict.fromkeys(origin.person, ""))
    assert person_name(nobody) != person_name(replace(nobody, study="1.2.3"))
