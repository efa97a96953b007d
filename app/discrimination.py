"""LDA results for pages: computed once for a run, a cohort and settings, and compared over all of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import pandas as pd

from app import resources
from app.tables import BASELINE_NAMES, accuracy_rows
from brainlab.experiments.analysis import LdaResult, lda_analysis
from brainlab.workspace import PROJECT

RESULTS = PROJECT / "docs" / "results.json"

FEW_SCANS = 100

Key = tuple[str, str, str, str, str | None, str | None, str]


@dataclass(frozen=True)
class Analysis:
    """An LDA and, since their intervals take a while, its accuracies beside the baselines'."""

    lda: LdaResult
    accuracies: pd.DataFrame


def analysis(run: str, cohort: str, predict: str | None, priors: str) -> Analysis:
    """Fit LDA on a run's codes of a cohort and predict its test split, or the whole of another cohort."""
    return _analysis(_key(run, cohort, predict, priors))


@lru_cache(maxsize=32)
def _analysis(key: Key) -> Analysis:
    run, _, cohort, _, predict, _, priors = key
    target = resources.cohort(predict) if predict else None
    found = lda_analysis(resources.run(run), resources.cohort(cohort), target, priors=cast(Any, priors))
    _done[key] = Analysis(found, accuracy_rows(found))
    return _done[key]


_done: dict[Key, Analysis] = {}


def size_note(found: LdaResult) -> str | None:
    """Say when so few scans were predicted that their figures mean little."""
    if len(found.test.rows) >= FEW_SCANS:
        return None
    return (
        f"Only {len(found.test.rows)} scans were predicted, so these figures are rough: look at their intervals. "
        "'All runs and cohorts' shows what was measured on many more."
    )


def stored() -> pd.DataFrame:
    """Balanced accuracies of the shipped runs on whole unseen cohorts, as measured before shipping; empty if absent."""
    if not RESULTS.is_file():
        return pd.DataFrame()
    rows: list[dict[str, Any]] = []
    for cohort, runs in json.loads(RESULTS.read_text())["lda"].items():
        for run, found in runs.items():
            parts = {"latent codes": found, "acquisition regressed out": found["without_acquisition"]}
            parts |= {BASELINE_NAMES.get(name, name): part for name, part in found["baselines"].items()}
            values = {name: _rounded(part["balanced_accuracy"]) for name, part in parts.items()}
            rows.append({"cohort": cohort, "run": run, "test scans": found["settings"]["predicted"]["scans"], **values})
    return pd.DataFrame(rows)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


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
            known = _done.get(_key(run, cohort, None, "empirical"))
            if known is None:
                rows.append({"run": run, "cohort": cohort})
                continue
            found = known.lda
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
