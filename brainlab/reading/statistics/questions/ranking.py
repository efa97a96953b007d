"""Images of all sources ranked from most to least real.

Per reader and source: mean rank (1 is most real) with an interval over cases, and how often it was ranked first.
Per reader: Friedman's test of all sources alike, and for each two sources how often the first was ranked above the
second. Per pair of readers: mean rank correlation (Spearman) of a case, 0 by chance.
"""

import json
from collections.abc import Collection, Iterator
from itertools import combinations
from typing import Any

import pandas as pd
from scipy import stats

from brainlab.measures.accuracy import wilson
from brainlab.measures.estimate import Estimate, undefined
from brainlab.measures.ranks import mean_rank, mean_rank_correlation
from brainlab.reading.protocol.questions import Question
from brainlab.reading.statistics.questions.rows import ALL, row


def ranking(given: pd.DataFrame, _: Question, __: float) -> Iterator[dict[str, Any]]:
    """Return the rows of a ranking.

    given: reader, case, truth (JSON list of the source at each place), value (places, most real first), both as stored.
    """
    sources = sorted({name for truth in given["truth"] for name in json.loads(truth)})
    tables = {str(name): _ranks(cases, sources) for name, cases in given.groupby("reader", sort=False)}
    for reader, ranks in tables.items():
        for source in sources:
            mean = mean_rank(ranks[source].to_numpy(dtype=float), len(sources))
            yield row("mean rank (1: most real)", reader, source, mean)
            yield row("ranked most real", reader, source, wilson(int((ranks[source] == 1).sum()), len(ranks)))
        yield from _contrasts(ranks, reader, sources)
    for first, second in combinations(tables, 2):
        both = tables[first].join(tables[second], lsuffix="_a", rsuffix="_b", how="inner").to_numpy(dtype=float)
        agreement = mean_rank_correlation(both[:, : len(sources)], both[:, len(sources) :])
        yield row("mean rank correlation (Spearman)", f"{first} and {second}", ALL, agreement)


def first_choices(frame: pd.DataFrame, real: Collection[str]) -> pd.DataFrame:
    """Return answers and truth of rankings as a forced choice: the place that was ranked first, and of the real image.

    frame: as `answers_frame` returns it. real: names of the sources of real images; with more or fewer than one of them
    there is no truth of a place.
    """
    answers = [value.split(",")[0] if isinstance(value, str) else None for value in frame["answer"]]
    truth = [_only_real(json.loads(value), real) for value in frame["truth"]]
    return frame.assign(answer=pd.Series(answers, frame.index), truth=pd.Series(truth, frame.index))


def _only_real(shown: list[str], real: Collection[str]) -> str | None:
    places = [str(place + 1) for place, source in enumerate(shown) if source in real]
    return places[0] if len(places) == 1 else None


def _ranks(cases: pd.DataFrame, sources: list[str]) -> pd.DataFrame:
    """Return the rank of each source in each case: [cases, sources], 1 the most real."""
    ranks = []
    for truth, value in zip(cases["truth"], cases["value"], strict=True):
        shown = json.loads(truth)
        order = [shown[int(place) - 1] for place in value.split(",")]
        ranks.append([order.index(source) + 1 for source in sources])
    return pd.DataFrame(ranks, index=cases["case"], columns=sources)


def _contrasts(ranks: pd.DataFrame, reader: str, sources: list[str]) -> Iterator[dict[str, Any]]:
    values = ranks.to_numpy(dtype=float)
    if len(sources) == 2:
        reason = "undefined: of two sources see which was ranked above the other"
        yield row("p, Friedman, of all sources alike", reader, ALL, undefined(reason, len(values)))
    else:
        test = stats.friedmanchisquare(*values.T) if len(values) > 1 else None
        p = (
            Estimate(float(test.pvalue), n=len(values))
            if test
            else undefined("undefined: needs two cases", len(values))
        )
        yield row("p, Friedman, of all sources alike", reader, ALL, p)
    for first, second in combinations(range(len(sources)), 2):
        above = int((values[:, first] < values[:, second]).sum())
        yield row(f"ranked above {sources[second]}", reader, sources[first], wilson(above, len(values)))
