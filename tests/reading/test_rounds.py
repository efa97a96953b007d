"""A second reading set against the first."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from brainlab.errors import InputError
from brainlab.reading.statistics import study_statistics


@pytest.fixture
def frame() -> pd.DataFrame:
    """One reader, 60 cases: 40 right at first, 50 in the second reading; the last five left out there."""
    truth = np.tile(["real", "fake"], 30)
    other = np.where(truth == "real", "fake", "real")
    first = np.where(np.arange(60) < 40, truth, other)
    second = np.where(np.arange(60) % 6 < 5, truth, other).astype(object)
    second[55:] = None
    case = [str(number) for number in range(60)]
    rows = [
        pd.DataFrame({"reader": "R1", "case": case, "answer": answer, "truth": truth, "round": number})
        for number, answer in ((1, first), (2, second))
    ]
    return pd.concat(rows, ignore_index=True)


def test_the_first_reading_stands_alone_in_the_main_figures(frame):
    alone = study_statistics(frame[frame["round"] == 1])
    both = study_statistics(frame)
    assert both["per_reader"] == alone["per_reader"]
    assert alone["between_rounds"] == []
    assert [entry["round"] for entry in both["rounds"]] == [1, 2]
    assert both["rounds"][1]["per_reader"]["R1"]["accuracy"]["n"] == 55


def test_kappa_and_change_are_over_cases_read_twice(frame):
    (entry,) = study_statistics(frame)["between_rounds"]
    first, second = (frame.loc[frame["round"] == number, "answer"].to_numpy()[:55] for number in (1, 2))
    table = pd.crosstab(first, second).to_numpy()
    assert entry["kappa"]["value"] == pytest.approx(cohens_kappa(table).kappa)
    assert entry["kappa"]["n"] == 55
    truth = frame["truth"].to_numpy()[:55]
    change = entry["accuracy_change"]
    assert change["value"] == pytest.approx((second == truth).mean() - (first == truth).mean())
    assert change["low"] < change["value"] < change["high"]


def test_a_reading_without_change_has_no_interval_of_no_width(frame):
    again = pd.concat([frame[frame["round"] == 1].assign(round=number) for number in (1, 2)])
    change = study_statistics(again)["between_rounds"][0]["accuracy_change"]
    assert (change["value"], change["low"]) == (0, None)
    assert change["reason"].startswith("no interval")


def test_a_reader_of_one_reading_is_left_out_of_the_comparison(frame):
    other = frame[frame["round"] == 1].assign(reader="R2")
    assert [e["reader"] for e in study_statistics(pd.concat([frame, other]))["between_rounds"]] == ["R1"]


@pytest.mark.parametrize("wrong", [0, 1.5, "second"])
def test_a_round_that_is_none_is_refused_with_its_row(frame, wrong):
    frame = frame.astype({"round": object})
    frame.loc[7, "round"] = wrong
    with pytest.raises(InputError, match=r"round must be .*row 7"):
        study_statistics(frame)
