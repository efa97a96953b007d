"""Statistics of the questions beyond real or fake, one table for each kind of question.

scale   median and quartiles per source and reader; linearly weighted kappa of each pair of readers
choice  share of each option per source and reader (Wilson, over all sources stratified); kappa of each pair of readers
place   distance in mm between two readers' places; share of cases in which it is within a tolerance (Wilson)
pair    two-alternative forced choice: share of right sides per fake source and reader, against one half (Wilson)
text    every text, by source
"""

import json
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from brainlab.measures.accuracy import stratified_share, wilson
from brainlab.measures.agreement import cohens_kappa, contingency
from brainlab.measures.estimate import Estimate
from brainlab.reading.protocol.design import Protocol
from brainlab.reading.protocol.questions import SIDES, VERDICT, Question
from brainlab.types import IntArray

TOLERANCE_MM = 10.0
COLUMNS = ("figure", "reader", "source", "value", "low", "high", "n", "reason")
"""Columns of every table: what, of whom, of which source ('all' of every one), value and 95% interval."""

ALL = "all"
CHANCE = 0.5


def further_statistics(
    frame: pd.DataFrame, protocol: Protocol, tolerance_mm: float = TOLERANCE_MM
) -> dict[str, list[dict[str, Any]]]:
    """Return the figures of every question but real or fake, which `study_statistics` has.

    frame: unblinded answers as `answers_frame` returns them; the first reading counts, without practice and repeats.
    tolerance_mm: places of two readers within this distance agree.
    Key `questions`: one entry a question, in order, with key, kind, text, `rows` (COLUMNS) and, of a text, `texts`
    (source, reader, case, text).
    """
    main = frame[frame["phase"] == "main"]
    main = main[main["round"] == 1] if "round" in main else main
    found = []
    for number, question in enumerate(protocol.all_questions):
        if number == 0 and question.options == VERDICT.options:
            continue
        value = main["answer" if number == 0 else question.key]
        shown = main["answer_shown"] if number == 0 and "answer_shown" in main else value
        table = main[["reader", "case", "source", "truth"]].assign(value=value, shown=shown)
        given = table[table["value"].notna()].astype({"value": str})
        rows = list(KINDS[question.kind](given, question, tolerance_mm)) if question.kind in KINDS else []
        entry: dict[str, Any] = {"key": question.key, "kind": question.kind, "text": question.text, "rows": rows}
        if question.kind == "text":
            texts = given.rename(columns={"value": "text"}).sort_values(["source", "case", "reader"])
            entry["texts"] = texts[["source", "reader", "case", "text"]].to_dict("records")
        found.append(entry)
    return {"questions": found}


def further_table(entry: dict[str, Any]) -> pd.DataFrame:
    """Return the figures of one question as a table."""
    return pd.DataFrame(entry["rows"], columns=list(COLUMNS))


def _scale(given: pd.DataFrame, question: Question, _: float) -> Iterator[dict[str, Any]]:
    for reader, source, rows in _by_reader_and_source(given):
        low, median, high = np.quantile(rows["value"].astype(float), [0.25, 0.5, 0.75])
        yield _row("median", reader, source, Estimate(float(median), n=len(rows)))
        yield _row("quartile 1", reader, source, Estimate(float(low), n=len(rows)))
        yield _row("quartile 3", reader, source, Estimate(float(high), n=len(rows)))
    yield from _kappas(given, question, "weighted kappa (linear)", "linear")


def _choice(given: pd.DataFrame, question: Question, _: float) -> Iterator[dict[str, Any]]:
    for reader, source, rows in _by_reader_and_source(given):
        for option in question.values:
            yield _row(f"answered {option}", reader, source, _share(rows, rows["value"] == option))
    yield from _kappas(given, question, "kappa", None)


def _pair(given: pd.DataFrame, _: Question, __: float) -> Iterator[dict[str, Any]]:
    for reader, source, rows in _by_reader_and_source(given):
        right = rows["value"] == rows["truth"]
        yield _row("correct side", reader, source, _share(rows, right))
        test = stats.binomtest(int(right.sum()), len(rows), CHANCE)
        yield _row("p, exact, against one half", reader, source, Estimate(float(test.pvalue), n=len(rows)))
    for name, cases in given.groupby("reader", sort=False):
        left = int((cases["shown"] == SIDES[0]).sum())
        yield _row("answered left (side bias)", str(name), ALL, wilson(left, len(cases)))


def _place(given: pd.DataFrame, _: Question, tolerance_mm: float) -> Iterator[dict[str, Any]]:
    places = given.assign(value=given["value"].map(json.loads))
    for first, second, both in _pairs_of_readers(places):
        names = f"{first} and {second}"
        for source, rows in ((ALL, both), *both.groupby("source", sort=False)):
            gaps = np.array([_distance_mm(a, b) for a, b in zip(rows["value_a"], rows["value_b"], strict=True)])
            finite = gaps[np.isfinite(gaps)]
            for figure, q in (("median", 0.5), ("quartile 1", 0.25), ("quartile 3", 0.75)):
                value = float(np.quantile(finite, q)) if len(finite) else None
                reason = None if len(finite) else "undefined: no case was marked by both readers in one image"
                yield _row(
                    f"distance in mm, {figure}", names, str(source), Estimate(value, n=len(finite), reason=reason)
                )
            within = wilson(int((gaps <= tolerance_mm).sum()), len(gaps))
            yield _row(f"within {tolerance_mm:g} mm", names, str(source), within)


KINDS = {"scale": _scale, "choice": _choice, "pair": _pair, "place": _place}


def _distance_mm(first: dict[str, Any], second: dict[str, Any]) -> float:
    """Distance of two places; infinite where they are in different images of a pair."""
    if first.get("side") != second.get("side"):
        return float("inf")
    return float(np.linalg.norm(np.subtract(first["mm"], second["mm"])))


def _kappas(given: pd.DataFrame, question: Question, figure: str, scheme: str | None) -> Iterator[dict[str, Any]]:
    """Kappa of every pair of readers over the full list of answers."""
    for first, second, both in _pairs_of_readers(given):
        table = contingency(_codes(both["value_a"], question), _codes(both["value_b"], question), len(question.values))
        kappa = cohens_kappa(table, scheme=scheme)
        yield _row(figure, f"{first} and {second}", ALL, kappa)


def _codes(values: pd.Series, question: Question) -> IntArray:
    return np.array([question.values.index(value) for value in values], dtype=int)


def _pairs_of_readers(given: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Each pair of readers with the cases that both answered."""
    for first, second in combinations(dict.fromkeys(given["reader"]), 2):
        own = [given[given["reader"] == reader][["case", "source", "value"]] for reader in (first, second)]
        yield first, second, own[0].merge(own[1].drop(columns="source"), on="case", suffixes=("_a", "_b"))


def _share(rows: pd.DataFrame, hits: pd.Series) -> Estimate:
    """Share of rows that hit, with sources as strata."""
    return stratified_share([(int(own.sum()), len(own)) for _, own in hits.groupby(rows["source"])])


def _by_reader_and_source(given: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Each reader's answers to all cases, then to each source."""
    for reader, rows in given.groupby("reader", sort=False):
        yield str(reader), ALL, rows
        for source, cases in rows.groupby("source", sort=False):
            yield str(reader), str(source), cases


def _row(figure: str, reader: str, source: str, estimate: Estimate) -> dict[str, Any]:
    known = {name: getattr(estimate, name) for name in ("value", "low", "high", "n", "reason")}
    return {"figure": figure, "reader": reader, "source": source, **known}
