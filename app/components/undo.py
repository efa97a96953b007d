"""A heading with two buttons that undo what was changed in the widgets below it, step by step or all of it."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

MOST_UNDONE = 50


def show(title: str, name: str, key: str, now: Mapping[str, Any], start: Mapping[str, Any]) -> None:
    """Show the heading with its buttons.

    name: of the buttons. key: of what is changed; another one has a past of its own.
    now, start: values of the widgets, by their keys, and those that a reset brings back.
    """
    past: list[dict[str, Any]] = st.session_state.setdefault(f"undo-{key}", [])
    if not past or past[-1] != now:
        past.append(dict(now))
        del past[:-MOST_UNDONE]

    def undo() -> None:
        past.pop()
        st.session_state.update(past[-1])

    st.markdown(f"**{title}**", width="stretch")
    st.button(
        "Undo", icon=":material/undo:", type="tertiary", key=f"{name}-undo", on_click=undo, disabled=len(past) < 2
    )
    st.button(
        "Reset", icon=":material/restart_alt:", type="tertiary", key=f"{name}-reset",
        on_click=lambda: st.session_state.update(start), disabled=all(now[each] == start[each] for each in start),
    )  # fmt: skip
