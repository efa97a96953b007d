"""Leaderboard: how do the runs compare, metric by metric, and on which data?"""

import streamlit as st

from app.components import layout
from app.data import resources
from app.screens.leaderboard import differences, metric_settings, realism, references, score_table, synthesis
from app.screens.leaderboard.evaluations import read_evaluations, say_unmeasured


def show() -> None:
    """Show all scores, what they mean, and what has none yet."""
    runs, translators = (resources.runs_that(ability) for ability in ("sample", "translate"))
    found = read_evaluations(runs)
    layout.head(
        "Leaderboard",
        "How do the runs compare: are their images realistic, diverse, and no copies?",
        layout.badges(*(run.origin for run in (*runs.values(), *translators.values()))),
    )
    layout.unopened(run=resources.unopened_runs())
    for line in found.damaged:
        st.caption(f":orange[:material/warning:] {line}")
    if not runs and not translators:
        layout.empty("No run is here to be compared.", "Train one.", layout.TRAIN)
        return
    parts = {"Published tables": references.show}
    if translators:
        parts = {"Synthesis": lambda: synthesis.show(translators), **parts}
    if found.measured:
        score_table.show(found)
        parts = {
            "Realism and diversity": lambda: realism.show(found),
            "Two runs": lambda: differences.show(found),
            "One metric": lambda: metric_settings.show(found),
            "Undefined values": lambda: metric_settings.undefined(found),
            **parts,
        }
    say_unmeasured(found)
    layout.tabs("leaderboard-tabs" if found.measured else "leaderboard-tabs-rest", parts)
