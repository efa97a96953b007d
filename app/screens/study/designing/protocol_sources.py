"""What the design of a new study starts from: the workspace, a preset, a study that is here, or a protocol's file."""

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from app.data import resources
from brainlab.errors import InputError
from brainlab.files.textfile import decode_text
from brainlab.images.kind import images_of
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import PRESETS, Protocol, Reader, Source, new_seed
from brainlab.runs.matching.own_recipe import learned_images

OWN, COPY, FILE = "New design", "An existing study", "A file"
CASES = 20
LARGEST_FILE = 1_000_000
SEED = "desk-seed"
"""Seed of the study that is being designed, for as long as its form is open."""


def choose_start(studies: Mapping[str, str]) -> tuple[Protocol | None, str]:
    """Return the protocol to start from, and a key for the form's widgets; None with the reason on the page.

    studies: titles by id of the studies that can be copied.
    """
    st.session_state.setdefault(SEED, new_seed())
    offers = [OWN, *PRESETS, *([COPY] if studies else []), FILE]
    choice = st.segmented_control("Start from", offers, default=OWN, key="desk-preset") or OWN
    if choice == COPY:
        study = st.selectbox("Study to copy", list(studies), format_func=studies.__getitem__, key="desk-copy")
        st.caption("The design is copied with a new seed: a new order, and new cases where there are enough.")
        return _copy(study)
    if choice == FILE:
        return _file()
    start = (
        own_design(st.session_state[SEED]) if choice == OWN else replace(PRESETS[choice], seed=st.session_state[SEED])
    )
    if start is None:
        st.info("**No images to read yet.**  \nMake a cohort and a run first.")
        st.code("brainlab demo", language="bash")
    return start, choice


def _copy(study: str) -> tuple[Protocol | None, str]:
    """Return another study's design with a seed of its own."""
    seed = st.session_state[SEED]
    try:
        return lifecycle.load_protocol(lifecycle.study_folder(study)).again(seed), f"copy-{study}-{seed}"
    except InputError as error:
        st.error(str(error))
        return None, ""


def _file() -> tuple[Protocol | None, str]:
    """Return the protocol of an uploaded file; it keeps the seed that it names."""
    given = st.file_uploader("Protocol (JSON)", type="json", key="desk-file")
    if given is None:
        st.caption("As the Study desk or `brainlab study create --preset dwi-2020` writes one.")
        return None, ""
    try:
        if given.size > LARGEST_FILE:
            raise InputError(f"{given.name}: needs a protocol, got {given.size:,} bytes")
        protocol = Protocol.from_json(decode_text(given.getvalue()))
        # One without a seed gets another one whenever it is read; the form needs one that stays.
        return st.session_state.setdefault(f"desk-file-{given.file_id}", protocol), f"file-{given.file_id}"
    except InputError as error:
        st.error(str(error))
    return None, ""


def own_design(seed: int) -> Protocol | None:
    """Return twenty cases, half real, from whatever is in the workspace; None where there is nothing.

    All cases of a study look alike: only runs that draw what the first cohort holds are taken, or, where there is no
    cohort, what the first run draws: images of one size, sequence and recipe.
    """
    cohorts, runs = resources.cohorts(), resources.runs_that("sample")
    kinds = [(data.grid, images_of(data.recipe)) for data in cohorts.values()]
    kinds += [(run.grid, learned_images(run)) for run in runs.values()]
    runs = {
        name: run for name, run in runs.items() if run.grid.fits(kinds[0][0]) and learned_images(run) == kinds[0][1]
    }
    sources = [Source(kind="cohort", name=name, n=CASES // 2) for name in list(cohorts)[:1]]
    for number, name in enumerate(runs):
        n = CASES // 2 // len(runs) + (number < CASES // 2 % len(runs))
        sources += [Source(kind="run", name=name, n=n)] if n else []
    if not sources:
        return None
    return Protocol(
        title="Real or generated?",
        sources=tuple(sources),
        readers=(Reader(code="R1"), Reader(code="R2")),
        practice=4,
        seed=seed,
    )
