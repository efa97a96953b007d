"""The tables that pages show, as data frames."""

from typing import Any

import pandas as pd
import streamlit as st

from app.components.plots import by_class, column, numbers
from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.analysis.discrimination import LdaResult
from brainlab.latent.published import TABLE_1, TABLE_2

BASELINE_NAMES = {
    "pca_64": "LDA on 64 voxel principal components",
    "signal_threshold": "bright-signal threshold",
    "acquisition_metadata": "acquisition parameters alone",
    "majority": "majority class",
}

COLUMN_NAMES = {
    "pca_64": "64 components",
    "signal_threshold": "threshold",
    "acquisition_metadata": "acquisition",
    "majority": "majority",
}
"""The baselines as titles of narrow columns."""

PER_CLASS_COLUMNS = {
    "class": st.column_config.Column(width=66),
    **{name: st.column_config.Column(width=45) for name in ("FP", "FN", "TP", "TN")},
    "precision": st.column_config.Column(width=124),
    "recall": st.column_config.Column(width=124),
    "paper: precision": st.column_config.Column("paper: prec.", width=90),
    "paper: recall": st.column_config.Column(width=98),
    "paper: FP/FN/TP/TN": st.column_config.Column("paper: counts", width=106, help="FP/FN/TP/TN"),
}
"""Widths in CSS pixels with which `per_class` fits a window of 1280."""

NARROW: dict[str, Any] = {
    "participant": st.column_config.Column(width=128),
    "slice": st.column_config.Column(width=40),
    "class": st.column_config.Column(width=64),
    "age_years": st.column_config.NumberColumn("age", help="years", format="%.0f", width=44),
    "sex": st.column_config.Column(width=40),
    "split": st.column_config.Column(width=48),
}
"""Columns of scans beside a viewer, where there is little room."""


def demographics(dataset: PreparedDataset) -> pd.DataFrame:
    """Scans or slices, people, age and sex of each class, with table 1 of the FLAIR IntroVAE paper beside."""
    rows = []
    for label, part in by_class(dataset.scans).items():
        published = TABLE_1.get(label)
        people = part.drop_duplicates("participant")
        ages, sexes = numbers(part, "age_years"), column(people, "sex")
        rows.append(
            {
                "class": label,
                "participants": len(people),
                f"{dataset.grid.noun}s": len(part),
                "age (years)": _spread(ages.mean(), ages.std()),
                "female": f"{(sexes == 'F').mean():.0%}" if sexes.notna().any() else "",
                "train": int((part["split"] == "train").sum()),
                "test": int((part["split"] == "test").sum()),
                "paper: participants": f"{published['participants']:,}" if published else "",
                "paper: scans": f"{published['scans']:,}" if published else "",
                "paper: age": _spread(published["age_mean_years"], published["age_sd_years"]) if published else "",
            }
        )
    return pd.DataFrame(rows)


def per_class(result: LdaResult, without_acquisition: bool) -> pd.DataFrame:
    """One class against the rest, with table 2 of the FLAIR IntroVAE paper beside."""
    scores = result.without_acquisition if without_acquisition else result.scores
    if scores is None:
        return pd.DataFrame()
    rows = []
    for label, found in scores.per_class().items():
        published: dict[str, Any] = TABLE_2.get(label, {})
        rows.append(
            {
                "class": label,
                **{name.upper(): found[name] for name in ("fp", "fn", "tp", "tn")},
                "precision": _with_interval(found["precision"], found["precision_interval"]),
                "recall": _with_interval(found["recall"], found["recall_interval"]),
                "paper: precision": published.get("precision"),
                "paper: recall": published.get("recall"),
                "paper: FP/FN/TP/TN": "/".join(str(published[name]) for name in ("fp", "fn", "tp", "tn"))
                if published
                else "",
            }
        )
    return pd.DataFrame(rows)


def accuracy_rows(result: LdaResult) -> pd.DataFrame:
    """Balanced accuracy and accuracy of the latents and of every baseline, with intervals."""
    rows = [("LDA on the latent codes", result.scores, True)]
    if result.without_acquisition is not None:
        rows.append(("the same, acquisition regressed out", result.without_acquisition, True))
    rows += [(BASELINE_NAMES.get(name, name), scores, False) for name, scores in result.baselines.items() if scores]
    found = []
    for what, scores, ours in rows:
        low, high = scores.intervals()["balanced_accuracy"]
        found.append(
            {
                "what": what,
                "accuracy": scores.accuracy,
                "balanced accuracy": scores.balanced_accuracy,
                "low": low,
                "high": high,
                "ours": ours,
            }
        )
    return pd.DataFrame(found)


def _spread(mean: float, sd: float) -> str:
    return f"{mean:.0f} ± {sd:.0f}" if mean == mean and sd == sd else ""


def _with_interval(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None or interval is None:
        return "–"
    return f"{value:.2f} ({interval[0]:.2f}–{interval[1]:.2f})"
