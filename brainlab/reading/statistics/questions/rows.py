"""The rows of a question's table: what, of whom, of which source, and how they are counted."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd

from brainlab.measures.accuracy import stratified_share
from brainlab.measures.agreement import sampled_kappa
from brainlab.measures.estimate import Estimate
from brainlab.reading.protocol.questions import Question
from brainlab.types import IntArray

COLUMNS = ("figure", "reader", "source", "value", "low", "high", "n", "reason")
"""Columns of every table: what, of whom, of which source ('all' of every one), value and 95% interval."""

ALL = "all"
EVERYBODY = "all readers"


def row(figure: str, reader: str, source: str, estimate: Estimate) -> dict[str, Any]:
    """Return one row of a table."""
    known = {name: getattr(estimate, name) for name in ("value", "low", "high", "n", "reason")}
    return {"figure": figure, "reader": reader, "source": source, **known}


def by_reader_and_source(given: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Each reader's answers to all cases, then to each source."""
    for reader, rows in given.groupby("reader", sort=False):
        yield str(reader), ALL, rows
        for source, cases in rows.groupby("source", sort=False):
            yield str(reader), str(source), cases


def pairs_of_readers(given: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Each pair of readers with the cases that both answered, in columns `value_a` and `value_b`."""
    for first, second in combinations(dict.fromkeys(given["reader"]), 2):
        own = [given[given["reader"] == reader][["case", "source", "value"]] for reader in (first, second)]
        yield first, second, own[0].merge(own[1].drop(columns="source"), on="case", suffixes=("_a", "_b"))


def share(rows: pd.DataFrame, hits: pd.Series) -> Estimate:
    """Share of rows that hit, with sources as strata."""
    return stratified_share([(int(own.sum()), len(own)) for _, own in hits.groupby(rows["source"])])


def kappas(
    given: pd.DataFrame, question: Question, figure: str, scheme: Literal["linear"] | None
) -> Iterator[dict[str, Any]]:
    """Kappa of every pair of readers over the full list of answers, with sources as strata."""
    for first, second, both in pairs_of_readers(given):
        codes = [_codes(both[name], question) for name in ("value_a", "value_b")]
        kappa = sampled_kappa(codes[0], codes[1], len(question.values), both["source"].to_numpy(dtype=str), scheme)
        yield row(figure, f"{first} and {second}", ALL, kappa)


def _codes(values: pd.Series, question: Question) -> IntArray:
    return np.array([question.values.index(value) for value in values], dtype=int)
