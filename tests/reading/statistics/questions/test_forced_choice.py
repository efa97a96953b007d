"""What a forced choice is summed up to, on tables small enough to check by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

from brainlab.reading.protocol.questions import ONE_REAL, WHICH
from brainlab.reading.statistics.questions.forced_choice import forced_choice


def _frame(correct: dict[str, list[bool]], sources: list[str], shown: list[str] | None = None) -> pd.DataFrame:
    """Readers who choose image 2 where they are right, image 4 elsewhere."""
    return pd.DataFrame(
        [
            {"reader": reader, "case": k, "source": sources[k], "truth": "2", "value": "2" if right else "4"}
            | {"shown": shown[k] if shown else "1"}
            for reader, given in correct.items()
            for k, right in enumerate(given)
        ]
    )


def _rows(frame: pd.DataFrame) -> dict[tuple[str, str, str], dict]:
    return {(row["figure"], row["reader"], row["source"]): row for row in forced_choice(frame, ONE_REAL, 0)}


def test_shares_are_held_against_chance_of_a_quarter():
    rows = _rows(_frame({"A": [True] * 8 + [False] * 12}, ["vae"] * 20))
    share = rows["correct choices", "A", "vae"]
    low, high = stats.binomtest(8, 20).proportion_ci(method="exact")
    assert (share["value"], share["low"], share["high"], share["n"]) == (0.4, low, high, 20)
    p = rows["p, exact, against chance (1/4)", "A", "all"]["value"]
    assert p == pytest.approx(stats.binomtest(8, 20, 0.25).pvalue)
    assert rows["d'", "A", "all"]["value"] > 0
    assert ("correct choices, mean of these readers", "all readers", "all") not in rows


def test_several_sources_are_strata():
    right = [True] * 10 + [False] * 10
    one = _rows(_frame({"A": right}, ["a"] * 20))["correct choices", "A", "all"]
    two = _rows(_frame({"A": right}, ["a"] * 10 + ["b"] * 10))["correct choices", "A", "all"]
    assert two["high"] - two["low"] < one["high"] - one["low"]  # all of one, none of the other: no spread within


def test_many_readers_have_a_mean_and_fleiss_kappa_of_the_images_they_chose():
    random = np.random.default_rng(1)
    correct = {name: (random.random(40) < 0.4).tolist() for name in "ABC"}
    rows = _rows(_frame(correct, ["vae"] * 40))
    mean = rows["correct choices, mean of these readers", "all readers", "all"]
    assert mean["value"] == pytest.approx(np.mean(list(correct.values())))
    wider = rows["correct choices, mean of readers like these", "all readers", "all"]
    assert wider["high"] - wider["low"] > mean["high"] - mean["low"]
    counts, _ = aggregate_raters(np.array([correct[name] for name in "ABC"]).T)
    assert rows["Fleiss' kappa of the chosen image", "all readers", "all"]["value"] == pytest.approx(
        fleiss_kappa(counts)
    )


def test_bias_is_of_the_place_on_the_screen_not_of_the_image():
    frame = _frame({"A": [True] * 8}, ["vae"] * 8, ["1", "2", "3", "4"] * 2)
    assert _rows(frame)["p, chi-squared, of all places chosen alike", "A", "all"]["value"] == 1
    frame["shown"] = "1"
    assert _rows(frame)["p, chi-squared, of all places chosen alike", "A", "all"]["value"] < 0.001
    assert _rows(frame)["chose image 1", "A", "all"]["value"] == 1


def test_a_pair_is_a_choice_of_two():
    frame = pd.DataFrame(
        [{"reader": "A", "case": k, "source": "s", "truth": "left", "value": "left", "shown": "left"} for k in range(5)]
    )
    figures = [row["figure"] for row in forced_choice(frame, WHICH, 0)]
    assert "p, exact, against chance (1/2)" in figures
    assert "chose the left image" in figures
