"""Two readings of the same cases: paired, so that hard cases do not blur the change."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from brainlab.errors import InputError
from brainlab.measures.agreement import cohens_kappa
from brainlab.reading.statistics.answers import Answers, by_round
from brainlab.reading.statistics.rounds import between_rounds
from brainlab.reading.statistics.study_statistics import study_statistics


def two_rounds(readers: int = 2, cases: int = 60, gain: float = 0.0) -> pd.DataFrame:
    """Answers of readers in two rounds; a share `gain` of all cases is put right in the second."""
    rng = np.random.default_rng(0)
    truth = np.where(np.arange(cases) % 2 == 0, "real", "fake")
    wrong_way = np.where(truth == "real", "fake", "real")
    rows = []
    for reader in range(readers):
        right = rng.random(cases) < 0.7
        for round_ in (1, 2):
            right = right | (rng.random(cases) < gain) if round_ == 2 else right
            rows.append(
                pd.DataFrame(
                    {
                        "reader": f"R{reader}",
                        "round": round_,
                        "case": [f"{case:02d}" for case in range(cases)],
                        "answer": np.where(right, truth, wrong_way),
                        "confidence": 3,
                        "truth": truth,
                        "source": np.where(truth == "real", "people", "vae"),
                        "phase": "main",
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)


def compare(frame: pd.DataFrame) -> dict[str, Any]:
    """The only comparison of a table with two rounds."""
    (entry,) = between_rounds({number: Answers.from_frame(part) for number, part in by_round(frame).items()})
    return entry


def test_the_same_answers_twice_show_no_change_and_full_agreement():
    result = compare(two_rounds())
    for entry in [*result["per_reader"], result["all_readers"]]:
        for figure in ("accuracy", "auc"):
            difference = entry[figure]["difference"]
            assert difference["value"] == 0
            assert difference["low"] < 0 < difference["high"]
    assert [entry["kappa"]["value"] for entry in result["per_reader"]] == [1, 1]
    assert result["per_reader"][0]["kappa"]["low"] > 0.8


def test_a_gain_is_found_and_narrower_than_unpaired_readings_would_leave_it():
    result = compare(two_rounds(gain=0.5))
    entry = result["per_reader"][0]["accuracy"]
    gain = entry["difference"]
    assert gain["value"] == pytest.approx(entry["second"]["value"] - entry["first"]["value"])
    assert gain["low"] > 0
    before, after = entry["first"]["value"], entry["second"]["value"]
    unpaired = 2 * 1.96 * np.sqrt((before * (1 - before) + after * (1 - after)) / 60)
    assert gain["high"] - gain["low"] < unpaired
    both = [r["accuracy"]["difference"]["value"] for r in result["per_reader"]]
    assert result["all_readers"]["accuracy"]["difference"]["value"] == pytest.approx(np.mean(both))


def test_kappa_across_rounds_is_cohens():
    frame = two_rounds(readers=1, gain=0.3)
    wide = frame.pivot(index="case", columns="round", values="answer")
    kappa = compare(frame)["per_reader"][0]["kappa"]
    assert kappa["value"] == pytest.approx(cohens_kappa(pd.crosstab(wide[1], wide[2]).to_numpy()).value)


def test_only_what_was_read_twice_counts():
    frame = two_rounds(readers=2)
    frame.loc[(frame["round"] == 2) & (frame["case"] < "10") & (frame["reader"] == "R0"), "answer"] = None
    frame = frame[~((frame["round"] == 2) & (frame["case"] == "59"))]
    extra = frame[frame["reader"] == "R0"].query("round == 1").assign(reader="R9")
    repeats = frame.query("round == 2 and case == '20'").assign(phase="repeat")
    result = compare(pd.concat([frame, extra, repeats]))
    assert [entry["reader"] for entry in result["per_reader"]] == ["R0", "R1"]
    assert [entry["n"] for entry in result["per_reader"]] == [49, 59]
    assert [entry["accuracy"]["difference"]["n"] for entry in result["per_reader"]] == [49, 59]
    assert result["all_readers"]["auc"]["difference"]["n"] == 59  # R1 judged those that R0 left out


def test_one_reader_has_no_mean_and_other_questions_have_kappa_only():
    frame = two_rounds(readers=1)
    assert compare(frame)["all_readers"] is None
    graded = frame.assign(answer=(np.arange(len(frame)) % 3).astype(str)).drop(columns="truth")
    entry = compare(graded)["per_reader"][0]
    assert entry["kappa"]["value"] == 1
    assert entry["accuracy"]["difference"]["reason"].startswith("undefined")


def test_the_first_reading_stands_alone_in_the_main_figures():
    frame = two_rounds(gain=0.5)
    alone, both = study_statistics(frame[frame["round"] == 1]), study_statistics(frame)
    assert both["per_reader"] == alone["per_reader"]
    assert alone["between_rounds"] == []
    assert [entry["round"] for entry in both["rounds"]] == [1, 2]
    assert both["rounds"][1]["per_reader"]["R0"]["accuracy"]["value"] > alone["per_reader"]["R0"]["accuracy"]["value"]


def test_readers_without_a_second_reading_are_no_comparison():
    frame = two_rounds()
    frame["reader"] += frame["round"].astype(str)
    assert study_statistics(frame)["between_rounds"] == []


@pytest.mark.parametrize("wrong", [0, 1.5, "second"])
def test_a_round_that_is_none_is_refused_with_its_row(wrong):
    frame = two_rounds().astype({"round": object})
    frame.loc[7, "round"] = wrong
    with pytest.raises(InputError, match=r"round must be .*line 7"):
        study_statistics(frame)
