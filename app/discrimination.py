"""LDA results for pages: computed once for a run, a cohort and settings, and compared over all of them."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, cast

import pandas as pd

from app import resources
from brainlab.experiments.analysis import LdaResult, lda_analysis

Key = tuple[str, str, str, str, str | None, str | None, str]


def analysis(run: str, cohort: str, predict: str | None, priors: str) -> LdaResult:
    """Fit LDA on a run's codes of a cohort and predict its test split, or the whole of another cohort."""
    return _analysis(_key(run, cohort, predict, priors))


@lru_cache(maxsize=32)
def _analysis(key: Key) -> LdaResult:
    run, _, cohort, _, predict, _, priors = key
    target = resources.cohort(predict) if predict else None
    found = lda_analysis(resources.run(run), resources.cohort(cohort), target, priors=cast(Any, priors))
    _done[key] = found
    return found


_done: dict[Key, LdaResult] = {}


def _key(run: str, cohort: str, predict: str | None, priors: str) -> Key:
    target = resources.cohort(predict).sha256 if predict else None
    return (run, resources.run(run).sha256, cohort, resources.cohort(cohort).sha256, predict, target, priors)


class Comparison:
    """Every run on every cohort of its grid, each on its own test split."""

    def pairs(self) -> list[tuple[str, str]]:
        """All (run, cohort) that fit together."""
        return [(name, data) for name, run in resources.runs().items() for data in resources.fitting(run)]

    def missing(self) -> list[tuple[str, str]]:
        """The pairs without a result in this server."""
        return [pair for pair in self.pairs() if _key(*pair, None, "empirical") not in _done]

    def run_missing(self) -> Iterator[tuple[float, int, str]]:
        """Analyse what is missing; yields share done, total and what comes next, before each."""
        waiting = self.missing()
        for number, (run, cohort) in enumerate(waiting):
            yield number / len(waiting), len(waiting), f"{run} on {cohort}: {number + 1}"
            analysis(run, cohort, None, "empirical")

    def table(self) -> pd.DataFrame:
        """One row a pair: accuracies of the codes, with the acquisition regressed out, and of the baselines."""
        rows: list[dict[str, Any]] = []
        for run, cohort in self.pairs():
            found = _done.get(_key(run, cohort, None, "empirical"))
            if found is None:
                rows.append({"run": run, "cohort": cohort})
                continue
            scores = {
                "balanced accuracy": found.scores,
                "acquisition regressed out": found.without_acquisition,
                "64 voxel components": found.baselines["pca_64"],
                "signal threshold": found.baselines["signal_threshold"],
                "acquisition alone": found.baselines["acquisition_metadata"],
            }
            values = {name: round(s.balanced_accuracy, 3) if s else None for name, s in scores.items()}
            rows.append(
                {
                    "run": run,
                    "cohort": cohort,
                    "test scans": len(found.test.rows),
                    "accuracy": round(found.scores.accuracy, 3),
                    **values,
                }
            )
        return pd.DataFrame(rows)


comparison = Comparison()
