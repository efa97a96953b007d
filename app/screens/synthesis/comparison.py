"""How far a synthesised scan is from the true one, as a table that a reader can follow."""

import pandas as pd
import streamlit as st

from app.components import layout
from app.components.translation_measures import MEANING, TRUE
from app.data import resources, translations
from app.data.translations import CohortVisit
from brainlab.errors import BrainlabError
from brainlab.runs.run import Run


def show(run: Run, visit: CohortVisit) -> None:
    """Show each measure of a visit with what it means."""
    st.subheader(f"Synthesised beside true {run.config.target}", anchor=False)
    try:
        with st.spinner("Comparing with the true image"):
            found = translations.measures(visit)
    except BrainlabError as error:
        st.error(str(error))
        return
    rows = [
        {
            "measure": title,
            "synthesised": _figure(found[name]),
            "true": _figure(found[TRUE[name]]) if name in TRUE else "",
            "what it means": meaning,
        }
        for name, (title, meaning) in MEANING.items()
    ]
    layout.table(
        pd.DataFrame(rows),
        f"{run.name}-{visit.cohort}-{visit.row}",
        "synthesis-measures",
        column_config=WIDTHS,
        height="content",
    )
    over = "the brain" if resources.cohort(visit.cohort).segmentations is not None else "the whole image"
    st.caption(f"Over {over} of this visit alone. `brainlab evaluate` measures all held-out scans.")


WIDTHS = {
    "measure": st.column_config.Column(width=170),
    "synthesised": st.column_config.Column(width=96),
    "true": st.column_config.Column(width=60),
}


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
