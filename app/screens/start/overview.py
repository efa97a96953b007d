"""The workflow on the first page, its counts, and suggested next steps."""

import html
from collections.abc import Sequence

import streamlit as st

from app.components.layout import link

PATH_STEPS = (
    ("Scans or a simulated cohort", "BIDS, NIfTI or simulation", "cohort"),
    ("Prepared cohort", "by the recipe of a paper", "cohort"),
    ("Trained generator", "VAEs, GANs, flows; volumes or slices", "train"),
    ("Latent space", "sliders, traversals, LDA", "explorer"),
    ("Blinded reading", "real or fake, by neuroradiologists", "study_desk"),
    ("Agreement", "kappa, accuracy, report", "study_desk"),
)


def path_picture() -> None:
    """Draw the way from scans to agreement."""
    boxes = "".join(
        f'<div class="bl-step"><span>{number}</span><b>{title}</b><small>{detail}</small></div>'
        for number, (title, detail, _) in enumerate(PATH_STEPS, start=1)
    )
    st.html(f'<div class="bl-path">{boxes}</div>')


def cards(rows: Sequence[tuple[str, str, int, str]]) -> None:
    """Show (page, title, number, detail) as cards that lead to their pages."""
    for column, (page, title, number, detail) in zip(st.columns(len(rows)), rows, strict=True):
        with column.container(border=True, height="stretch"):
            st.html(f'<div class="bl-card"><b>{number}</b><span>{html.escape(title)}</span></div>')
            st.caption(detail)
            link(page, "Open")


def next_steps(cohorts: bool, runs: bool, studies: bool) -> None:
    """Suggest next steps for what the workspace holds."""
    steps = []
    if not cohorts:
        steps.append(("cohort", "Import scans, or simulate a cohort"))
    if cohorts:
        steps.append(("train", "Train a generator on a cohort, and watch its samples form"))
    if runs:
        steps += [
            ("explorer", "Explore latent dimensions 175 and 76 of the FLAIR paper (ventricle size, brightness)"),
            ("lda", "Compare disease classification from latent codes and from acquisition parameters alone"),
            ("generate", "Compare each run's reconstructions with the original"),
        ]
    steps.append(
        (
            "study_desk",
            "View your reading studies" if studies else "Design a blinded real-versus-generated reading study",
        )
    )
    for page, what in steps:
        link(page, what)
