"""One metric in full: what it is, which way is better, and every setting of each run; why values are undefined."""

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app.components import layout
from app.screens.leaderboard.columns import WAYS, columns
from app.screens.leaderboard.evaluations import Evaluated, Evaluations
from app.screens.leaderboard.score_table import DASH, rounded
from brainlab.evaluation.registry import metrics
from brainlab.evaluation.scores import Score


def show(found: Evaluations) -> None:
    """Let a metric be chosen and show all that is known of it."""
    measured = list(found.measured.values())
    names = list(dict.fromkeys(name for one in measured for name in one.scores))
    known = metrics()
    name = st.selectbox(
        "Metric",
        names,
        format_func=lambda n: f"{known[n].title} ({n})" if n in known else n,
        key="leaderboard-metric",
        width=480,
    )
    scores = [one.scores[name] for one in measured if name in one.scores]
    st.markdown(described(name, scores))
    layout.table(settings_table(scores), f"leaderboard-{name}", "leaderboard-settings")


def described(name: str, scores: Sequence[Score]) -> str:
    """Say what a metric is, where it comes from, which way is better, and what to be careful of."""
    metric = metrics().get(name)
    lines = [metric.definition if metric else "This version does not know the metric."]
    if metric and metric.source:
        lines.append(f"Source: {metric.source}.")
    lines.append(WAYS[scores[0].better])
    cautions = dict.fromkeys(str(found) for score in scores if (found := score.settings.get("caution")))
    return "  \n".join([*lines, *(f":orange[:material/warning:] {caution}" for caution in cautions)])


def settings_table(scores: Sequence[Score]) -> pd.DataFrame:
    """Return one row a setting and one column a run, below value, deviation, interval and number."""
    numbers = {
        score.run: {
            "value": DASH if score.value is None else rounded(score.value),
            "standard deviation": _number(score.sd),
            "95% interval": f"{_number(score.low)} to {_number(score.high)}" if score.low is not None else "",
            "n": "" if score.n is None else f"{score.n:,}",
            **({"undefined": score.undefined} if score.undefined else {}),
        }
        for score in scores
    }
    settings = {
        score.run: {
            name: _cell(value) for name, value in score.settings.items() if name not in ("caution", "undefined")
        }
        for score in scores
    }
    rows = [name for part in (numbers, settings) for found in part.values() for name in found if found[name]]
    return pd.DataFrame(
        [
            {"setting": name, **{run: (numbers[run] | settings[run]).get(name, "") for run in numbers}}
            for name in dict.fromkeys(rows)
        ]
    )


def undefined(found: Evaluations) -> None:
    """List every value that is undefined, with its reason; alike runs in one line."""
    table = reasons(list(found.measured.values()))
    if table.empty:
        st.caption("Every metric is defined for every run.")
        return
    layout.text_table(table, "leaderboard-undefined", "leaderboard-undefined")


def reasons(measured: Sequence[Evaluated]) -> pd.DataFrame:
    """Return metric, reason, and the runs that it holds for."""
    runs: dict[tuple[str, str], list[str]] = {}
    for found in measured:
        for column in columns(measured).values():
            score = column.score(found)
            if score and score.value is None:
                runs.setdefault((column.title, score.undefined), []).append(score.run)
    every = len(measured)
    rows = [
        {"metric": metric, "why undefined": reason, "runs": "all" if len(names) == every else ", ".join(names)}
        for (metric, reason), names in runs.items()
    ]
    return pd.DataFrame(rows)


def _number(value: float | None) -> str:
    return "" if value is None else rounded(value)


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
