"""The chosen scan of the LDA page: what it is taken for, how it looks, and which scans are most like it."""

import pandas as pd
import streamlit as st

from app.components import layout, scan_choice
from app.components.plots import numbers
from app.components.volume_viewer import Panel, volume_viewer
from app.data import resources
from app.data.volumes import Reconstruction, Scan
from app.screens.lda import lda_plots
from app.screens.lda.selected_scan import Named
from brainlab.experiments.analysis.discrimination import LdaResult
from brainlab.experiments.analysis.verdicts import Verdict, neighbours, verdict

NEIGHBOURS = 4
TOGETHER = "lda-scans"
"""The chosen scan, its reconstruction and its neighbours share crosshair, window and zoom."""


def show_verdict(found: Verdict, key: str, title: str = "") -> None:
    """Say what a scan is taken for and how probable each class is."""
    outcome = "right" if found.right else ":orange[wrong]"
    st.markdown(f"{title}True class **{found.label}** · predicted **{found.predicted}**, {outcome}")
    layout.plot(lda_plots.posteriors(found), key)
    if found.fitted:
        st.caption("The LDA was fitted on this scan, so a correct prediction is weak evidence.")


def show_chosen(run: str, result: LdaResult, scan: Named) -> None:
    """Show the chosen scan beside its reconstruction, with the posterior probability of each class."""
    st.markdown(f"**{scan_choice.describe(*scan)}**")
    show_verdict(verdict(result, *scan), "lda-posteriors")
    volume_viewer(
        [
            Panel(Scan(*scan), title="Scan"),
            Panel(Reconstruction(run, *scan), title="Reconstruction"),
        ],
        key="lda-scan",
        group=TOGETHER,
        layout="column",
        toolbar=False,
        readout=False,
    )


def show_neighbours(result: LdaResult, scan: Named) -> None:
    """Show the nearest scans of other participants."""
    near = neighbours(result, *scan, NEIGHBOURS)
    st.subheader("Nearest scans of other participants", anchor=False)
    panels, rows = [], []
    for number, (found, distance) in enumerate(near, start=1):
        dataset = resources.cohort(found.dataset)
        age = numbers(dataset.scans, "age_years").iloc[found.row]
        title = f"{number} · {found.label}" + (f", {age:.0f} y" if age == age else "")
        panels.append(Panel(Scan(found.dataset, found.row), title=title))
        rows.append(
            {
                "no.": number,
                "class": found.label,
                "predicted": found.predicted,
                "prediction": "right" if found.right else "wrong",
                "distance": f"{distance:.2f}",
                "age (years)": round(age) if age == age else None,
                "participant": found.participant,
                "used for fitting": "yes" if found.fitted else "no",
            }
        )
    volume_viewer(panels, key="lda-neighbours", group=TOGETHER, layout="column", toolbar=False, readout=False)
    layout.table(pd.DataFrame(rows), "neighbours", "lda-neighbours")
    st.caption(
        "Distance: Mahalanobis, with the LDA's own within-class covariance, along all its discriminant axes: a "
        "prediction depends on nothing else. So these are the brains that the LDA takes to be most like the chosen "
        "one, whatever else differs. One scan a person."
    )
