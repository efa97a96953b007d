"""Two readings of the same cases: paired, so that hard cases do not blur the change."""

import numpy as np
import pandas as pd
import pytest

from brainlab.errors import InputError
from brainlab.reading.agreement import cohens_kappa
from brainlab.reading.paired import compare_rounds


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


def test_the_same_answers_twice_show_no_change_and_full_agreement():
    result = compare_rounds(two_rounds())
    for entry in [*result["per_reader"], result["all_readers"]]:
        for figure in ("accuracy", "auc"):
            difference = entry[figure]["difference"]
            assert difference["value"] == 0
            assert difference["low"] < 0 < difference["high"]
    assert [entry["kappa"]["value"] for entry in result["per_reader"]] == [1, 1]
    assert result["per_reader"][0]["kappa"]["low"] > 0.8


def test_a_gain_is_found_and_narrower_than_unpaired_readings_would_leave_it():
    result = compare_rounds(two_rounds(gain=0.5))
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
    kappa = compare_rounds(frame)["per_reader"][0]["kappa"]
    assert kappa["value"] == pytest.approx(cohens_kappa(pd.crosstab(wide[1], wide[2]).to_numpy()).value)


def test_only_what_was_read_twice_counts():
    frame = two_rounds(readers=2)
    frame.loc[(frame["round"] == 2) & (frame["case"] < "10") & (frame["reader"] == "R0"), "answer"] = None
    frame = frame[~((frame["round"] == 2) & (frame["case"] == "59"))]
    extra = frame[frame["reader"] == "R0"].query("round == 1").assign(reader="R9")
    repeats = frame.query("round == 2 and case == '20'").assign(phase="repeat")
    result = compare_rounds(pd.concat([frame, extra, repeats]))
    assert [entry["reader"] for entry in result["per_reader"]] == ["R0", "R1"]
    assert [entry["n"] for entry in result["per_reader"]] == [49, 59]
    assert [entry["accuracy"]["difference"]["n"] for entry in result["per_reader"]] == [49, 59]
    assert result["all_readers"]["auc"]["difference"]["n"] == 49


def test_one_reader_has_no_mean_and_other_questions_have_kappa_only():
    frame = two_rounds(readers=1)
    assert compare_rounds(frame)["all_readers"] is None
    graded = frame.assign(answer=(np.arange(len(frame)) % 3).astype(str)).drop(columns="truth")
    entry = compare_rounds(graded)["per_reader"][0]
    assert entry["kappa"]["value"] == 1
    assert entry["accuracy"]["difference"]["reason"].startswith("undefined")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.drop(columns="round"), "a column 'round'"),
        (lambda frame: frame[frame["round"] == 1], r"round 2 has no answers \(rounds here: 1\)"),
        (
            lambda frame: frame.assign(reader=frame["reader"] + frame["round"].astype(str)),
            "no reader has answers in both",
        ),
    ],
)
def test_tables_without_two_rounds_are_refused(change, words):
    with pytest.raises(InputError, match=words):
        compare_rounds(change(two_rounds()))
