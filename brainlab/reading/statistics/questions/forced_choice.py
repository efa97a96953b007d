"""Which of m images is the only real (or fake) one: pairs and alternatives, against chance of 1/m.

Per reader and source of fakes: share of correct choices with an exact interval (over several sources stratified), exact
p against chance, d'. Over all readers: mean share, with an interval for these readers and one for readers like them,
and Fleiss' kappa of which image was chosen. Per reader: how often each place was chosen, with the p of an even spread.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from brainlab.measures.accuracy import wilson
from brainlab.measures.agreement import category_counts
from brainlab.measures.estimate import Estimate
from brainlab.measures.forced_choice import chance_p, choice_d_prime, choice_kappa, exact_share
from brainlab.reading.protocol.questions import SIDES, Question
from brainlab.reading.statistics.mrmc import mean_accuracy
from brainlab.reading.statistics.questions.rows import ALL, EVERYBODY, by_reader_and_source, row, share


def forced_choice(given: pd.DataFrame, question: Question, _: float) -> Iterator[dict[str, Any]]:
    """Return the rows of a pair or of alternatives.

    given: reader, case, source, truth (place of the image that was looked for), value (place of the one chosen), both
    as stored, and `shown`, the place of the chosen one on the screen.
    """
    m = len(question.places)
    for reader, source, rows in by_reader_and_source(given):
        right = rows["value"] == rows["truth"]
        found = exact_share(int(right.sum()), len(rows)) if rows["source"].nunique() == 1 else share(rows, right)
        yield row("correct choices", reader, source, found)
        p = chance_p(int(right.sum()), len(rows), m)
        yield row(f"p, exact, against chance (1/{m})", reader, source, Estimate(p, n=len(rows)))
        yield row("d'", reader, source, choice_d_prime(found, m))
    yield from _together(given, question)
    for name, cases in given.groupby("reader", sort=False):
        counts = [int((cases["shown"] == place).sum()) for place in question.places]
        for place, count in zip(question.places, counts, strict=True):
            image = f"the {place} image" if place in SIDES else f"image {place}"
            yield row(f"chose {image}", str(name), ALL, wilson(count, len(cases)))
        even = Estimate(float(stats.chisquare(counts).pvalue), n=len(cases))
        yield row("p, chi-squared, of all places chosen alike", str(name), ALL, even)


def _together(given: pd.DataFrame, question: Question) -> Iterator[dict[str, Any]]:
    """All readers together, over the cases that every one answered."""
    readers = list(dict.fromkeys(given["reader"]))
    if len(readers) < 2:
        return
    wide = given.pivot(index="case", columns="reader", values="value")[readers].dropna()
    facts = given.drop_duplicates("case").set_index("case").loc[wide.index]
    right = wide.eq(facts["truth"], axis=0).to_numpy(dtype=float)
    sources = facts["source"].to_numpy(dtype=str)
    mean = mean_accuracy(right, sources)
    yield row("correct choices, mean of these readers", EVERYBODY, ALL, mean.these_readers)
    yield row("correct choices, mean of readers like these", EVERYBODY, ALL, mean.other_readers)
    codes = np.array([[question.places.index(value) for value in line] for line in wide.to_numpy()], dtype=int)
    codes = codes.reshape(-1, len(readers))
    if len(readers) > 2:
        counts = category_counts(codes, len(question.places))
        yield row("Fleiss' kappa of the chosen image", EVERYBODY, ALL, choice_kappa(counts, sources))
