"""The report of a hand-made dataset has the indices, overlaps and regressions that its voxels were made with."""

import json

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.experiments.myelin.patients import MAPS
from brainlab.experiments.myelin.report import myelin_report
from brainlab.experiments.myelin.visits import PetVisits
from brainlab.myelin.clinical import edss_regression
from tests.experiments.myelin import hand_made
from tests.experiments.myelin.hand_made import BARE, LESION, NORMAL, Person, cohort, write, write_synthesised


def patients():
    return {person.name: person for person in cohort() if person.class_name != "healthy" and len(person.bare) > 1}


def wanted(person, blunder=()):
    first, last = set(person.bare[0]), set(person.bare[-1]) ^ set(blunder)
    return {
        "demyelinated_t0": len(first) / person.size,
        "demyelinated_t1": len(last) / person.size,
        "global_change": (len(last) - len(first)) / person.size,
        "dynamic_demyelination": len(last - first) / (person.size - len(first)),
        "dynamic_remyelination": len(first - last) / len(first),
    }


def values(indices):
    return {name: index["value"] for name, index in indices.items() if not name.endswith("dvr_t0")}


def test_each_patient_has_the_indices_of_the_first_and_the_last_visit(tmp_path):
    write(tmp_path / "data")
    found = myelin_report(tmp_path / "data")
    assert (found["controls"]["people"], found["simulated"]) == (3, True)
    rows = {row["participant"]: row for row in found["patients"]}
    assert set(rows) == set(patients()) - {"sub-v2"}
    for name, row in rows.items():
        person = patients()[name]
        assert values(row["true"]) == pytest.approx(wanted(person)), name
        bare = len(person.bare[0])
        assert row["true"]["lesion_dvr_t0"]["value"] == pytest.approx(
            (bare * BARE + (person.size - bare) * NORMAL) / person.size, abs=2e-3
        )
        assert (row["lesion_load_ml"], row["visits_overlap"], row["aligned"]) == (
            pytest.approx(person.size * 8 / 1000),
            1,
            False,
        )
        assert (row["age_years"], row["edss"]) == (person.age_years, person.edss)
        assert "synthesised" not in row
    assert rows["sub-m0"]["sessions"] == ["ses-01", "ses-03"]
    assert found["left_out"] == [
        {"participant": "sub-v2", "reason": "no lesion at baseline"},
        {"participant": "sub-v1", "reason": "one visit only"},
    ]
    assert found["warnings"] == []
    remyelination = [wanted(patients()[f"sub-m{number}"])["dynamic_remyelination"] for number in range(8)]
    group = found["groups"]["ms"]["true"]["dynamic_remyelination"]
    assert group == {
        "mean": pytest.approx(np.mean(remyelination)), "sd": pytest.approx(np.std(remyelination, ddof=1)), "n": 8
    }  # fmt: skip
    assert found["groups"]["leuko1"]["true"]["demyelinated_t0"] == {"mean": pytest.approx(0.1), "sd": None, "n": 1}
    json.dumps(found, allow_nan=False)


def test_dvr_is_the_ratio_again_and_normal_myelin_that_of_controls_white_matter(tmp_path):
    write(tmp_path / "data")
    pet = PetVisits.open(tmp_path / "data")
    (visit,) = pet.people()["sub-h1"]
    person = next(one for one in cohort() if one.name == "sub-h1")
    np.testing.assert_allclose(pet.dvr(visit), person.dvr(()), atol=2e-3)
    labels = pet.labels(visit)
    assert labels.white.sum() == 9 * 10 * 8  # neither fluid nor cerebellum
    assert labels.distance_mm[5, 0, 0] == 8  # four voxels of 2 mm from the last fluid one
    bins = myelin_report(tmp_path / "data")["controls"]["bins"]
    assert sum(one["voxels"] for one in bins) == 3 * labels.white.sum()
    assert bins[-1]["high_mm"] is None
    for one in bins:
        assert one["mean"] == pytest.approx(1.25, abs=0.02)
        assert one["threshold"] == pytest.approx(one["mean"] - one["sd"])


@pytest.mark.parametrize("log_load", [False, True])
def test_edss_of_the_first_visit_is_regressed_on_each_index(log_load, tmp_path):
    write(tmp_path / "data")
    found = myelin_report(tmp_path / "data", log_load=log_load)["regression"]["true"]
    people = [patients()[f"sub-m{number}"] for number in range(8)]
    assert set(found) == {"dynamic_demyelination", "dynamic_remyelination"}
    for name, regression in found.items():
        alone = edss_regression(
            [person.edss for person in people],
            [wanted(person)[name] for person in people],
            age_years=[person.age_years for person in people],
            sex=[person.sex for person in people],
            lesion_load_ml=[0.008 * person.size for person in people],
            log_load=log_load,
        )
        assert (regression["n"], regression["left_out"], regression["missing"]) == (8, 1, {"edss": 1})
        coefficients = [term["coefficient"] for term in regression["terms"]]
        assert coefficients == pytest.approx([term.coefficient for term in alone.terms])
        assert [term["name"] for term in regression["terms"]][1] == name


def test_without_edss_there_is_no_regression_and_a_reason(tmp_path):
    write(tmp_path / "data", with_edss=False)
    found = myelin_report(tmp_path / "data")["regression"]["true"]
    assert found["dynamic_remyelination"] == {"reason": "no patient has an edss; name a table with --clinical"}


def test_synthesised_images_stand_beside_the_true_ones(tmp_path):
    write(tmp_path / "data")
    blunder = (1, 30)  # one voxel that stayed bare is shown as normal, and one normal as bare
    folder = write_synthesised(tmp_path / "made", blunder, left_out=("sub-m3",))
    found = myelin_report(tmp_path / "data", synthesised=[folder])
    assert {"participant": "sub-m3", "reason": "no synthesised image of sub-m3_ses-01"} in found["left_out"]
    rows = {row["participant"]: row for row in found["patients"]}
    assert "sub-m3" not in rows
    differences = {name: [] for name in wanted(patients()["sub-m1"])}
    for name, row in rows.items():
        person = patients()[name]
        made = wanted(person, blunder)
        assert values(row["synthesised"]) == pytest.approx(made), name
        for key in differences:
            differences[key].append(made[key] - wanted(person)[key])
        first, true, last = set(person.bare[0]), set(person.bare[-1]), set(person.bare[-1]) ^ set(blunder)
        sets = {
            "t0": (first, first), "t1": (true, last), "demyelinating": (true - first, last - first),
            "remyelinating": (first - true, first - last),
        }  # fmt: skip
        assert set(sets) == set(MAPS)
        for key, (one, other) in sets.items():
            assert row["dice"][key]["value"] == pytest.approx(2 * len(one & other) / (len(one) + len(other))), key
    limits = found["bland_altman"]
    for key, values_of_key in differences.items():
        assert limits[key]["bias"]["value"] == pytest.approx(np.mean(values_of_key), abs=1e-12)
    assert limits["white_dvr_t0"]["bias"]["value"] == pytest.approx(0.01, abs=1e-3)  # synthesised less true
    assert found["dice"]["t0"] == {"mean": 1, "sd": 0, "n": 8}
    assert set(found["regression"]) == {"true", "synthesised", "calibrated"}
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("changes", "people", "part"),
    [
        ({"channels": ["PET", "MTRmap"]}, None, "needs a channel DVR, got PET, MTRmap"),
        ({"intensity": "unit"}, None, r"needs DVR as z-scores, which lead back to ratios, got values in \[0, 1\]"),
        ({"z_scores": {}}, None, "z_scores: needs a mean and an sd of each channel"),
        (
            {"labels": {"3": "left-white", "5": "ventricles"}},
            None,
            "needs a label of lesion .*got left-white, ventricles",
        ),
        (
            {"labels": {"3": "white", "11": "white lesion"}},
            None,
            "needs a label of fluid .with fluid or ventricle or csf",
        ),
        ({}, [Person("sub-m", "ms", ((1,), (2,)))], "needs people of class healthy as controls, got ms"),
        (
            {},
            [Person("sub-h", "healthy", ((),))],
            "needs a patient with lesions at two visits, got none .controls only",
        ),
        (
            {},
            [Person("sub-h", "healthy", ((),)), Person("sub-m", "ms", ((1,),))],
            "got none .sub-m: one visit only",
        ),
    ],
)
def test_a_dataset_that_does_not_fit_is_refused(changes, people, part, tmp_path):
    write(tmp_path / "data", people, **changes)
    with pytest.raises(InputError, match=part):
        myelin_report(tmp_path / "data")


def test_a_control_without_fluid_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(Person, "labels", lambda self: np.where(LESION > 0, 11, 3).astype(np.uint8))
    write(tmp_path / "data", cohort()[:4], labels=hand_made.LABELS)
    with pytest.raises(InputError, match=r"sub-h.*ses-01: distance from fluid needs voxels of fluid"):
        myelin_report(tmp_path / "data")


def test_visits_of_one_name_cannot_be_told_apart(tmp_path):
    data = write(tmp_path / "data", cohort()[:5])
    table = tmp_path / "data" / "scans.tsv"
    table.write_text(table.read_text(encoding="utf-8").replace("ses-02", "ses-01"), encoding="utf-8")
    assert len(data) > 0
    with pytest.raises(InputError, match="needs one row a visit, got several of sub-m"):
        myelin_report(tmp_path / "data")
