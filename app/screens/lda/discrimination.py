"""LDA results for pages: computed once for a run, a cohort and settings, and compared over all of them."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any, cast

import pandas as pd

from app.components.tables import COLUMN_NAMES, accuracy_rows
from app.data import resources
from brainlab.counted import counted, noun
from brainlab.errors import BrainlabError, InputError
from brainlab.experiments.analysis.baselines import Known
from brainlab.experiments.analysis.discrimination import LdaResult, lda_analysis
from brainlab.runs.training_codes import TrainingCodes

OWN_PEOPLE = "the people it was trained on"
FEW_SCANS = 100
KEPT = 256
"""Results in memory: more than there are pairs of runs and cohorts in the comparison."""

WHY_NOT = "why not analysed"

Key = tuple[str, str, str, str, str | None, str | None, str]


@dataclass(frozen=True)
class Analysis:
    """An LDA and, since their intervals take a while, its accuracies beside the baselines'."""

    lda: LdaResult
    accuracies: pd.DataFrame


def analysis(run: str, cohort: str, predict: str | None, priors: str) -> Analysis:
    """Fit LDA on a run's codes of a cohort and predict its test split, or the whole of another cohort.

    cohort: OWN_PEOPLE for the people the run was trained on, whose codes it keeps.
    """
    key = _key(run, cohort, predict, priors)
    known = _kept(key)
    if isinstance(known, Analysis):
        return known
    target = resources.cohort(predict) if predict else None
    found = lda_analysis(resources.run(run), _known(run, cohort), target, priors=cast(Any, priors))
    made = Analysis(found, accuracy_rows(found))
    _keep(key, made)
    return made


_results: OrderedDict[Key, Analysis | str] = OrderedDict()
"""The latest results; of what could not be analysed, the reason."""
_lock = Lock()


def _kept(key: Key) -> Analysis | str | None:
    with _lock:
        return _results.get(key)


def _keep(key: Key, result: Analysis | str) -> None:
    with _lock:
        _results[key] = result
        _results.move_to_end(key)
        while len(_results) > KEPT:
            _results.popitem(last=False)


def only_class(run: str, cohort: str) -> str | None:
    """Return the one class of a cohort's training split; None where it has several, or none at all."""
    known = _known(run, cohort)
    classes = known.scans["class"].iloc[known.indices("train")].dropna().unique()
    return str(classes[0]) if len(classes) == 1 else None


def size_note(found: LdaResult) -> str | None:
    """Say when so few images were predicted that their figures mean little."""
    count, one = len(found.test.rows), found.test.dataset.grid.noun
    if count >= FEW_SCANS:
        return None
    return (
        f"Only {counted(count, one)} {noun(count, 'was', 'were')} predicted, so these estimates are imprecise; see "
        f"their intervals. 'Disease or scanner?' shows results on many more {one}s."
    )


def fit_note(found: LdaResult) -> str | None:
    """Say what it means that one image of each person is fitted, where only the codes of people are known."""
    if not isinstance(found.train.dataset, TrainingCodes):
        return None
    one = found.test.dataset.grid.noun
    return (
        f"Fitted on one {one} of each of {counted(len(found.train.rows), 'person', 'people')}. Fitted on all their "
        f"{one}s, as in docs/results.md, it predicts classes of many visits per person more often, such as multiple "
        "sclerosis."
    )


def _key(run: str, cohort: str, predict: str | None, priors: str) -> Key:
    target = resources.cohort(predict).sha256 if predict else None
    return (run, resources.run(run).sha256, cohort, _known(run, cohort).sha256, predict, target, priors)


def _known(run: str, cohort: str) -> Known:
    """Return whom an LDA is fitted on; InputError where a run keeps no codes of its people."""
    if cohort != OWN_PEOPLE:
        return resources.cohort(cohort)
    found = resources.training_codes(run)
    if found is None:
        raise InputError(f"{run} keeps no codes of the people it was trained on; fit on a cohort")
    return found


class Comparison:
    """Every run on every cohort of its grid, each on its own test split."""

    def pairs(self) -> list[tuple[str, str]]:
        """All (run, cohort) that fit together."""
        return [
            (name, data)
            for name, run in resources.runs_that("encode", "walk").items()
            for data in resources.fitting(run)
        ]

    def missing(self) -> list[tuple[str, str]]:
        """The pairs that were not tried in this server."""
        return [pair for pair in self.pairs() if _kept(_key(*pair, None, "empirical")) is None]

    def run_missing(self) -> Iterator[tuple[float, int, str]]:
        """Analyse what is missing; yields share done, total and what comes next, before each.

        Of a pair that cannot be analysed the reason is kept for the table, and the next one follows.
        """
        waiting = self.missing()
        for number, (run, cohort) in enumerate(waiting):
            yield number / len(waiting), len(waiting), f"{run} on {cohort}: {number + 1}"
            try:
                analysis(run, cohort, None, "empirical")
            except BrainlabError as error:
                _keep(_key(run, cohort, None, "empirical"), str(error))

    def table(self) -> pd.DataFrame:
        """One row a pair: accuracies of the codes, with the acquisition regressed out, and of the baselines.

        Where a pair could not be analysed, a last column says why.
        """
        rows: list[dict[str, Any]] = []
        for run, cohort in self.pairs():
            known = _kept(_key(run, cohort, None, "empirical"))
            if not isinstance(known, Analysis):
                rows.append({"run": run, "cohort": cohort} | ({WHY_NOT: known} if known else {}))
                continue
            found = known.lda
            scores = {"codes": found.scores, "regressed out": found.without_acquisition}
            scores |= {title: found.baselines[name] for name, title in COLUMN_NAMES.items() if name != "majority"}
            values = {name: round(s.balanced_accuracy, 3) if s else None for name, s in scores.items()}
            rows.append(
                {
                    "run": run,
                    "cohort": cohort,
                    "images": len(found.test.rows),
                    "accuracy": round(found.scores.accuracy, 3),
                    **values,
                }
            )
        table = pd.DataFrame(rows)
        return table[[name for name in table if name != WHY_NOT] + [name for name in table if name == WHY_NOT]]


comparison = Comparison()
