"""The audit counts people, sees a confound that is there, and none that is not."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

from brainlab.cli import main
from brainlab.cohort import audit as audit_module
from brainlab.cohort.audit import audit, class_table, confound_score, sharpness
from brainlab.cohort.prepared import COLUMNS, write_prepared

RECIPE = {"name": "tiny", "shape": [6, 6, 6], "affine": np.eye(4).tolist(), "simulated": True}


def cohort(people: int = 60, biased: bool = False, scans_each: int = 2) -> pd.DataFrame:
    random = np.random.default_rng(0)
    rows = []
    for person in range(people):
        label = ("healthy", "ms")[person % 2]
        echo_time_s = random.normal(0.1 + 0.02 * (biased and label == "ms"), 0.004)
        for visit in range(scans_each):
            rows.append(
                {
                    "participant": f"p{person}",
                    "session": str(visit),
                    "class": label,
                    "age_years": 40 + person,
                    "sex": "F" if person % 4 else "M",
                    "echo_time_s": echo_time_s,
                    "split": "test" if person % 10 == 0 else "train",
                }
            )
    return pd.DataFrame(rows).reindex(columns=COLUMNS)


def test_class_table() -> None:
    table = class_table(cohort())
    assert table.loc["healthy", ["participants", "scans", "test_participants", "test_scans"]].tolist() == [
        30,
        60,
        6,
        12,
    ]
    assert (table.loc["ms", "women"], table.loc["ms", "men"], table.loc["ms", "test_participants"]) == (30, 0, 0)
    assert table.loc["healthy", "age_mean"] == pytest.approx(69)


def test_ages_are_those_at_each_scan() -> None:
    scans = cohort(people=2)
    scans["age_years"] = [30, 40, 50, 70]
    table = class_table(scans)
    assert table["age_mean"].tolist() == [35, 60]
    assert table.loc["ms", "age_sd"] == pytest.approx(np.std([50, 70], ddof=1))


def test_one_person_of_a_class_is_too_few_however_many_scans(tmp_path: Path) -> None:
    scans = cohort(people=2, scans_each=4)
    dataset = write_prepared(tmp_path / "set", np.zeros((8, 6, 6, 6), np.float32), scans, RECIPE)
    found = audit(dataset)
    assert found.confound is None
    assert "class healthy, ms has fewer than 2 participants" in found.warnings[-1]


def test_the_mean_image_is_of_all_scans_though_they_are_read_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "CHUNK", 3)
    volumes = np.random.default_rng(1).random((8, 6, 6, 6), dtype=np.float32)
    found = audit(write_prepared(tmp_path / "set", volumes, cohort(people=2, scans_each=4), RECIPE))
    np.testing.assert_allclose(found.mean_image, volumes.mean(axis=0), atol=0.003)
    assert found.scan_sharpness == pytest.approx(np.mean([sharpness(volume) for volume in volumes]), rel=0.02)


def test_confound_score_sees_biased_acquisition_only() -> None:
    biased = confound_score(cohort(biased=True))
    assert (biased.columns, biased.chance) == (("echo_time_s",), 0.5)
    assert biased.score > 0.9
    # the visits of a person share one echo time, which would give the class away if they fell into two folds
    assert 0.3 < confound_score(cohort()).score < 0.7
    same = cohort()
    same["echo_time_s"] = 0.1
    assert confound_score(same).columns == ()
    assert confound_score(same).score == 0.5


@pytest.fixture
def one_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one tree stand for the forest."""
    monkeypatch.setattr(audit_module, "RandomForestClassifier", lambda **_: DecisionTreeClassifier(random_state=0))


@pytest.mark.usefixtures("one_tree")
def test_a_persons_own_echo_time_does_not_give_the_class_away() -> None:
    # Six visits each: with scans as the unit, one visit in training names the person, and so the class, of another.
    assert confound_score(cohort(people=40, scans_each=6)).score < 0.75


def test_confound_score_is_mean_recall_and_serves_rare_classes() -> None:
    random = np.random.default_rng(3)
    scans = cohort(people=120, scans_each=1)
    rare = np.arange(120) % 10 == 0
    scans["class"] = np.where(rare, "ms", "healthy")
    scans["echo_time_s"] = random.normal(0.1, 0.004, 120) + 0.006 * rare
    found = confound_score(scans)
    assert found.chance == 0.5
    assert 0.58 < found.score < 0.85  # by plain accuracy it is .9, and a forest that neglects the rare class has .5


@pytest.mark.usefixtures("one_tree")
def test_scans_without_a_class_are_left_out() -> None:
    scans = cohort(biased=True)
    scans.loc[::3, "class"] = np.nan
    found = confound_score(scans)
    assert found.chance == 0.5
    assert found.score > 0.8


@pytest.mark.usefixtures("one_tree")
def test_a_parameter_that_is_the_same_wherever_it_is_known_is_a_confound_where_it_is_missing() -> None:
    scans = cohort()
    scans["echo_time_s"] = np.where(scans["class"] == "ms", 0.1, np.nan)
    found = confound_score(scans)
    assert (found.columns, found.score) == (("echo_time_s",), 1.0)


def test_missing_metadata_is_a_confound_too() -> None:
    scans = cohort()
    scans["echo_time_s"] = scans["echo_time_s"].where(scans["class"] == "ms")
    assert confound_score(scans).score == 1.0


def test_sharpness_of_a_known_image() -> None:
    image = np.zeros((9, 9, 9))
    image[4, 4, 4] = 1
    # Laplacian: -6 at the point and 1 at its six neighbours
    assert sharpness(image) == pytest.approx(42 / 729)


def test_command_and_warnings(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    scans = cohort(biased=True)
    volumes = np.random.default_rng(1).random((len(scans), 6, 6, 6), dtype=np.float32)
    dataset = write_prepared(tmp_path / "set", volumes, scans, RECIPE)
    found = audit(dataset)
    assert found.warnings == ("no test participant in class ms",)
    np.testing.assert_allclose(found.mean_image, volumes.mean(axis=0), atol=0.003)
    assert found.mean_image_sharpness < found.scan_sharpness / 10
    assert main(["audit", str(tmp_path / "set"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["classes"]["ms"]["participants"] == 30
    assert printed["confound_score"] == found.confound.score
    assert printed["mean_image_sharpness"] == pytest.approx(found.mean_image_sharpness)
    one = write_prepared(tmp_path / "one", volumes[:2], scans.iloc[:2], RECIPE)
    assert audit(one).confound is None
    assert "two classes" in audit(one).warnings[-1]
    assert main(["audit", str(tmp_path / "nowhere")]) == 2
