"""How far and how fast readers are, seen live at the study desk. Never an answer."""

from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from brainlab.counted import counted
from brainlab.reading.desk import lifecycle
from brainlab.reading.desk.pace import Pace, study_pace

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


@st.fragment(run_every=5)
def progress(folder: Path) -> None:
    """Show how far each reader is, at what pace and whether now, and nothing of what they answered."""
    for reader, pace in zip(lifecycle.study_status(folder).readers, study_pace(folder), strict=True):
        done = reader.done == reader.total
        state = "finished" if done else "reading" if reader.started_at else "not started"
        label = f"**{reader.reader}** · {reader.done} of {reader.total} · {'withdrawn' if reader.withdrawn else state}"
        if reader.round > 1:
            label += f" · reading {reader.round}"
        if pace.open_now and not reader.withdrawn:
            label += " · :green-badge[open now]"
        st.progress(reader.done / max(reader.total, 1), label)
        if told := describe(pace):
            st.caption(told)


def describe(pace: Pace) -> str:
    """Say in one line when a reader was last seen, how fast they read, how often they rested and what is left."""
    if pace.last_seen is None:
        return ""
    away = (datetime.now(UTC) - datetime.fromisoformat(pace.last_seen)).total_seconds()
    parts = [f"last seen {'just now' if away < MINUTE_S else span(away) + ' ago'}"]
    if pace.seconds_per_case is not None:
        parts.append(f"{pace.seconds_per_case:g} s per case (median)")
    parts += [counted(count, word) for count, word in ((pace.breaks, "break"), (pace.pauses, "pause")) if count]
    if pace.left_s is not None:
        parts.append(f"about {span(pace.left_s)} left")
    return " · ".join(parts)


def span(seconds: float) -> str:
    """Say a length of time in its largest unit: 40 s, 3 min, 2 h, 5 days."""
    if seconds < MINUTE_S:
        return f"{round(seconds)} s"
    if seconds < HOUR_S:
        return f"{round(seconds / MINUTE_S)} min"
    if seconds < DAY_S:
        return f"{round(seconds / HOUR_S)} h"
    return counted(round(seconds / DAY_S), "day")
