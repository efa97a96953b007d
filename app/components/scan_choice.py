"""Labels of the scans of a cohort, and the widgets that choose one."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import pandas as pd
import streamlit as st

from app.components.plots import column, numbers
from app.data import resources
from brainlab.cohort.scan_table import UNLABELLED
from brainlab.cohort.views import SLICE
from brainlab.counted import counted

MOST_OPTIONS = 300
"""Scans that a select box offers: it sends all its options with every rerun, and nobody scrolls through more."""


def describe(cohort: str, row: int) -> str:
    """Name a scan: participant, visit where there are several, class, age, split. No two of a cohort share a name."""
    return _names(cohort)[row]


def pick_scan(
    cohort: str, key: str, label: str | None = None, skip: int = 0, order: Sequence[int] | None = None
) -> int:
    """Show a select box of a cohort's test scans, then the others, and return the chosen row.

    A large cohort has a search field above, and the first MOST_OPTIONS scans found are offered. label: scan or
    slice where none is given. skip: which of them is chosen at first. order: of all rows, where it is another one.
    """
    names, rows, one = _names(cohort), order or _rows(cohort), resources.cohort(cohort).grid.noun
    label = label or one.capitalize()
    offered: Sequence[int] = rows
    large = len(rows) > MOST_OPTIONS
    if large:
        words = st.text_input(
            label,
            key=f"{key}-find",
            placeholder=f"find among {counted(len(rows), one)}",
            help=f"Words from participant, visit, class, age or split. The first {MOST_OPTIONS} matches are listed.",
        )
        found = matching(names, rows, words)
        offered = found[:MOST_OPTIONS]
        chosen = st.session_state.get(key)
        if isinstance(chosen, int) and chosen < len(names) and chosen not in offered:
            offered = [chosen, *offered]  # what was chosen stays so until another scan is
        if not found:
            st.caption(f":orange[:material/info:] No {one} matches '{words}'.")
            offered = offered or rows[:MOST_OPTIONS]
    return st.selectbox(
        label,
        offered,
        index=min(skip, len(offered) - 1),
        format_func=names.__getitem__,
        key=key,
        label_visibility="collapsed" if large else "visible",
    )


def matching(names: Sequence[str], rows: Sequence[int], words: str) -> list[int]:
    """Return those of the rows whose names hold all the words, in any order and case."""
    wanted = words.lower().split()
    return [row for row in rows if all(word in names[row].lower() for word in wanted)]


def _names(cohort: str) -> tuple[str, ...]:
    return _described(cohort, resources.cohort(cohort).sha256)


def _rows(cohort: str) -> tuple[int, ...]:
    return _ordered(cohort, resources.cohort(cohort).sha256)


@lru_cache(maxsize=32)
def _described(cohort: str, sha256: str) -> tuple[str, ...]:
    """Name every scan of a cohort, once."""
    scans = resources.cohort(cohort).scans
    visits = Counter(scans["participant"])
    ages = numbers(scans, "age_years")
    names = [
        " · ".join(
            [
                str(person),
                *([str(visit)] if visits[person] > 1 and pd.notna(visit) else []),
                *([f"slice {number}"] if pd.notna(number) else []),
                (UNLABELLED if pd.isna(label) else str(label)) + ("" if pd.isna(age) else f", {age:.0f} y"),
                str(split),
            ]
        )
        for person, visit, number, label, age, split in zip(
            scans["participant"],
            column(scans, "session"),
            column(scans, SLICE),
            scans["class"],
            ages,
            scans["split"],
            strict=True,
        )
    ]
    # A select box knows its options by what is written, and would take the last of two that read alike.
    alike = Counter(names)
    return tuple(f"{name} · row {row + 1}" if alike[name] > 1 else name for row, name in enumerate(names))


@lru_cache(maxsize=32)
def _ordered(cohort: str, sha256: str) -> tuple[int, ...]:
    """Rows of a cohort: test scans, then training scans, then others."""
    dataset = resources.cohort(cohort)
    rows = [int(row) for split in ("test", "train") for row in dataset.indices(split)]
    return (*rows, *sorted(set(range(len(dataset))) - set(rows)))
