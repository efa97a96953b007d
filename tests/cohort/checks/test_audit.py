"""The audit counts people, sees a confound that is there, and none that is not."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

from brainlab.cli import main
from brainlab.cohort.checks.audit import audit, class_table, confound_score
from brainlab.cohort.prepared import write_prepared
from brainlab.cohort.scan_table import COLUMNS
from brainlab.images.laplacian import laplacian_variance

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


def test_confound_score_keeps_the_scans_of_a_person_on_one_side() -> None:
    """Echo times that are each person's own tell the class of whom the forest has seen, and of nobody else."""
    assert confound_score(cohort(20, scans_each=6)).score < 0.75


def test_confound_score_weighs_classes_alike_and_leaves_out_scans_without_one() -> None:
    scans = cohort(46, scans_each=1)
    scans["class"] = [*["healthy"] * 35, *["ms"] * 5, *[None] * 6]
    scans["echo_time_s"] = [*[0.1] * 28, *[0.12] * 12, *[0.14] * 6]  # 28 of 35 healthy ones by 0.1, all others by 0.12
    found = confound_score(scans)
    assert found.chance == 0.5
    assert found.score == pytest.approx((28 / 35 + 5 / 5) / 2)


def test_a_parameter_that_is_the_same_wherever_it_is_known_is_a_confound_where_it_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tree = DecisionTreeClassifier(random_state=0)  # stands for the forest
    monkeypatch.setattr("brainlab.cohort.checks.audit.RandomForestClassifier", lambda **_: tree)
    scans = cohort()
    scans["echo_time_s"] = np.where(scans["class"] == "ms", 0.1, np.nan)
    found = confound_score(scans)
    assert (found.columns, found.score) == (("echo_time_s",), 1.0)


def test_missing_metadata_is_a_confound_too() -> None:
    scans = cohort()
    scans["echo_time_s"] = scans["echo_time_s"].where(scans["class"] == "ms")
    assert confound_score(scans).score == 1.0


def test_mean_image_is_that_of_all_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brainlab.cohort.checks.audit.CHUNK", 2)
    volumes = np.random.default_rng(1).random((5, 6, 6, 6), dtype=np.float32)
    scans = cohort(5, scans_each=1).assign(**{"class": None})
    found = audit(write_prepared(tmp_path / "set", volumes, scans, RECIPE))
    np.testing.assert_allclose(found.mean_image, volumes.mean(axis=0), atol=0.003)
    assert found.scan_sharpness == pytest.approx(laplacian_variance(volumes).mean(), rel=0.02)


def test_a_table_edited_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Optional columns may be gone; what is needed, and a cell that is no number, is named in one line."""
    volumes = np.zeros((6, 6, 6, 6), np.float32)
    folder = write_prepared(tmp_path / "set", volumes, cohort(3, scans_each=2), RECIPE).folder
    whole = pd.read_csv(folder / "scans.tsv", sep="\t", dtype=str, keep_default_na=False)

    def audited(edited: pd.DataFrame) -> tuple[int, str]:
        edited.to_csv(folder / "scans.tsv", sep="\t", index=False)
        code = main(["audit", str(folder)])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return code, printed.out + printed.err

    for column in COLUMNS:
        code, text = audited(whole.drop(columns=column))
        if column in ("participant", "class", "split"):
            assert (code, text.count("\n")) == (2, 1)
            assert f"got none named {column}" in text
        else:
            assert code == 0
    assert audited(whole[["split", "class", "participant"]])[0] == 0
    assert audited(whole.iloc[:4])[0] == 2
    code, text = audited(whole.assign(age_years="forty"))
    assert (code, text.count("\n")) == (2, 1)
    assert "line 2: needs a number for age_years, got 'forty'" in text
    code, text = audited(whole.assign(**{"class": ["ms", "MS", *["healthy"] * 4]}))
    assert code == 0
    assert "classes 'ms' and 'MS' differ only in case or spaces" in text


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
    few = write_prepared(tmp_path / "few", volumes[:6], scans.iloc[:6], RECIPE)
    assert "class ms has fewer than 2 participants" in audit(few).warnings[-1]
    assert main(["audit", str(tmp_path / "nowhere")]) == 2
