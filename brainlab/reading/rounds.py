"""A second reading against the first: does a reader agree with themself, and did accuracy change?"""

from typing import Any

import numpy as np
import pandas as pd

from brainlab.reading.agreement import cohens_kappa, contingency
from brainlab.reading.answers import Answers
from brainlab.reading.estimate import Estimate, bootstrap_interval, undefined
from brainlab.reading.reader_figures import NO_TRUTH
from brainlab.types import FloatArray


def between_rounds(rounds: dict[int, Answers]) -> list[dict[str, Any]]:
    """Compare each later reading of every reader with their first, over the cases answered in both.

    One entry a reader and later reading: `reader`, `rounds`, `kappa` (as Cohen's kappa of two readers) and
    `accuracy_change` (later less first, with an interval by bootstrap over cases).
    """
    (first_round, first), *later = rounds.items()
    return [
        {
            "reader": reader,
            "rounds": [first_round, number],
            "kappa": _kappa(first, answers, reader),
            "accuracy_change": _change(first, answers, reader).as_dict(),
        }
        for number, answers in later
        for reader in first.readers
        if reader in answers.readers
    ]


def _kappa(first: Answers, second: Answers, reader: str) -> dict[str, Any]:
    both = _both(first, second, reader)
    categories = tuple(dict.fromkeys((*first.categories, *second.categories)))
    number = {label: place for place, label in enumerate(categories)}
    codes = [both[column].map(number).to_numpy(int) for column in ("answer", "answer_later")]
    return cohens_kappa(contingency(codes[0], codes[1], len(categories))).as_dict()


def _change(first: Answers, second: Answers, reader: str) -> Estimate:
    both = _both(first, second, reader)
    if "truth" not in both:
        return undefined(NO_TRUTH, len(both))
    both = both[both["truth"].notna()]
    n = len(both)
    if not n:
        return undefined("undefined: no case was answered in both readings")
    before, after = (both[column] == both["truth"] for column in ("answer", "answer_later"))
    difference: FloatArray = np.subtract(after, before, dtype=float)  # [cases], -1, 0 or 1
    low, high, reason = bootstrap_interval(lambda draws: draws @ difference / n, n)
    return Estimate(float(np.mean(difference)), low, high, n, reason)


def _both(first: Answers, second: Answers, reader: str) -> pd.DataFrame:
    """Cases that a reader answered in both readings: the first one's row and `answer_later`."""
    earlier, later = (
        rows[(rows["reader"] == reader) & rows["answer"].notna()].set_index("case")
        for rows in (first.main, second.main)
    )
    return earlier.join(later["answer"].rename("answer_later"), how="inner")
