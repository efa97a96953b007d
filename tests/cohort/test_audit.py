"""The audit counts people, sees a confound that is there, and none that is not."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainlab.cli import main
from brainlab.cohort.audit import audit, class_table, confound_score, sharpness
from brainlab.cohort.prepared import write_prepared
from brainlab.cohort.scan_table import COLUMNS

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
