"""Leaderboard: how do the runs compare, metric by metric, and on which data?"""

import streamlit as st

from app.components import layout
from app.data import resources
from app.screens.leaderboard import differences, metric_settings, realism, references, score_table
from app.screens.leaderboard.evaluations import Evaluations, command, read_evaluations

SHOWN_COMMANDS = 8


def show() -> None:
    """Show all scores, what they mean, and what has none yet."""
    runs = resources.runs_that("sample")
    found = read_evaluations(runs)
    layout.head(
        "Leaderboard",
        "How do the runs compare: are their images realistic, diverse, and no copies?",
        layout.badges(*(run.origin for run in runs.values())),
    )
    layout.unopened(run=resources.unopened_runs())
    for line in found.damaged:
        st.caption(f":orange[:material/warning:] {line}")
    if not runs:
        layout.empty("No run is here to be compared.", "Train one.", layout.TRAIN)
        return
    parts = {"Published tables": references.show}
    if found.measured:
        score_table.show(found)
        parts = {
            "Realism and diversity": lambda: realism.show(found),
            "Two runs": lambda: differences.show(found),
            "One metric": lambda: metric_settings.show(found),
            "Undefined values": lambda: metric_settings.undefined(found),
            **parts,
        }
    _not_measured(found)
    layout.tabs("leaderboard-tabs" if found.measured else "leaderboard-tabs-rest", parts)


def _not_measured(found: Evaluations) -> None:
    """Name the runs without scores, and how to measure them."""
    waiting = found.missing | found.outdated
    if not waiting:
        return
    commands = [command(run) for run in list(waiting.values())[:SHOWN_COMMANDS]]
    if len(waiting) > len(commands):
        commands.append(f"# and {len(waiting) - len(commands)} more")
    said = []
    if found.missing:
        said.append(f"Not evaluated: {', '.join(found.missing)}.")
    if found.outdated:
        said.append(f"Trained on since they were evaluated: {', '.join(found.outdated)}.")
    layout.empty(" ".join(said), "Measure on scans that the run was not trained on:", "\n".join(commands))
