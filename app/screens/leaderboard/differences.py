"""Two runs that were measured alike: the difference in each metric, and whether chance explains it."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.components import layout
from app.screens.leaderboard.columns import SHORT
from app.screens.leaderboard.evaluations import Evaluated, Evaluations
from app.screens.leaderboard.score_table import DASH, rounded
from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.evaluation.registry import metrics
from brainlab.experiments.evaluation.compare_runs import NO_MEAN, NO_VALUES, Comparison, Difference, compare_runs
from brainlab.runs.run import Run

READ = (
    "**Difference**: the first run less the second, with its bootstrap interval: of held-out scans by pairs and "
    "person, of samples by sample. **Better**: named only where the interval excludes 0 and the metric has a "
    f"direction. {DASH}: the metric is no mean over single images, so that resampling them says nothing. "
    "Each interval holds for its metric alone: of twenty, one excludes 0 by chance."
)


def show(found: Evaluations) -> None:
    """Let two runs of one group be chosen and show their differences."""
    groups = partners(list(found.measured.values()))
    if not groups:
        layout.empty(
            "No two runs were measured alike.", "Evaluate two runs on the same scans, with the same --n and --seed."
        )
        return
    with st.container(horizontal=True, gap="medium"):
        first = st.selectbox("First run", list(groups), key="leaderboard-first", width=320)
        second = st.selectbox("Second run", groups[first], key="leaderboard-second", width=320)
    run, other = (found.measured[name].run for name in (first, second))
    try:
        compared = _compared(run, other, _stamp(run), _stamp(other))
    except InputError as error:
        st.caption(f":orange[:material/warning:] {error}")
        return
    layout.table(differences_table(compared.differences, first, second), "differences", "leaderboard-differences")
    for gap in compared.gaps:
        st.caption(f":orange[:material/warning:] No intervals. {gap}")
    st.caption(READ)


def partners(measured: Sequence[Evaluated]) -> dict[str, list[str]]:
    """Return for each run those that were measured on the same images; runs that are alone are left out."""
    names = {
        one.run.name: [other.run.name for other in measured if other is not one and other.conditions == one.conditions]
        for one in measured
    }
    return {name: others for name, others in names.items() if others}


def differences_table(differences: Sequence[Difference], first: str, second: str) -> pd.DataFrame:
    """Return a row a metric that both have a value of, those with an interval first."""
    shown = [one for one in differences if one.difference is not None]
    known = metrics()
    return pd.DataFrame(
        [
            {
                "metric": known[one.metric].title if one.metric in known else SHORT.get(one.metric, one.metric),
                first: rounded(one.value),
                second: rounded(one.other),
                "difference": signed(one.difference),
                "95% interval": _interval(one),
                "better": {"run": first, "other": second, None: ""}[one.lead],
                "n": _counted(one),
            }
            for one in sorted(shown, key=lambda one: one.low is None)
            if one.value is not None and one.other is not None and one.difference is not None
        ]
    )


def signed(value: float) -> str:
    """Write a number with its sign."""
    return f"+{rounded(value)}" if value > 0 else rounded(value)


def _interval(one: Difference) -> str:
    if one.low is None or one.high is None:
        return DASH if one.reason in (None, NO_MEAN, NO_VALUES) else one.reason.removeprefix("no interval: ")
    return f"{signed(one.low)} to {signed(one.high)}"


def _counted(one: Difference) -> str:
    images = DASH if one.n is None else f"{one.n:,}"
    return f"{images} ({counted(one.people, 'person', 'people')})" if one.people is not None else images


def _stamp(run: Run) -> str:
    """Name a state of a run's evaluation, so that a new one is compared afresh."""
    file = run.evaluation_file
    return "" if file is None else f"{run.sha256} {file.stat().st_mtime_ns}"


@st.cache_data(max_entries=32, show_spinner=False)
def _compared(_run: Run, _other: Run, first: str, second: str) -> Comparison:
    return compare_runs(_run, _other)
