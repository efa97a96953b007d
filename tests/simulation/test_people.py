"""Who is simulated: ages, sexes, loads, visits and scanners, drawn by the hundred without building a brain."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from brainlab.simulation import participant
from brainlab.simulation.disease import lesions
from brainlab.simulation.disease.lesions import LesionMaps
from brainlab.simulation.disease.longitudinal import Visits
from brainlab.simulation.participant import (
    AGES_YEARS,
    LOADS_ML,
    CohortSettings,
    Disease,
    SimulatedVisit,
    draw_load,
    simulate_participant,
)

BRAIN_ML = 2744.0
ALL = tuple((name, 1.0) for name in AGES_YEARS)


@pytest.fixture
def simulate(monkeypatch):
    """Simulate people whose brains, lesions and images are left out; `loads` collects their lesion loads."""
    loads: list[float] = []

    def scan_visit(_settings, _number, visit, tissue, scanner, ratio):
        row = {"lesion_volume_ml": 10.0, "ratio": ratio, "anatomy_of": tissue.anatomy.person, "scanner": scanner.name}
        row["stroke"] = tissue.infarct
        return SimulatedVisit(f"ses-{visit + 1:02d}", [], row)

    def at_visit(_disease, _anatomy, visit, _texture):
        return LesionMaps(None, None, np.full(4, 1.0 if visit == 0 else 0.2, np.float32))

    brain = np.ones((70, 70, 70))  # voxels of 2 mm: twice as large as real brains
    monkeypatch.setattr(participant, "build_anatomy", lambda person, _: SimpleNamespace(brain=brain, person=person))
    monkeypatch.setattr(participant, "_scan_visit", scan_visit)
    monkeypatch.setattr(Disease, "at_visit", at_visit)
    monkeypatch.setattr(lesions, "texture_noise", lambda *_: None)
    for field in ("unevenness", "coherence"):
        monkeypatch.setattr(participant, field, lambda *_: None)
    monkeypatch.setattr(participant, "draw_infarct", lambda rng, _: rng.random(5))
    monkeypatch.setattr(lesions, "draw_plaques", lambda _rng, _anatomy, load_ml, *_: loads.append(load_ml) or [])

    def people(count, classes=ALL, seed=7, bias="none", stroke_share=0.0):
        settings = CohortSettings(seed=seed, classes=classes, acquisition_bias=bias, stroke_share=stroke_share)
        return [simulate_participant(settings, number) for number in range(1, count + 1)]

    people.loads = loads
    return people


def traits(person):
    return (person.row["age"], person.row["sex"], person.row["class"], person.visits[0].row["scanner"])


def test_the_seed_and_the_number_make_the_person(simulate):
    assert [traits(person) for person in simulate(5)] == [traits(person) for person in simulate(3) + simulate(5)[3:]]
    assert len({person.row["age"] for person in simulate(20)}) > 15
    assert traits(simulate(1)[0]) != traits(simulate(1, seed=8)[0])


def test_ages_are_truncated_and_do_not_pile_up_at_the_ends(simulate):
    ages = np.array([person.row["age"] for person in simulate(200, (("healthy", 1.0),))])
    assert ages.min() >= 10
    assert ages.max() <= 90
    assert (ages < 11).mean() < 0.05
    assert (ages < 20).mean() > 0.05


def test_two_of_three_people_with_multiple_sclerosis_are_women(simulate):
    for name, share in (("ms", 0.7), ("healthy", 0.5)):
        women = np.mean([person.row["sex"] == "F" for person in simulate(150, ((name, 1.0),))])
        assert women == pytest.approx(share, abs=0.1)


def test_classes_come_by_weight(simulate):
    drawn = [person.row["class"] for person in simulate(200, (("healthy", 3.0), ("leuko1", 1.0)))]
    assert drawn.count("healthy") / 200 == pytest.approx(0.75, abs=0.08)


def test_without_bias_the_scanner_has_nothing_to_do_with_the_class(simulate):
    people = simulate(200, (("healthy", 1.0), ("leuko1", 1.0)))
    table = np.zeros((2, 5))
    for person in people:
        table[int(person.row["class"] == "healthy"), "ABCDE".index(person.visits[0].row["scanner"])] += 1
    assert chi2_contingency(table).pvalue > 0.001


def test_a_persons_age_does_not_choose_the_scanner(simulate):
    people = simulate(60, (("ms", 1.0),), bias="seed")
    biased, others = ([p.row["age"] for p in people if (p.visits[0].row["scanner"] == "M") == m] for m in (True, False))
    assert min(others) < np.median(biased) < max(others)


def test_a_person_stays_on_one_scanner_and_grows_older(simulate):
    for person in simulate(20, (("ms", 1.0),)):
        assert len({visit.row["scanner"] for visit in person.visits}) == 1
        years = [session["years_since_first"] for session in person.sessions]
        expected = [pytest.approx(person.row["age"] + passed, abs=0.011) for passed in years]
        assert [session["age"] for session in person.sessions] == expected
        assert [visit.row["age_years"] for visit in person.visits] == expected
        assert [visit.row["anatomy_of"].age_years for visit in person.visits] == expected


def test_remyelination_is_read_from_the_first_visit_to_the_last(simulate):
    assert [person.row["dynamic_remyelination"] for person in simulate(3, (("ms", 1.0),))] == [1, 1, 1]


def test_loads_are_drawn_for_the_real_head_and_placed_in_the_templates_space(simulate):
    people = simulate(60, (("ms", 1.0),))
    ratios = [person.visits[0].row["ratio"] for person in people]
    volumes = [person.visits[0].row["anatomy_of"].mask_volume_ml for person in people]
    assert ratios == pytest.approx([BRAIN_ML / volume for volume in volumes])
    drawn = np.array(simulate.loads) / ratios
    assert drawn.min() >= 1
    assert np.median(drawn) == pytest.approx(9.5, rel=0.35)
    assert drawn.max() <= 60


def test_lesion_loads_of_all_ill_classes_overlap():
    rng = np.random.default_rng(0)
    loads = {name: np.percentile([draw_load(rng, name) for _ in range(400)], [5, 95]) for name in LOADS_ML}
    for one in loads.values():
        for other in loads.values():
            assert one[1] > other[0]
    assert draw_load(rng, "healthy") == 0


def test_multiple_sclerosis_makes_a_brain_look_older_the_more_the_heavier_its_load():
    light, heavy = (participant._atrophy_years("ms", load) for load in (1.0, 30.0))
    assert 0 < light < heavy < 20
    assert participant._atrophy_years("healthy", 0.0) == 0


def disease(class_name="healthy", age_years=50.0, load_ml=0.0, seed=0):
    person = SimpleNamespace(age_years=age_years)
    visits = Visits((0.0, 1.0, 3.0))
    return Disease.draw(np.random.default_rng(seed), None, person, class_name, load_ml, visits)


def test_vascular_lesions_grow_with_age_and_with_time():
    young, old = (np.median([disease(age_years=age, seed=k).vascular_ml[0] for k in range(40)]) for age in (30, 80))
    assert old > 3 * young
    for found in (disease(), disease("leuko2", load_ml=13.0)):
        assert found.vascular_ml[0] < found.vascular_ml[1] < found.vascular_ml[2]
    assert disease("leuko2", load_ml=13.0).vascular_ml[0] == 13


def test_a_visit_shows_its_own_plaques_and_both_kinds_of_lesion(monkeypatch):
    asked = {}

    def render(_anatomy, _plaques, years, remyelinated, _texture):
        asked.update(years=years, remyelinated=remyelinated.tolist())
        return LesionMaps(*(np.array(part) for part in ([0.8, 0.1, 0.0], [0.9, 0.5, 0.0], [0.7, 0.1, 0.0])))

    vascular = LesionMaps(*(np.array(part) for part in ([0.2, 0.6, 0.4], [0.3, 0.4, 0.2], [0.1, 0.3, 0.2])))
    monkeypatch.setattr(lesions, "render_plaques", render)
    monkeypatch.setattr(lesions, "vascular_lesions", lambda *_: vascular)
    ill = Disease(["a plaque"], np.array([[0.1], [0.5]]), (1.0, 1.1), 0.8, Visits((0.0, 2.0)), 0)
    maps = ill.at_visit(None, 1, None)
    assert asked == {"years": 2.0, "remyelinated": [0.5]}
    assert maps.share.tolist() == [0.8, 0.6, 0.4]
    assert maps.damage.tolist() == [0.9, 0.4, 0.2]
    assert maps.demyelinated.tolist() == [0.7, 0.3, 0.2]


def test_as_many_people_have_an_infarct_as_asked_and_have_it_at_their_last_visit(simulate):
    people = simulate(150, stroke_share=0.3)
    others = simulate(150)
    assert [traits(person) for person in people] == [traits(person) for person in others]
    assert [person.sessions for person in people] == [person.sessions for person in others]  # and so is disability
    struck = [[visit.row["stroke"] is not None for visit in person.visits] for person in people]
    assert np.mean([visits[-1] for visits in struck]) == pytest.approx(0.3, abs=0.1)
    assert not any(any(visits[:-1]) for visits in struck)
