"""Two generators, or two conditions, that the same readers judged, compared.

Every comparison is a difference a reader, tested by `measures.obuchowski_rockette`. As for means over readers, it has
two intervals: `these_readers` on new cases, and `other_readers` like them on new cases, to which the test belongs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from statsmodels.stats.multitest import multipletests

from brainlab.measures.accuracy import placements
from brainlab.measures.estimate import undefined
from brainlab.measures.obuchowski_rockette import ReaderTest, reader_test
from brainlab.measures.own_cases import own_means
from brainlab.measures.reader_difference import (
    ReaderDifference,
    placement_difference,
    placement_difference_of_groups,
    share_difference,
    share_difference_of_groups,
)
from brainlab.measures.strata import stratum_codes
from brainlab.reading.statistics.answers import Answers
from brainlab.reading.statistics.mrmc import CaseTable, cases_in_common, caution_about, enough
from brainlab.types import BoolArray, FloatArray, IntArray

NEEDED = {
    "auc": "two real and two generated cases of each side that each reader judged with confidence",
    "called_real": "two cases of each source that each reader judged",
    "accuracy": "two cases that each reader judged under both conditions",
}


@dataclass(frozen=True)
class Compared:
    """The figures of both sides, [r] each, and their difference for any part of the readers."""

    first: FloatArray
    second: FloatArray
    difference: Callable[[IntArray], ReaderDifference]


def compare_sources(answers: Answers) -> list[dict[str, Any]]:
    """Compare every two sources of fakes; empty where there are fewer, or no truth. See `comparison`.

    figure `auc`: ROC area of signed confidence, real cases against the first and against the second source, which share
    the readers and the real cases; where confidence was given. `called_real`: share of the source called real.
    """
    table = judged_cases(answers)
    if table is None or "source" not in answers.main:
        return []
    sure, given = table.where(table.scores), table.where(table.correct)
    pairs = list(combinations(filter(None, fake_sources(answers, table)), 2))
    found: list[dict[str, Any]] = []
    if np.isfinite(table.scores).any():
        found += [comparison(answers.readers, a, b, "auc", _areas_of_sources(sure, a, b)) for a, b in pairs]
    found += [comparison(answers.readers, a, b, "called_real", _called_real(given, a, b)) for a, b in pairs]
    return _adjusted(found)


def compare_conditions(conditions: Mapping[str, Answers]) -> list[dict[str, Any]]:
    """Compare every two conditions over the cases and readers of both: `accuracy` and, with confidence, `auc`."""
    found: list[dict[str, Any]] = []
    for (first, one), (second, other) in combinations(conditions.items(), 2):
        readers = [name for name in one.readers if name in other.readers]
        before, after = (judged_cases(answers, readers) for answers in (one, other))
        if before is None or after is None or not readers:
            continue
        before, after = cases_in_common(before, after)
        if np.isfinite(before.scores).any() and np.isfinite(after.scores).any():
            found.append(comparison(readers, first, second, "auc", _areas_of_conditions(before, after)))
        found.append(comparison(readers, first, second, "accuracy", _accuracies(before, after)))
    return _adjusted(found)


def judged_cases(answers: Answers, readers: Sequence[str] | None = None) -> CaseTable | None:
    """Lay out the answers of all or of some readers; None without truth, or where it is not real or fake."""
    if "truth" not in answers.main or not answers.real_or_fake:
        return None
    return CaseTable.from_answers(answers, readers)


def fake_sources(answers: Answers, table: CaseTable) -> list[str]:
    """Return the sources of fakes in the order in which the answers name them; '' for fakes of no known source."""
    named = dict.fromkeys(answers.main["source"].dropna()) if "source" in answers.main else {}
    there = dict.fromkeys(table.sources[~table.real].tolist())
    return [name for name in {**named, **there} if name in there]


def strata_of(table: CaseTable, of: BoolArray) -> IntArray:
    """Return the strata of some of the cases, see `stratum_codes`."""
    return stratum_codes(table.sources[of], int(of.sum()))


def comparison(
    readers: Sequence[str], first: str, second: str, figure: str, compared: Compared | None
) -> dict[str, Any]:
    """Return one comparison, first minus second; compared: None where a reader judged too few cases.

    Keys: `first`, `second`, `figure`; `readers` and `n` (counts), `first_value` and `second_value` (means over
    readers), `these_readers` (value, low, high, n, reason), `other_readers` (the same with se, df, t, p and, over
    several pairs, Holm's p_holm), `per_reader` (a list of reader, first_value, second_value, value, low, high, n) and
    `caution`. A value of None is undefined, for the `reason`.
    """
    head = {"first": first, "second": second, "figure": figure, "readers": len(readers)}
    if compared is None:
        none = undefined(f"undefined: needs {NEEDED[figure]}")
        nothing: dict[str, Any] = {"n": 0, "first_value": None, "second_value": None, "per_reader": [], "caution": None}
        test = ReaderTest(None, reason=none.reason)
        return {**head, **nothing, "these_readers": none.as_dict(), "other_readers": test.as_dict()}
    everyone = compared.difference(np.arange(len(readers)))
    each = [compared.difference(np.array([place])).for_these_readers() for place in range(len(readers))]
    return {
        **head,
        "n": everyone.n,
        "first_value": float(compared.first.mean()),
        "second_value": float(compared.second.mean()),
        "these_readers": everyone.for_these_readers().as_dict(),
        "other_readers": reader_test(everyone.values, everyone.covariance, everyone.n).as_dict(),
        "per_reader": [
            {"reader": name, "first_value": float(a), "second_value": float(b), **estimate.as_dict()}
            for name, a, b, estimate in zip(readers, compared.first, compared.second, each, strict=True)
        ],
        "caution": caution_about(len(readers)),
    }


def _areas_of_sources(table: CaseTable, first: str, second: str) -> Compared | None:
    real, a, b = table.real, *(~table.real & (table.sources == name) for name in (first, second))
    if not enough(*(table.scores[group] for group in (real, a, b))):
        return None
    wins = [placements(table.scores[real], table.scores[group]) for group in (a, b)]  # [real, fakes, readers] each
    codes = strata_of(table, real)
    return Compared(
        own_means(wins[0], axis=(0, 1)),
        own_means(wins[1], axis=(0, 1)),
        lambda who: placement_difference_of_groups(wins[0][..., who], wins[1][..., who], codes),
    )


def _called_real(table: CaseTable, first: str, second: str) -> Compared | None:
    a, b = (table.called_real[~table.real & (table.sources == name)] for name in (first, second))
    if not enough(a, b):
        return None
    return Compared(own_means(a), own_means(b), lambda who: share_difference_of_groups(a[:, who], b[:, who]))


def _areas_of_conditions(first: CaseTable, second: CaseTable) -> Compared | None:
    both = first.scores + second.scores
    first, second = first.where(both), second.where(both)
    real = first.real
    if not enough(first.scores[real], first.scores[~real]):
        return None
    one, other = (placements(table.scores[real], table.scores[~real]) for table in (first, second))
    codes = strata_of(first, real), strata_of(first, ~real)
    return Compared(
        own_means(one, axis=(0, 1)),
        own_means(other, axis=(0, 1)),
        lambda who: placement_difference(one[..., who] - other[..., who], *codes),
    )


def _accuracies(first: CaseTable, second: CaseTable) -> Compared | None:
    both = first.correct + second.correct
    first, second = first.where(both), second.where(both)
    if not enough(first.correct):
        return None
    change, codes = first.correct - second.correct, stratum_codes(first.sources, len(first.cases))
    return Compared(
        own_means(first.correct),
        own_means(second.correct),
        lambda who: share_difference(change[:, who], codes),
    )


def _adjusted(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add `p_holm`, the p value adjusted for the number of pairs that have the same figure (Holm 1979)."""
    for figure in {entry["figure"] for entry in entries}:
        tests = [entry["other_readers"] for entry in entries if entry["figure"] == figure]
        known = [test for test in tests if test["p"] is not None]
        adjusted = multipletests([test["p"] for test in known], method="holm")[1] if known else ()
        for test in tests:
            test["p_holm"] = None
        for test, p in zip(known, adjusted, strict=True):
            test["p_holm"] = float(p)
    return entries
