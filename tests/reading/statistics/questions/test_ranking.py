"""Rankings: mean ranks by source, contrasts, and how far readers agree."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from brainlab.reading.protocol.questions import RANKING
from brainlab.reading.statistics.questions.ranking import ranking

SOURCES = ["people", "stylegan", "vae"]


def _frame(orders: dict[str, list[list[str]]], seed: int = 0) -> pd.DataFrame:
    """orders: by reader, the sources of each case from most to least real. Sealed places are random."""
    random = np.random.default_rng(seed)
    truths = [random.permutation(SOURCES).tolist() for _ in next(iter(orders.values()))]
    return pd.DataFrame(
        [
            {"reader": reader, "case": k, "source": "all sources", "truth": json.dumps(truths[k])}
            | {"value": ",".join(str(truths[k].index(name) + 1) for name in order)}
            for reader, given in orders.items()
            for k, order in enumerate(given)
        ]
    )


def _rows(frame: pd.DataFrame) -> dict[tuple[str, str, str], dict]:
    return {(row["figure"], row["reader"], row["source"]): row for row in ranking(frame, RANKING, 0)}


def test_ranks_are_of_sources_wherever_they_stood():
    rows = _rows(_frame({"A": [SOURCES] * 6}))
    assert [rows["mean rank (1: most real)", "A", name]["value"] for name in SOURCES] == [1, 2, 3]
    alike = rows["mean rank (1: most real)", "A", "vae"]
    assert alike["low"] < alike["high"] == 3  # six cases that are alike leave others possible
    assert rows["ranked most real", "A", "people"]["value"] == 1
    assert rows["ranked above vae", "A", "people"]["value"] == 1
    assert rows["ranked above stylegan", "A", "people"]["n"] == 6


def test_figures_are_those_of_scipy():
    random = np.random.default_rng(2)
    orders = {name: [random.permutation(SOURCES).tolist() for _ in range(12)] for name in "AB"}
    rows = _rows(_frame(orders))
    ranks = {name: np.array([[o.index(s) + 1 for s in SOURCES] for o in given]) for name, given in orders.items()}
    assert rows["p, Friedman, of all sources alike", "A", "all"]["value"] == pytest.approx(
        stats.friedmanchisquare(*ranks["A"].T).pvalue
    )
    mean = rows["mean rank (1: most real)", "B", "stylegan"]
    assert mean["value"] == pytest.approx(ranks["B"][:, 1].mean())
    expected = [stats.spearmanr(a, b).statistic for a, b in zip(ranks["A"], ranks["B"], strict=True)]
    agreement = rows["mean rank correlation (Spearman)", "A and B", "all"]
    assert agreement["value"] == pytest.approx(np.mean(expected))


def test_readers_who_ranked_no_common_case_have_no_agreement():
    frame = _frame({"A": [SOURCES] * 4, "B": [SOURCES] * 4})
    frame = frame[(frame["reader"] == "A") == (frame["case"] < 2)]
    assert _rows(frame)["mean rank correlation (Spearman)", "A and B", "all"]["reason"].startswith("undefined")
