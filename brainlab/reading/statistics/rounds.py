"""Two readings of the same cases by the same readers: how far accuracy and answers changed between them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from brainlab.measures.accuracy import placements
from brainlab.measures.agreement import sampled_kappa
from brainlab.measures.estimate import Estimate, undefined
from brainlab.measures.own_cases import own_means
from brainlab.measures.reader_difference import ReaderDifference, placement_difference, share_difference
from brainlab.measures.strata import stratum_codes
from brainlab.reading.statistics.answers import Answers
from brainlab.reading.statistics.mrmc import CaseTable, cases_in_common, enough
from brainlab.types import FloatArray


def between_rounds(rounds: dict[int, Answers]) -> list[dict[str, Any]]:
    """Compare every later reading with the first, case by case: a case that is hard is hard both times.

    One entry a later reading: `rounds` [first, later]; `per_reader`, a list of {reader, n, accuracy, auc, kappa}; and
    `all_readers` {accuracy, auc}, the mean over these readers, None with one. Each accuracy and auc is {first, second,
    difference}: the difference, second minus first, has a Student interval on the paired variance over cases within
    sources (for auc that of DeLong, DeLong, Clarke-Pearson 1988), and so generalises to new cases for these readers,
    not to other readers. (A percentile bootstrap over cases covers 91% near an area of 1.) kappa is Cohen's, of a
    reader's answers in the two readings. Only readers and cases of both readings count.
    """
    (number, first), *later = rounds.items()
    found = [_compare(first, second, [number, again]) for again, second in later]
    return [entry for entry in found if entry["per_reader"]]


def each_second_reading(figures: dict[str, Any]) -> list[tuple[list[int], dict[str, Any]]]:
    """Return ([first, later], comparison) of every reader and later reading, from `study_statistics`."""
    return [(entry["rounds"], one) for entry in figures["between_rounds"] for one in entry["per_reader"]]


def _compare(first: Answers, second: Answers, numbers: list[int]) -> dict[str, Any]:
    readers = [name for name in first.readers if name in second.readers]
    answers = [replace(each, main=each.main[each.main["reader"].isin(readers)]) for each in (first, second)]
    pooled = _figures([each.main for each in answers], answers) if len(readers) > 1 else None
    return {"rounds": numbers, "per_reader": [_reader(answers, name) for name in readers], "all_readers": pooled}


def _reader(answers: list[Answers], reader: str) -> dict[str, Any]:
    """Compare the two readings of one reader."""
    rows = [answer.main[answer.main["reader"] == reader] for answer in answers]
    both = rows[0].set_index("case").join(rows[1].set_index("case")["answer"].rename("answer_again"), how="inner")
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
    """Compare accuracy and ROC area over the cases that each reader of `rows` judged in both rounds."""
    if any("truth" not in half or not answer.real_or_fake for half, answer in zip(rows, answers, strict=True)):
        missing = _nothing("undefined: needs answers 'real' and 'fake' and a column 'truth'")
        return dict.fromkeys(("accuracy", "auc"), missing)
    first, second = (
        CaseTable.from_answers(Answers(half, answer.repeats, answer.categories))
        for half, answer in zip(rows, answers, strict=True)
    )
    tables = cases_in_common(first, second)
    return {"accuracy": _accuracy(*tables), "auc": _roc_area(*tables)}


def _accuracy(first: CaseTable, second: CaseTable) -> dict[str, Any]:
    """Compare the mean accuracy over readers."""
    both = first.correct + second.correct
    before, after = first.where(both), second.where(both)
    figures = own_means(before.correct), own_means(after.correct)
    if np.isnan(figures[0]).any() or not before.cases:
        return _nothing("undefined: no case was answered in both rounds")
    change = share_difference(after.correct - before.correct, stratum_codes(before.sources, len(before.cases)))
    return _change(*figures, change)


def _roc_area(first: CaseTable, second: CaseTable) -> dict[str, Any]:
    """Compare the mean ROC area over readers."""
    both = first.scores + second.scores
    first, second = first.where(both), second.where(both)
    real = first.real
    if not enough(first.scores[real], first.scores[~real]):
        return _nothing("undefined: needs two real and two fake cases judged with confidence in both rounds")
    before, after = (placements(table.scores[real], table.scores[~real]) for table in (first, second))
    codes = (stratum_codes(first.sources[of], int(of.sum())) for of in (real, ~real))
    change = placement_difference(after - before, *codes)
    return _change(own_means(before, axis=(0, 1)), own_means(after, axis=(0, 1)), change)


def _change(before: FloatArray, after: FloatArray, change: ReaderDifference) -> dict[str, Any]:
    """Return the means of readers' figures in both readings, and their difference with its interval."""
    return {
        "first": Estimate(float(before.mean()), n=change.n).as_dict(),
        "second": Estimate(float(after.mean()), n=change.n).as_dict(),
        "difference": change.for_these_readers().as_dict(),
    }


def _nothing(reason: str) -> dict[str, Any]:
    """Return a comparison without values."""
    return dict.fromkeys(("first", "second", "difference"), undefined(reason).as_dict())
