"""Statistics of the questions beyond real or fake, one table for each kind of question.

scale   median and quartiles per source and reader; linearly weighted kappa of each pair of readers
choice  share of each option per source and reader (Wilson, over all sources stratified); kappa of each pair of readers
place   distance in mm between two readers' places; share of cases in which it is within a tolerance (as of options)
pair, alternatives  see `forced_choice`
ranking see `ranking`
text    every text, by source
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from brainlab.measures.estimate import Estimate
from brainlab.reading.protocol.design import Protocol
from brainlab.reading.protocol.questions import VERDICT, Question
from brainlab.reading.statistics.questions.forced_choice import forced_choice
from brainlab.reading.statistics.questions.ranking import ranking
from brainlab.reading.statistics.questions.rows import (
    ALL,
    COLUMNS,
    by_reader_and_source,
    kappas,
    pairs_of_readers,
    row,
    share,
)

TOLERANCE_MM = 10.0


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
    for reader, source, rows in by_reader_and_source(given):
        low, median, high = np.quantile(rows["value"].astype(float), [0.25, 0.5, 0.75])
        yield row("median", reader, source, Estimate(float(median), n=len(rows)))
        yield row("quartile 1", reader, source, Estimate(float(low), n=len(rows)))
        yield row("quartile 3", reader, source, Estimate(float(high), n=len(rows)))
    yield from kappas(given, question, "weighted kappa (linear)", "linear")


def _choice(given: pd.DataFrame, question: Question, _: float) -> Iterator[dict[str, Any]]:
    for reader, source, rows in by_reader_and_source(given):
        for option in question.values:
            yield row(f"answered {option}", reader, source, share(rows, rows["value"] == option))
    yield from kappas(given, question, "kappa", None)


def _place(given: pd.DataFrame, _: Question, tolerance_mm: float) -> Iterator[dict[str, Any]]:
    places = given.assign(value=given["value"].map(json.loads))
    for first, second, both in pairs_of_readers(places):
        names = f"{first} and {second}"
        for source, rows in ((ALL, both), *both.groupby("source", sort=False)):
            gaps = np.array([_distance_mm(a, b) for a, b in zip(rows["value_a"], rows["value_b"], strict=True)])
            finite = gaps[np.isfinite(gaps)]
            for figure, q in (("median", 0.5), ("quartile 1", 0.25), ("quartile 3", 0.75)):
                value = float(np.quantile(finite, q)) if len(finite) else None
                reason = None if len(finite) else "undefined: no case was marked by both readers in one image"
                yield row(
                    f"distance in mm, {figure}", names, str(source), Estimate(value, n=len(finite), reason=reason)
                )
            within = share(rows, pd.Series(gaps <= tolerance_mm, rows.index))
            yield row(f"within {tolerance_mm:g} mm", names, str(source), within)


KINDS = {
    "scale": _scale,
    "choice": _choice,
    "place": _place,
    "pair": forced_choice,
    "alternatives": forced_choice,
    "ranking": ranking,
}


def _distance_mm(first: dict[str, Any], second: dict[str, Any]) -> float:
    """Distance of two places; infinite where they are in different images of a pair."""
    if first.get("side") != second.get("side"):
        return float("inf")
    return float(np.linalg.norm(np.subtract(first["mm"], second["mm"])))
