"""A machine beside the human readers: its ROC area, its difference from theirs, and its score of every case."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from brainlab.measures.accuracy import placements, roc_area
from brainlab.measures.own_cases import own_means
from brainlab.measures.reader_difference import placement_difference
from brainlab.reading.statistics.answers import FAKE, REAL, Answers
from brainlab.reading.statistics.mrmc import CaseTable, enough
from brainlab.reading.statistics.paired.comparisons import (
    Compared,
    comparison,
    fake_sources,
    judged_cases,
    strata_of,
)
from brainlab.reading.statistics.paired.machine_scores import MachineReader
from brainlab.types import FloatArray

EVERY_SOURCE = "all"
READERS = "readers"
"""What a machine is compared with: the mean over the human readers."""


def compare_machines(answers: Answers, machines: Sequence[MachineReader]) -> list[dict[str, Any]]:
    """Compare each machine's ROC area with the mean of the readers', over all cases and for each source of fakes."""
    table = judged_cases(answers)
    if table is None:
        return []
    sure = table.where(table.scores)
    fakes = fake_sources(answers, table)
    entries = []
    for machine in machines:
        for source in (EVERY_SOURCE, *(fakes if len(fakes) > 1 else ())):
            rows = np.flatnonzero(sure.real | (source == EVERY_SOURCE) | (sure.sources == source))
            part = sure.take(rows)
            compared = _areas(part, machine.of(part.cases))
            entry = comparison(answers.readers, machine.name, READERS, "auc", compared)
            entries.append({**entry, "source": source})
    return entries


def machine_figures(answers: Answers, machines: Sequence[MachineReader]) -> list[dict[str, Any]]:
    """Return `name`, `auc` and `per_source` {source: auc} of each machine, over all cases of known truth."""
    table = judged_cases(answers)
    if table is None:
        return []
    found = []
    for machine in machines:
        scores, real = machine.of(table.cases), table.real
        found.append(
            {
                "name": machine.name,
                "auc": roc_area(scores[real], scores[~real], table.sources[real], table.sources[~real]).as_dict(),
                "per_source": {
                    source: roc_area(
                        scores[real], scores[~real & (table.sources == source)], table.sources[real]
                    ).as_dict()
                    for source in fake_sources(answers, table)
                },
            }
        )
    return found


def machine_cases(answers: Answers, machines: Sequence[MachineReader]) -> list[dict[str, Any]]:
    """Return one row a case: truth, source, how many of how many readers called it real, and each machine's score.

    `share` says how many of the cases with a lower or equal score there are, of 1, so that scores of any scale compare.
    """
    table = judged_cases(answers)
    if table is None or not machines:
        return []
    scores = {machine.name: machine.of(table.cases) for machine in machines}
    ranks = {name: np.searchsorted(np.sort(values), values, side="right") for name, values in scores.items()}
    given = np.isfinite(table.correct)
    called = np.nansum(table.called_real, axis=1)
    return [
        {
            "case": case,
            "truth": REAL if table.real[row] else FAKE,
            "source": str(table.sources[row]),
            "called_real": int(called[row]),
            "readers": int(given[row].sum()),
            "machines": {
                name: {"score": float(values[row]), "share": float(ranks[name][row] / len(values))}
                for name, values in scores.items()
            },
        }
        for row, case in enumerate(table.cases)
    ]


def _areas(table: CaseTable, scores: FloatArray) -> Compared | None:
    real = table.real
    if not enough(table.scores[real], table.scores[~real]):
        return None
    of_readers = placements(table.scores[real], table.scores[~real])
    alone = placements(scores[real], scores[~real])[..., None]
    wins = np.where(np.isnan(of_readers), np.nan, alone)  # a reader is compared with the machine on own cases
    codes = strata_of(table, real), strata_of(table, ~real)
    return Compared(
        own_means(wins, axis=(0, 1)),
        own_means(of_readers, axis=(0, 1)),
        lambda who: placement_difference((wins - of_readers)[..., who], *codes),
    )
