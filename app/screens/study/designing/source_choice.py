"""Where a study's cases come from: cohorts, runs and folders, and how many of each."""

from dataclasses import replace
from typing import Literal, cast

import streamlit as st

from app.components import layout
from app.data import resources
from app.screens.study.designing.source_notes import TRUTH_BADGES, images_of_source
from brainlab.reading.protocol.design import Protocol, Source

USUAL = 10
"""Cases of a source that is added."""


def choose_sources(start: Protocol, key: str, counted: str) -> tuple[Source, ...]:
    """Ask which cohorts, runs and folders cases come from, and how many; counted: what, in the plural."""
    st.markdown(f"**{counted} from each source**")
    before = {_id(source): source for source in start.sources}
    offers = [Source(kind="cohort", name=name, n=USUAL) for name in resources.cohorts()]
    offers += [Source(kind="run", name=name, n=USUAL) for name in resources.runs_that("sample")]
    known = {_id(offer): before.get(_id(offer), offer) for offer in [*offers, *start.sources]}
    wanted = st.multiselect(
        "Sources",
        list(known),
        list(before),
        format_func=lambda place: _described(known[place]),
        key=f"{key}-sources",
        placeholder="Add a cohort or a run: type a name, a sequence or a size",
        help="Real cases come from cohorts, generated ones from runs. All images of a study should be of one sequence "
        "and size; 'Images of several sizes, formats or grey levels' makes others alike.",
    )
    chosen = [_counted(source, key) for place, source in known.items() if place in wanted]
    with st.expander("Images from a folder (PNG, JPEG, TIFF, NumPy, DICOM, NIfTI and other scans)"):
        path = st.text_input("Folder on this machine", key=f"{key}-folder", placeholder="/data/their-model")
        label = st.radio("These images are", ["fake", "real"], horizontal=True, key=f"{key}-folder-label")
        n = st.number_input(counted, 1, 10_000, USUAL, key=f"{key}-folder-n")
        if path.strip():
            chosen.append(
                Source(kind="folder", name=path.strip(), n=int(n), label=cast(Literal["real", "fake"], label))
            )
    if any(source.kind == "run" for source in chosen):
        with st.expander("Truncation of generated cases"):
            chosen = [_truncated(source, key) if source.kind == "run" else source for source in chosen]
    return tuple(chosen)


def _id(source: Source) -> str:
    return f"{source.kind}-{source.name}"


def _described(source: Source) -> str:
    """Name a source with what it can be searched by."""
    truth = "real" if source.truth == "real" else "generated"
    return " · ".join((source.name, truth, *images_of_source(source)))


def _counted(source: Source, key: str) -> Source:
    """Ask how many cases a chosen source gives."""
    name, number = st.columns([3, 1], vertical_alignment="center")
    held_out = ("held-out participants only",) if source.kind == "cohort" else ()
    about = " · ".join((*images_of_source(source), *held_out))
    shown = f"{TRUTH_BADGES[source.truth]} {layout.literal(source.name)}"
    name.markdown(shown + (f"  \n:small[:gray[{about}]]" if about else ""))
    n = number.number_input(
        source.name, 1, 10_000, source.n, key=f"{key}-n-{_id(source)}", label_visibility="collapsed"
    )
    return replace(source, n=int(n))


def _truncated(source: Source, key: str) -> Source:
    """Ask how far from the middle of the latent space a run's cases are drawn."""
    return replace(
        source,
        truncation=st.slider(
            f"{source.name} (1 samples from the prior)",
            0.1,
            2.0,
            float(source.truncation),
            0.1,
            key=f"{key}-truncation-{source.name}",
            help="Below 1, codes are drawn nearer to the middle of the latent space: images look more typical and "
            "vary less. Above 1, they vary more and look less typical.",
        ),
    )
