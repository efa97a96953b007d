"""Names mean people: visits of one never part, and names that only count people keep them apart."""

import itertools
import random

import pytest

from brainlab.cohort.sources.names.person_names import Clue, looks_like_visit, people, says_person, visit_beside

PEOPLE = [
    ("P01", "P02"),
    ("ms01", "ms02"),
    ("subject_12", "subject_13"),
    ("patient-1", "patient-2"),
    ("sub-01", "sub-02"),
    ("0001", "0002"),
    ("IXI002", "IXI012"),
    ("OAS1_0001", "OAS1_0002"),
    ("OAS30001", "OAS30002"),
    ("BraTS-GLI-00001", "BraTS-GLI-00002"),
    ("ADNI_002_S_0295", "ADNI_002_S_0413"),
    ("UCSF-PDGM-0004", "UCSF-PDGM-0005"),
    ("MS_001", "HC_001"),
]
VISITS = [
    ("bl", "fu"),
    ("pre", "post"),
    ("MR1", "MR2"),
    ("V1", "V2"),
    ("T0", "T12"),
    ("m00", "m12"),
    ("a", "b"),
    ("1", "2"),
    ("2019", "2020"),
    ("Guys-0828", "Guys-0829"),
]


def whom(*names: str) -> list[str]:
    found = people(names)
    return [found[name].name for name in names]


@pytest.mark.parametrize("persons", PEOPLE)
@pytest.mark.parametrize("visits", VISITS)
@pytest.mark.parametrize("mark", ["_", "-"])
def test_visits_of_a_person_are_one_person(persons: tuple[str, str], visits: tuple[str, str], mark: str) -> None:
    """All visits of each are one person's, and two people stay two."""
    names = [f"{person}{mark}{visit}" for person, visit in itertools.product(persons, visits)]
    found = people(names)
    first, other = ({found[name].name for name in names if name.startswith(person)} for person in persons)
    assert (first, other) == ({persons[0]}, {persons[1]})
    assert len({(found[name].name, found[name].session) for name in names}) == len(names)


@pytest.mark.parametrize("visits", [pair for pair in VISITS if pair[0] != "2019"])
@pytest.mark.parametrize("person", ["P01", "ms01", "subject_12", "sub-01", "0001", "OAS1_0001", "BraTS-GLI-00001"])
def test_visits_are_one_person_without_others_to_compare(person: str, visits: tuple[str, str]) -> None:
    assert len(set(whom(*[f"{person}_{visit}" for visit in visits], person))) == 1


def test_the_order_of_names_changes_nothing() -> None:
    names = [f"{person}_{visit}" for pair in PEOPLE for person in pair for visits in VISITS for visit in visits]
    shuffled = random.Random(0).sample(names, len(names))
    assert people(names) == people(shuffled)


@pytest.mark.parametrize(
    "names",
    [
        ["P01", "p1", "p_01", "P-001"],
        ["MS01", "ms01", "Ms01_2"],
        ["P01a", "P01b"],
        ["P01V1", "P01V2"],
        ["anna", "anna_2", "Anna_bl"],
        ["anna_1", "anna_2", "bert_1"],
        ["MR1_0001", "MR2_0001"],
        ["100206_3T_MPR1", "100206_7T_MPR1"],
        ["2019_p01", "2020_p01"],
        ["BraTS19_CBICA_AAB_1", "BraTS19_CBICA_AAB_2"],
        ["KKI2009-01", "KKI2009-02"],
        ["anna_wk0", "anna_wk12"],
        ["anna_0m", "anna_6m"],
        ["anna_V1", "anna_V2"],
        ["anna_m00", "anna_m12"],
        ["V1_anna", "V2_anna"],
        ["V1_001", "V2_001"],
        ["pre_anna", "anna"],
    ],
)
def test_one_person_under_several_names(names: list[str]) -> None:
    assert len({name.casefold() for name in whom(*names) if "bert" not in name}) == 1


@pytest.mark.parametrize(
    "names",
    [
        ["BraTS20_Training_001", "BraTS20_Training_002", "BraTS20_Validation_001"],
        ["STUDY7_001", "STUDY7_002"],
        ["MS_001", "MS_002", "HC_001"],
        ["MS_1", "HC_1"],
        ["GBM_1", "GBM_2", "GBM_3", "LGG_1"],
        [f"101-{number:03}" for number in range(12)],
        ["scan_1", "scan_2", "scan"],
        ["3T_01", "3T_02"],
        ["2019-001", "2019-002"],
        ["patient_A", "patient_B"],
        ["p1", "p12", "p21"],
        ["0cc175b9c0f1b6a831c399e269772661", "0cc175b9c0f1b6a831c399e269772662"],
        ["1.2.840.113619.2.5.1", "1.2.840.113619.2.5.2"],
        ["550e8400-e29b-41d4-a716-446655440000", "550e8401-e29b-41d4-a716-446655440000"],
        ["anna", "bert", "annabel"],
        ["V1_anna", "V2_bert"],
        ["HC_20m", "HC_34m"],
        [f"STUDY_V{number:02}" for number in range(1, 13)],
        ["scan1_1", "scan2_1"],
    ],
)
def test_two_people_stay_two(names: list[str]) -> None:
    assert len(set(whom(*names))) == len(names)


def test_many_visits_do_not_make_a_person_a_study() -> None:
    """A short number never counts people behind another, however many there are."""
    assert set(whom(*[f"ms01_{visit}" for visit in range(1, 31)])) == {"ms01"}


@pytest.mark.parametrize(
    ("name", "clue"),
    [
        ("sub-01_x", Clue.LABEL),
        ("IXI002-Guys-0828", Clue.SCHEME),
        ("patient01", Clue.WORD),
        ("ms01", Clue.NUMBER),
        ("anna_2019", Clue.SHORTER),
        *(
            (name, Clue.NOTHING)
            for name in ("scan", "anna", "scan_1", "d41d8cd98f00b204e9800998ecf8427e", "20081001114556")
        ),
    ],
)
def test_the_part_that_tells_the_person(name: str, clue: Clue) -> None:
    assert people([name])[name].clue is clue
    assert says_person(name) == (clue in (Clue.LABEL, Clue.SCHEME, Clue.WORD))


def test_what_is_no_visit_is_no_session() -> None:
    """A site and a scan number are a session only where they tell two scans of a person apart."""
    names = ["IXI002-Guys-0828", "IXI012-HH-1211", "IXI012-HH-1212"]
    assert [people(names)[name].session for name in names] == [None, "HH_1211", "HH_1212"]


def test_visits_beside_a_person_who_is_known() -> None:
    assert visit_beside("training01_02", "training01") == "02"
    assert visit_beside("time02", "013") == "time02"
    assert visit_beside("p1", "HGG") is None
    assert looks_like_visit("MR2")
    assert not looks_like_visit("anna")


def test_a_visit_before_a_name_is_its_session_also_where_another_has_one_alone() -> None:
    found = people(["V1_anna", "V2_anna", "V1_bert"])
    assert [(each.name, each.session) for each in found.values()] == [("anna", "V1"), ("anna", "V2"), ("bert", "V1")]
    assert people(["anna_6m"])["anna_6m"].session == "6m"
