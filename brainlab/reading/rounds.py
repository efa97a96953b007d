"""Two readings of the same cases by the same readers: how far accuracy and answers changed between them."""

from typing import Any

import numpy as np
import pandas as pd

from brainlab.errors import InputError
from brainlab.reading.agreement import sampled_kappa
from brainlab.reading.answers import Answers
from brainlab.reading.estimate import Estimate, bootstrap_interval, undefined
from brainlab.reading.mrmc import CaseTable
from brainlab.types import BoolArray, FloatArray


def compare_rounds(frame: pd.DataFrame, first: int = 1, second: int = 2) -> dict[str, Any]:
    """Compare two readings, case by case: a paired comparison, in which a hard case is hard both times.

    `frame` is a table of answers as `study_statistics` takes it, with a column `round`. Returns `rounds`; `per_reader`,
    a list of {reader, n, accuracy, auc, kappa}; and `all_readers` {accuracy, auc}, the mean over these readers. Each
    accuracy and auc is {first, second, difference}: the difference, second minus first, has a percentile bootstrap
    interval over cases within sources (Efron and Tibshirani 1993, chapter 13), and so generalises to new cases for
    these readers, not to other readers. kappa is Cohen's, of a reader's answers in the two rounds. Only readers and
    cases of both rounds count. Raises InputError where the table has no such rounds.
    """
    if "round" not in frame.columns:
        raise InputError("two readings are compared by a column 'round'; the table has none")
    number = pd.to_numeric(frame["round"], errors="coerce")
    main = frame["phase"].isna() | (frame["phase"] == "main") if "phase" in frame else pd.Series(True, frame.index)
    halves = [frame[(number == value) & main] for value in (first, second)]
    for value, half in zip((first, second), halves, strict=True):
        if half.empty:
            rounds = ", ".join(f"{r:g}" for r in sorted(number.dropna().unique())) or "none"
            raise InputError(f"two readings are compared; round {value} has no answers (rounds here: {rounds})")
    readers = [name for name in dict.fromkeys(halves[0]["reader"]) if name in set(halves[1]["reader"])]
    if not readers:
        raise InputError(f"two readings are compared; no reader has answers in both round {first} and {second}")
    halves = [half[half["reader"].isin(readers)] for half in halves]
    answers = [Answers.from_frame(half) for half in halves]
    entries = [_reader(answers, name) for name in answers[0].readers]
    pooled = _figures([answer.main for answer in answers], answers) if len(readers) > 1 else None
    return {"rounds": [first, second], "per_reader": entries, "all_readers": pooled}


def _reader(answers: list[Answers], reader: str) -> dict[str, Any]:
    """Compare the two readings of one reader."""
    rows = [answer.main[answer.main["reader"] == reader] for answer in answers]
    both = rows[0].set_index("case").join(rows[1].set_index("case")["answer"], rsuffix="_again", how="inner")
    categories = sorted(set(answers[0].categories) | set(answers[1].categories))
    codes = [pd.Categorical(both[name], categories=categories).codes.astype(int) for name in ("answer", "answer_again")]
    strata = both["source"].fillna("").to_numpy(dtype=str) if "source" in both else None
    return {
        "reader": reader,
        "n": int(((codes[0] >= 0) & (codes[1] >= 0)).sum()),
        "kappa": sampled_kappa(codes[0], codes[1], len(categories), strata).as_dict(),
        **_figures(rows, answers),
    }


def _figures(rows: list[pd.DataFrame], answers: list[Answers]) -> dict[str, Any]:
    """Compare accuracy and ROC area over the cases that every reader of `rows` judged in both rounds."""
    if any("truth" not in half or not answer.real_or_fake for half, answer in zip(rows, answers, strict=True)):
        missing = undefined("undefined: needs answers 'real' and 'fake' and a column 'truth'").as_dict()
        return dict.fromkeys(("accuracy", "auc"), dict.fromkeys(("first", "second", "difference"), missing))
    tables = [
        CaseTable.from_answers(Answers(half, answer.repeats, answer.categories))
        for half, answer in zip(rows, answers, strict=True)
    ]
    shared = sorted(set(tables[0].cases) & set(tables[1].cases))
    tables = [table.take(np.array([table.cases.index(case) for case in shared], dtype=int)) for table in tables]
    return {
        "accuracy": _difference([table.correct for table in tables], tables[0], _accuracy),
        "auc": _difference([table.scores for table in tables], tables[0], _roc_area),
    }


def _difference(figures: list[FloatArray], table: CaseTable, statistic: Any) -> dict[str, Any]:
    """Return first, second and their difference with its interval; `figures` are two arrays [n, readers]."""
    kept = np.isfinite(np.hstack(figures)).all(axis=1)
    n, real = int(kept.sum()), table.real[kept]
    if n == 0 or (statistic is _roc_area and min(real.sum(), (~real).sum()) == 0):
        reason = "undefined: no case was judged, with what this figure needs, in both rounds"
        return dict.fromkeys(("first", "second", "difference"), undefined(reason).as_dict())
    first, second = (values[kept] for values in figures)

    def change(weights: FloatArray) -> FloatArray:
        return statistic(second, real, weights) - statistic(first, real, weights)

    once = np.ones((1, n))
    before, after = (float(statistic(values, real, once)[0]) for values in (first, second))
    low, high, why = bootstrap_interval(change, n, strata=table.strata[kept])
    return {
        "first": Estimate(before, n=n).as_dict(),
        "second": Estimate(after, n=n).as_dict(),
        "difference": Estimate(after - before, low, high, n, why).as_dict(),
    }


def _accuracy(correct: FloatArray, real: BoolArray, weights: FloatArray) -> FloatArray:
    """Mean accuracy over readers, [resamples]."""
    return weights @ correct.mean(axis=1) / weights.sum(axis=1)


def _roc_area(scores: FloatArray, real: BoolArray, weights: FloatArray) -> FloatArray:
    """Mean ROC area over readers, [resamples], from how much weight each score has among real and fake cases."""
    areas = []
    for column in scores.T:
        levels, place = np.unique(column, return_inverse=True)
        which = np.eye(len(levels))[place]  # [n, levels]
        above, below = weights[:, real] @ which[real], weights[:, ~real] @ which[~real]
        beaten = np.cumsum(below, axis=1) - below / 2
        areas.append((above * beaten).sum(axis=1) / (above.sum(axis=1) * below.sum(axis=1)))
    return np.mean(areas, axis=0)
