"""Tables of other papers beside a user's scores."""

import pandas as pd
import streamlit as st

from app.components import layout
from app.screens.leaderboard.columns import SHORT
from brainlab.evaluation.published import PUBLISHED, PublishedTable

DEVIATION = "_sd"


def show() -> None:
    """Show each published table with its source, as a reference."""
    st.markdown("Measured on **other data**, for reference: not a pass mark, and not to be ranked with your runs.")
    for number, table in enumerate(PUBLISHED):
        st.subheader(table.title, anchor=False)
        layout.table(printed(table), f"published-{number + 1}", f"leaderboard-published-{number}")
        st.caption(f"Other data, for reference: {table.data}. {table.source}. {table.note}")


def printed(table: PublishedTable) -> pd.DataFrame:
    """Return a published table for the screen: short titles, deviations beside their values."""
    names = [name for name in dict.fromkeys(n for row in table.rows for n in row) if not name.endswith(DEVIATION)]
    return pd.DataFrame(
        [
            {SHORT.get(name, name): _cell(row.get(name), row.get(name + DEVIATION)) for name in names}
            for row in table.rows
        ]
    )


def _cell(value: str | float | None, deviation: str | float | None) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value:,} ± {deviation:,}" if deviation is not None else f"{value:,}"
