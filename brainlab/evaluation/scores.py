"""Scores of several runs: read from their evaluations, ranked among those that were measured on the same images."""

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import pandas as pd

from brainlab.evaluation.registry import Better, metrics

BETTER: tuple[Better, ...] = ("higher", "lower", "none")

FEWEST_RANKED = 100
"""Samples below which no run is called the best: with fewer, chance can decide which value leads."""

COLUMNS = ("run", "data", "metric", "value", "sd", "low", "high", "n", "better", "settings")
"""Columns of `long_table`."""


@dataclass(frozen=True)
class Conditions:
    """What two runs must have in common for their scores to be comparable.

    data: name of the dataset, which does not count: its hash does. shape: sides of an image in voxels. real_scans,
    generated: how many were compared. None where an evaluation does not say.
    """

    data: str = field(compare=False)
    data_sha256: str
    shape: tuple[int, ...]
    real_scans: int | None
    generated: int | None
    seed: int | None

    @classmethod
    def of(cls, run: str, settings: Mapping[str, Any]) -> Self:
        """Read them from a metric's settings; data without a hash are nobody else's."""
        sha256, shape = settings.get("data_sha256"), settings.get("shape")
        known = isinstance(sha256, str) and bool(sha256)
        sides = shape if isinstance(shape, list) else []
        return cls(
            data=str(settings.get("data") or "unknown data"),
            data_sha256=str(sha256) if known else f"unknown, of {run}",
            shape=tuple(side for side in sides if isinstance(side, int)),
            real_scans=_whole(settings.get("real_scans")),
            generated=_whole(settings.get("generated")),
            seed=_whole(settings.get("seed")),
        )

    @property
    def enough(self) -> bool:
        """Whether so many samples were measured that runs may be ranked; not where their number is unknown."""
        return self.generated is not None and self.generated >= FEWEST_RANKED

    def __str__(self) -> str:
        counts = f"{_counted(self.real_scans)} real and {_counted(self.generated)} generated images"
        sides = f" of {' × '.join(map(str, self.shape))}" if self.shape else ""
        return f"{counts}{sides}, seed {'unknown' if self.seed is None else self.seed}"


@dataclass(frozen=True, kw_only=True)
class Score:
    """One metric of one run. value: None where it is undefined, for the reason `undefined`.

    sd, low, high, n: as in `Measurement`; None where an evaluation gives no finite number. better: as in the registry,
    or as the evaluation says of a metric that is not in it. conditions: what it was measured on.
    """

    run: str
    metric: str
    value: float | None
    sd: float | None
    low: float | None
    high: float | None
    n: int | None
    better: Better
    settings: Mapping[str, Any]
    conditions: Conditions
    undefined: str = ""

    @property
    def alike(self) -> tuple[Any, ...]:
        """What is equal for two scores that may be ranked: metric, data, numbers, seed, and the metric's own settings.

        The latter are those that the registry fixes, which differ where the runs were measured by different versions.
        """
        known = metrics().get(self.metric)
        own = sorted({*(known.settings if known else ()), "features", "network", "reference"} - {"caution"})
        fixed = json.dumps([self.settings.get(name) for name in own], default=str)
        return self.metric, self.conditions, self.n, fixed

    def part(self, name: str) -> "Score":
        """Return a number that the settings hold, such as `share_copies`, as a score of its own without direction."""
        value = _finite(self.settings.get(name))
        missing = self.undefined or "not in this evaluation; run 'brainlab evaluate' again"
        return Score(
            run=self.run,
            metric=f"{self.metric}: {name}",
            value=value,
            sd=None,
            low=None,
            high=None,
            n=self.n,
            better="none",
            settings=self.settings,
            conditions=self.conditions,
            undefined="" if value is not None else missing,
        )


def read_scores(run: str, evaluation: Mapping[str, Mapping[str, Any]]) -> dict[str, Score]:
    """Return the scores of a run by metric, in the registry's order, those that it does not know last.

    evaluation: what `brainlab evaluate` wrote. Values that are no finite numbers are undefined, and say so.
    """
    known = list(metrics())
    names = sorted(evaluation, key=lambda name: known.index(name) if name in known else len(known))
    settings = {name: _settings(evaluation[name]) for name in names}
    conditions = {name: Conditions.of(run, found) for name, found in settings.items()}
    return {name: _score(run, name, evaluation[name], settings[name], conditions[name]) for name in names}


def best(scores: Iterable[Score]) -> set[tuple[str, str]]:
    """Return (run, metric) of the best value among scores that are comparable (`Score.alike`), never across.

    A metric without a direction has no best value, nor have runs of fewer than 100 samples or that are all equal, nor a
    run alone. Values that agree in three digits, as tables show them, are equal.
    """
    groups: dict[tuple[Any, ...], list[tuple[float, Score]]] = defaultdict(list)
    for score in scores:
        if score.value is not None and score.better != "none" and score.conditions.enough:
            groups[score.alike].append((float(f"{score.value:.3g}"), score))
    found = set()
    for group in groups.values():
        values = [value for value, _ in group]
        if min(values) < max(values):
            wanted = max(values) if group[0][1].better == "higher" else min(values)
            found |= {(score.run, score.metric) for value, score in group if value == wanted}
    return found


def long_table(scores: Iterable[Score]) -> pd.DataFrame:
    """Return one row a run and metric, with COLUMNS; settings as JSON, and empty cells for what is undefined."""
    rows = [
        {
            **{name: getattr(score, name) for name in COLUMNS if name not in ("data", "settings")},
            "data": score.conditions.data,
            "settings": json.dumps(score.settings, ensure_ascii=False),
        }
        for score in scores
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _score(run: str, name: str, entry: Mapping[str, Any], settings: Mapping[str, Any], conditions: Conditions) -> Score:
    value = _finite(entry.get("value"))
    return Score(
        run=run,
        metric=name,
        value=value,
        sd=_finite(entry.get("sd")),
        low=_finite(entry.get("low")),
        high=_finite(entry.get("high")),
        n=_whole(entry.get("n")),
        better=_better(name, entry),
        settings=settings,
        conditions=conditions,
        undefined="" if value is not None else _reason(entry, settings),
    )


def _better(name: str, entry: Mapping[str, Any]) -> Better:
    if (known := metrics().get(name)) and entry.get("better") != "none":
        return known.better
    return next((way for way in BETTER if way == entry.get("better")), "none")


def _reason(entry: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    if entry.get("value") is not None:
        return f"needs a finite number, got {entry['value']!r:.40}; run 'brainlab evaluate' again"
    return str(settings.get("undefined") or "the evaluation gives no reason")


def _settings(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    found = entry.get("settings")
    return found if isinstance(found, dict) else {}


def _finite(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and abs(value) <= sys.float_info.max else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _counted(number: int | None) -> str:
    return "an unknown number of" if number is None else f"{number:,}"
