"""The form in which a researcher designs a reading study; everything that a protocol holds can be set in it."""

from dataclasses import replace
from typing import Any

import streamlit as st

from app.components import layout
from app.data import resources
from app.screens.study.designing.allocation import allocation
from app.screens.study.designing.harmonisation import harmonisation
from app.screens.study.designing.questions import first_question, further_questions
from app.screens.study.designing.source_choice import choose_sources
from brainlab.errors import InputError
from brainlab.images.grid import PLANES
from brainlab.reading.protocol.composition import fitting_numbers
from brainlab.reading.protocol.design import INSTRUCTIONS, Protocol, Reader, usual_instructions
from brainlab.reading.protocol.questions import GROUP_KINDS, VERDICT, Question
from brainlab.reading.protocol.validation import check_reader_codes

WINDOWS = ("fixed", "adjustable")
ENLARGEMENTS = ("linear", "nearest")


def design_form(start: Protocol, key: str) -> Protocol | None:
    """Show the form filled with `start`; returns the protocol as it stands, or None with the reason on the page.

    key: starts the keys of the widgets, so that another start fills the form anew.
    """
    title = st.text_input("Title (readers never see it)", start.title, key=f"{key}-title")
    first = first_question(start, key)
    with st.expander("Further questions"):
        questions = (first, *further_questions(start, key))
        answers = _answers(start, key)
    with layout.wrapping("design", 1):
        left, right = st.columns([3, 2], gap="large")
    with left:
        begun, mark = _fitted(start, first)
        sources = choose_sources(begun, f"{key}{mark}", "Images" if first.places else "Cases")
    with right:
        stimulus = _stimulus(start, key)
        readers = _readers(start, key)
        with st.expander("Picture"):
            looks = _looks(start, key)
        with st.expander("Images of several sizes, formats or grey levels"):
            alike = harmonisation(start, key)
        with st.expander("More cases than one reader can read"):
            shared = allocation(start, len(readers), key)
        with st.expander("Reading"):
            course = _course(start, key)
        with st.expander("Texts for readers"):
            words = _words(start, first, key)
        with st.expander("Statistics and seed"):
            chance = _chance(start, key)
    given: dict[str, Any] = {
        "title": title,
        "sources": sources,
        "readers": readers,
        "questions": questions,
        "stimulus": stimulus,
        "harmonisation": alike,
        "allocation": shared,
    }
    try:
        protocol = replace(start, **given, **answers, **looks, **course, **words, **chance)
        check_reader_codes([reader.code for reader in protocol.readers])
    except InputError as error:
        st.warning(str(error).removeprefix("protocol: ").capitalize())
        return None
    if protocol.time_cap_s and "no time limit" in protocol.instructions.lower():
        st.warning(f"The instructions say 'no time limit', but a case is shown for {protocol.time_cap_s:g} s only.")
    return protocol


def _fitted(start: Protocol, first: Question) -> tuple[Protocol, str]:
    """Return the design with as many images of each source as the first question needs, and a mark for its widgets.

    A design whose first question nobody has changed stays as it is, and has no mark.
    """
    shape = (first.kind, first.images, first.wanted)
    before = start.questions[0]
    if shape == (before.kind, before.images, before.wanted) or first.kind not in GROUP_KINDS:
        return start, ""
    numbers = fitting_numbers(first, [(source.name, source.truth, source.n) for source in start.sources])
    sources = tuple(replace(s, n=n) for s, n in zip(start.sources, numbers, strict=True) if n)
    try:
        return replace(start, sources=sources, questions=(first,)), "-" + "-".join(map(str, shape))
    except InputError:  # a ranking of another number of sources, say: the form says so
        return start, ""


def _readers(start: Protocol, key: str) -> tuple[Reader, ...]:
    """Ask for the readers' codes, and for their years of experience."""
    before = {reader.code: reader for reader in start.readers}
    text = st.text_input(
        "Reader codes", ", ".join(before), key=f"{key}-readers", help="Comma-separated codes, no names."
    )
    codes = [code.strip() for code in text.split(",") if code.strip()]
    readers = [before.get(code, Reader(code=code)) for code in codes]
    with st.expander("About the readers"):
        return tuple(_reader(reader, f"{key}-reader-{number}") for number, reader in enumerate(readers))


def _reader(reader: Reader, key: str) -> Reader:
    """Ask for what reports say of a reader, and for the name, which is kept apart."""
    name, years = st.columns(2)
    before = None if reader.experience_years is None else float(reader.experience_years)
    known = name.text_input(f"{reader.code}: name (optional)", reader.name, key=f"{key}-name-{reader.code}")
    read = years.number_input(
        f"{reader.code}: years of experience",
        0.0,
        80.0,
        before,
        1.0,
        key=f"{key}-years-{reader.code}",
    )
    return replace(reader, name=known.strip(), experience_years=read)


def _stimulus(start: Protocol, key: str) -> str:
    """Ask whether readers see slices or volumes."""
    kinds = {"slice": "One slice", "volume": "Whole volume, three planes"}
    place = list(kinds).index(start.stimulus)
    return st.radio(
        "An image is",
        list(kinds),
        place,
        format_func=kinds.__getitem__,
        horizontal=True,
        key=f"{key}-stimulus",
        help="Readers scroll through a volume under one crosshair; a slice is a single picture.",
    )


def _answers(start: Protocol, key: str) -> dict[str, Any]:
    """Ask what goes with the first answer."""
    return {
        "confidence": st.toggle(
            "Ask for confidence (1 to 5)",
            start.confidence,
            key=f"{key}-confidence",
            help="Needed for ROC areas: 1 is a guess, 5 is certain.",
        ),
        "cue": st.toggle(
            "Ask what the verdict was based on (optional text)",
            start.cue,
            key=f"{key}-cue",
            help="Free text after each case, such as 'sulci too smooth'. It makes each case take longer.",
        ),
    }


def _looks(start: Protocol, key: str) -> dict[str, Any]:
    """Ask what one image looks like."""
    plane = st.selectbox(
        "Plane of slices",
        PLANES,
        PLANES.index(start.plane),
        key=f"{key}-plane",
        help="Of volumes; slices of a run or cohort that holds slices keep their own plane.",
    )
    span = st.slider(
        "Part of the axis",
        0.0,
        1.0,
        (float(start.slice_range[0]), float(start.slice_range[1])),
        0.05,
        key=f"{key}-range",
        help="Slices are taken from this part of the plane's axis: 0 is the first slice, 1 the last.",
    )
    classes = st.multiselect(
        "Disease classes of real cases (all if empty)",
        sorted({*_classes(), *start.classes}),
        list(start.classes),
        key=f"{key}-classes",
    )
    enlargement = ENLARGEMENTS.index(start.interpolation)
    interpolation = st.selectbox(
        "Enlargement",
        ENLARGEMENTS,
        enlargement,
        key=f"{key}-interpolation",
        help="How pixels are made larger: 'linear' blends neighbours, 'nearest' shows each pixel as a square.",
    )
    magnification = st.number_input(
        "Magnification (0: automatic)",
        0,
        32,
        start.magnification,
        key=f"{key}-magnification",
        help="How many times each pixel is enlarged when the study is locked; automatic makes slices about 384 pixels "
        "wide and leaves volumes to the viewer.",
    )
    window = st.selectbox(
        "Grey-scale window",
        WINDOWS,
        WINDOWS.index(start.window),
        key=f"{key}-window",
        help="'fixed' shows all readers the same grey levels; with 'adjustable' they change width and level by mouse.",
    )
    shown = (float(start.window_low), float(start.window_high))
    low, high = st.slider(
        "Intensity window",
        0.0,
        1.0,
        shown,
        0.01,
        key=f"{key}-levels",
        help="Intensities that are shown black and white, from 0 to 1.",
    )
    floor = st.slider(
        "Background ends at this intensity",
        0.0,
        0.49,
        float(start.background_floor),
        0.01,
        key=f"{key}-floor",
        help="Lower intensities are background in every image, real or generated: a faint haze around generated heads "
        "would give them away.",
    )
    return {
        "plane": plane,
        "slice_range": (float(span[0]), float(span[1])),
        "classes": tuple(classes),
        "interpolation": interpolation,
        "magnification": int(magnification),
        "window": window,
        "window_low": float(low),
        "window_high": float(high),
        "background_floor": float(floor),
    }


def _course(start: Protocol, key: str) -> dict[str, Any]:
    """Ask how the reading goes."""
    practice = st.number_input(
        "Practice cases",
        0,
        100,
        start.practice,
        key=f"{key}-practice",
        help="Shown first and left out of every result; their images come on top of the cases.",
    )
    feedback = st.toggle(
        "Show the truth after practice cases",
        start.practice_feedback,
        key=f"{key}-feedback",
        help="Readers then learn from the practice cases what generated images look like.",
    )
    repeats = st.slider(
        "Hidden repeats",
        0.0,
        1.0,
        float(start.repeats_share),
        0.05,
        format="percent",
        key=f"{key}-repeats",
        help="Share of the cases that each reader sees a second time without being told, for the agreement of each "
        "reader with their own first answer (intra-reader agreement).",
    )
    rest = st.number_input("Cases between breaks (0: none)", 0, 1000, start.rest_break_every, key=f"{key}-rest")
    cap = st.number_input(
        "Seconds per case (0: no limit)", 0.0, 3600.0, float(start.time_cap_s or 0.0), 5.0, key=f"{key}-cap"
    )
    dark = st.number_input(
        "Dark pause before each case (seconds)",
        0.0,
        10.0,
        float(start.dark_pause_s),
        0.5,
        key=f"{key}-dark",
        help="A blank screen between cases, so that two images are not compared by flicker.",
    )
    rounds = st.number_input(
        "Readings of the same cases",
        1,
        5,
        start.rounds,
        key=f"{key}-rounds",
        help="2 has every reader read all cases again in another order, for agreement over time.",
    )
    weeks = st.number_input(
        "Minimum washout between readings (weeks)",
        0.0,
        104.0,
        float(start.washout_weeks),
        1.0,
        key=f"{key}-washout",
        help="The time after which readers may begin the next reading, so that they forget the images; weeks to months "
        "are usual.",
        disabled=rounds < 2,
    )
    return {
        "practice": int(practice),
        "practice_feedback": feedback,
        "repeats_share": float(repeats),
        "rest_break_every": int(rest),
        "time_cap_s": float(cap) or None,
        "dark_pause_s": float(dark),
        "rounds": int(rounds),
        "washout_weeks": float(weeks),
    }


def _words(start: Protocol, first: Question, key: str) -> dict[str, Any]:
    """Ask for what readers are told. Instructions nobody wrote follow the first question."""
    untouched = start.instructions in (INSTRUCTIONS, usual_instructions(start.questions[0]))
    instructions = usual_instructions(first) if untouched else start.instructions
    kind = first.kind if first.kind in GROUP_KINDS or first.options == VERDICT.options else "other"
    suffix = "" if kind == "choice" else f"-{kind}" + f"-{first.images}-{first.wanted}" * (kind in GROUP_KINDS)
    return {
        "reader_title": st.text_input("Title that readers see", start.reader_title, key=f"{key}-reader-title"),
        "instructions": st.text_area("Instructions", instructions, key=f"{key}-instructions{suffix}", height=150),
        "consent": st.text_area("Consent", start.consent, key=f"{key}-consent", height=110),
    }


def _chance(start: Protocol, key: str) -> dict[str, Any]:
    """Ask for what the analysis fixes beforehand, and for the seed of all draws."""
    margin = st.slider(
        "Equivalence margin around 50%",
        0.01,
        0.45,
        float(start.equivalence_margin),
        0.01,
        key=f"{key}-margin",
        help="Readers' accuracy within 50% ± this margin counts as equivalent to chance (two one-sided tests). Set "
        "before the study and never changed afterwards.",
    )
    seed = st.number_input(
        "Seed",
        0,
        max(layout.LARGEST_SEED, start.seed),
        start.seed,
        key=f"{key}-seed",
        help="The order of cases of each reader follows from it, together with a secret that the lock draws.",
    )
    return {"equivalence_margin": float(margin), "seed": int(seed)}


def _classes() -> list[str]:
    """Disease classes of all cohorts here."""
    return sorted({str(label) for data in resources.cohorts().values() for label in data.scans["class"].dropna()})
