"""LDA results of the shipped runs on whole held-out cohorts, computed before release."""

from typing import Any

import pandas as pd

from app.components.tables import COLUMN_NAMES
from app.data import resources
from brainlab.counted import counted
from brainlab.runs.shipped import read_lda

CODES, REGRESSED, VOXELS, ACQUISITION = (
    "latent codes",
    "acquisition regressed out",
    "64 voxel components",
    "acquisition alone",
)
COHORTS = ("unbiased", "biased")
"""Names of the two cohorts: scanner and disease unrelated, and tied to each other."""


def every_run() -> pd.DataFrame:
    """Balanced accuracies, one row a cohort and run; empty if nothing was stored."""
    rows: list[dict[str, Any]] = []
    for name, run in resources.runs().items():
        for cohort, found in read_lda(run).items():
            parts = {"codes": found, "regressed out": found["without_acquisition"]}
            parts |= {COLUMN_NAMES.get(key, key): part for key, part in found["baselines"].items()}
            values = {title: _rounded(part["balanced_accuracy"]) for title, part in parts.items()}
            images = found["settings"]["predicted"]["scans"]
            rows.append({"cohort": cohort, "run": name, "test images": images, **values})
    rows.sort(key=lambda row: COHORTS.index(row["cohort"]) if row["cohort"] in COHORTS else len(COHORTS))
    return pd.DataFrame(rows)


def one_run(run: str) -> pd.DataFrame:
    """One run on the unbiased and on the biased cohort; empty unless its weights were measured on both.

    Columns: cohort, what (codes, codes with the acquisition regressed out, voxel components, acquisition alone),
    balanced accuracy, low, high (95%), chance (of always naming one class), scans, people.
    """
    measured = read_lda(resources.run(run))
    cohorts = {cohort: measured[cohort] for cohort in COHORTS if cohort in measured}
    if len(cohorts) < len(COHORTS):
        return pd.DataFrame()
    rows = []
    for cohort, found in cohorts.items():
        parts = {
            CODES: found,
            REGRESSED: found["without_acquisition"],
            VOXELS: found["baselines"]["pca_64"],
            ACQUISITION: found["baselines"]["acquisition_metadata"],
        }
        for what, part in parts.items():
            low, high = part["balanced_accuracy_interval"]
            rows.append(
                {
                    "cohort": cohort,
                    "what": what,
                    "balanced accuracy": part["balanced_accuracy"],
                    "low": low,
                    "high": high,
                    "chance": found["baselines"]["majority"]["balanced_accuracy"],
                    "scans": found["settings"]["predicted"]["scans"],
                    "people": found["settings"]["predicted"]["participants"],
                }
            )
    return pd.DataFrame(rows)


def disease_or_scanner(rows: pd.DataFrame) -> str:
    """Answer in words whether it is disease or the scanner that tells the classes apart; rows: `one_run`."""
    chance = float(rows["chance"].iloc[0])
    by = {(row["cohort"], row["what"]): row for _, row in rows.iterrows()}
    free, bound = by["unbiased", ACQUISITION], by["biased", ACQUISITION]
    codes, with_bias, left = by["unbiased", CODES], by["biased", CODES], by["biased", REGRESSED]
    return (
        f"**Scanner and disease unrelated:** acquisition alone reaches {_said(free)}, {_beside(free, chance)} "
        f"({chance:.2f}); the codes reach {_said(codes)}, {_beside(codes, chance)}. "
        + (
            "So they carry the disease, or what goes with it, such as age.\n\n"
            if codes["low"] > chance >= free["low"]
            else "So this does not show that they carry the disease.\n\n"
        )
        + f"**Scanner tied to disease:** acquisition alone reaches {_said(bound)}, {_compared(bound, with_bias)} the "
        f"codes' {_said(with_bias)}. With its linear effect regressed out the codes keep {_said(left)}, "
        f"{_beside(left, chance)} and {_compared(left, with_bias)} before. What is lost need not be the scanner's: "
        "where it is tied to the disease, disease goes with it."
    )


def side_by_side(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a way to tell the classes apart, one column a cohort; rows: `one_run`."""
    written = rows.assign(said=[_said(row) for _, row in rows.iterrows()])
    table = written.pivot(index="what", columns="cohort", values="said")
    return table.loc[list(dict.fromkeys(rows["what"])), ["unbiased", "biased"]].reset_index().rename_axis(columns=None)


def how(rows: pd.DataFrame, one: str) -> str:
    """Say on how many people the figures of `one_run` rest. one: what one image of the run is called."""
    sizes = rows.drop_duplicates("cohort")
    counts = zip(sizes["scans"], sizes["people"], sizes["cohort"], strict=True)
    people = " and ".join(
        f"{counted(scans, one)} of {counted(people, 'participant')} ({cohort})" for scans, people, cohort in counts
    )
    return (
        f"Balanced accuracy with its 95% interval, empirical priors, on {people}, held out; simulated. "
        "Measured before shipping: docs/results.md."
    )


def _said(row: Any) -> str:
    return f"{row['balanced accuracy']:.2f} ({row['low']:.2f}–{row['high']:.2f})"


def _beside(row: Any, chance: float) -> str:
    if row["low"] > chance:
        return "above chance"
    return "below chance" if row["high"] < chance else "no better than chance"


def _compared(row: Any, other: Any) -> str:
    """Compare a figure with another's interval."""
    if row["balanced accuracy"] < other["low"]:
        return "less than"
    return "more than" if row["balanced accuracy"] > other["high"] else "about as much as"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
