"""The form in which a researcher designs a reading study."""

from dataclasses import replace
from typing import Any, Literal, cast

import streamlit as st

from app import resources
from brainlab.errors import InputError
from brainlab.reading.design import PRESETS, Protocol, Reader, Source, preset
from brainlab.reading.planner import plan
from brainlab.reading.questions import PLANES

OWN = "Own design"
CASES = 20


def start_protocol(choice: str) -> Protocol | None:
    """Return what the form starts from: a preset, or twenty cases, half real, from whatever is in the workspace."""
    if choice in PRESETS:
        return preset(choice)
    cohorts, runs = resources.cohorts(), resources.runs()
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
    )


def design_form(start: Protocol, key: str) -> Protocol | None:
    """Show the form filled with `start`; returns the protocol as it stands, or None with the reason on the page.

    key: starts the keys of the widgets, so that another start fills the form anew.
    """
    title = st.text_input("Title (readers never see it)", start.title, key=f"{key}-title")
    left, right = st.columns([3, 2], gap="large")
    with left:
        sources = _sources(start, key)
    with right:
        readers = _readers(start, key)
        looks = _looks(start, key)
        reading = _reading(start, key)
    try:
        protocol = replace(start, title=title, sources=sources, readers=readers, **looks, **reading)
    except InputError as error:
        st.warning(str(error).removeprefix("protocol: ").capitalize())
        return None
    if protocol.time_cap_s and "no time limit" in protocol.instructions.lower():
        st.warning(f"The instructions say 'no time limit', but a case is shown for {protocol.time_cap_s:g} s only.")
    return protocol


def planner(protocol: Protocol, key: str) -> None:
    """Show how wide the intervals will be for an expected accuracy and agreement."""
    st.subheader("What this study can show", anchor=False)
    figures, guesses = st.columns([3, 2], gap="large")
    with guesses, st.expander("Expected readers"):
        sensitivity = st.slider("Real cases called real", 0.0, 1.0, 0.8, 0.05, key=f"{key}-sensitivity")
        specificity = st.slider("Fake cases called fake", 0.0, 1.0, 0.6, 0.05, key=f"{key}-specificity")
        kappa = st.slider("Kappa of two readers", 0.0, 1.0, 0.5, 0.05, key=f"{key}-kappa")
    expected = _plan(protocol.to_json(), sensitivity, specificity, kappa)
    with figures:
        columns = st.columns(3)
        columns[0].metric("Cases", protocol.cases, f"+ {protocol.repeats} repeated", "off", delta_arrow="off")
        if expected.kappa is not None and expected.kappa_width is not None:
            about = f"around {expected.kappa:.2f}"
            columns[1].metric(
                "Kappa, 95% interval", f"± {expected.kappa_width / 2:.2f}", about, "off", delta_arrow="off"
            )
        columns[2].metric(
            "Accuracy, 95% interval", f"± {expected.accuracy_width / 2:.0%}", "of one reader", "off", delta_arrow="off"
        )
        if expected.kappa_width is not None and expected.kappa_width > 0.5:
            st.caption("With so few cases the kappa will be a rough guide only. Fifty cases a source give about ± 0.1.")


@st.cache_data(max_entries=64, show_spinner=False)
def _plan(protocol_json: str, sensitivity: float, specificity: float, kappa: float):  # type: ignore[no-untyped-def]
    """Widths of a protocol; simulated once."""
    protocol = Protocol.from_json(protocol_json)
    return plan(protocol, sensitivity=sensitivity, specificity=specificity, kappa=kappa, repetitions=100)


def _sources(start: Protocol, key: str) -> tuple[Source, ...]:
    """Ask how many cases come from each cohort, run and folder."""
    st.markdown("**Cases from each source** (0 leaves it out)")
    wanted = {(source.kind, source.name): source for source in start.sources}
    chosen = []
    offers = [Source(kind="cohort", name=name, n=1) for name in resources.cohorts()]
    offers += [Source(kind="run", name=name, n=1) for name in resources.runs()]
    offers += [
        source for source in start.sources if (source.kind, source.name) not in {(o.kind, o.name) for o in offers}
    ]
    for offer in offers:
        before = wanted.get((offer.kind, offer.name))
        name, number = st.columns([3, 1], vertical_alignment="center")
        mark = ":green-badge[real]" if offer.truth == "real" else ":orange-badge[generated]"
        name.markdown(f"{mark} {offer.name}" + (" · held-out people only" if offer.kind == "cohort" else ""))
        n = number.number_input(
            offer.name,
            0,
            10_000,
            before.n if before else 0,
            key=f"{key}-n-{offer.kind}-{offer.name}",
            label_visibility="collapsed",
        )
        if n:
            chosen.append(replace(before or offer, n=int(n)))
    with st.expander("Images from a folder (PNG or NIfTI of other people's models)"):
        path = st.text_input("Folder on this machine", key=f"{key}-folder", placeholder="/data/their-model")
        label = st.radio("These images are", ["fake", "real"], horizontal=True, key=f"{key}-folder-label")
        n = st.number_input("Cases", 1, 10_000, 10, key=f"{key}-folder-n")
        if path.strip():
            chosen.append(
                Source(kind="folder", name=path.strip(), n=int(n), label=cast(Literal["real", "fake"], label))
            )
    return tuple(chosen)


def _readers(start: Protocol, key: str) -> tuple[Reader, ...]:
    """Ask for the readers' codes."""
    before = {reader.code: reader for reader in start.readers}
    text = st.text_input(
        "Readers, by code", ", ".join(before), key=f"{key}-readers", help="A code each, with commas between; no names."
    )
    codes = [code.strip() for code in text.split(",") if code.strip()]
    return tuple(before.get(code, Reader(code=code)) for code in codes)


def _looks(start: Protocol, key: str) -> dict[str, Any]:
    """Ask what one case looks like."""
    kinds = {"slice": "One slice", "volume": "Whole volume, three planes"}
    stimulus = st.radio(
        "A case is",
        list(kinds),
        list(kinds).index(start.stimulus),
        format_func=kinds.__getitem__,
        horizontal=True,
        key=f"{key}-stimulus",
    )
    with st.expander("Picture"):
        plane = st.selectbox("Plane of slices", PLANES, PLANES.index(start.plane), key=f"{key}-plane")
        span = st.slider("Part of the axis", 0.0, 1.0, start.slice_range, 0.05, key=f"{key}-range")
        interpolation = st.selectbox(
            "Enlargement",
            ["linear", "nearest"],
            ["linear", "nearest"].index(start.interpolation),
            key=f"{key}-interpolation",
        )
        window = st.selectbox(
            "Grey-scale window",
            ["fixed", "adjustable"],
            ["fixed", "adjustable"].index(start.window),
            key=f"{key}-window",
        )
        classes = st.multiselect(
            "Disease classes of real cases (all if empty)", _classes(), list(start.classes), key=f"{key}-classes"
        )
    return {
        "stimulus": stimulus,
        "plane": plane,
        "slice_range": (float(span[0]), float(span[1])),
        "interpolation": interpolation,
        "window": window,
        "classes": tuple(classes),
    }


def _reading(start: Protocol, key: str) -> dict[str, Any]:
    """Ask how the reading goes."""
    with st.expander("Reading"):
        confidence = st.toggle("Ask how sure the reader is (1 to 5)", start.confidence, key=f"{key}-confidence")
        cue = st.toggle("Ask what gave it away (optional text)", start.cue, key=f"{key}-cue")
        practice = st.number_input("Practice cases first", 0, 100, start.practice, key=f"{key}-practice")
        feedback = st.toggle("Tell the truth after practice cases", start.practice_feedback, key=f"{key}-feedback")
        repeats = st.slider(
            "Hidden repeats", 0.0, 0.5, start.repeats_share, 0.05, format="percent", key=f"{key}-repeats"
        )
        rest = st.number_input(
            "Break after so many cases (0: none)", 0, 1000, start.rest_break_every, key=f"{key}-rest"
        )
        cap = st.number_input("Seconds per case (0: no limit)", 0, 600, int(start.time_cap_s or 0), key=f"{key}-cap")
        seed = st.number_input("Seed", 0, 2**31 - 1, start.seed, key=f"{key}-seed")
        instructions = st.text_area("Instructions", start.instructions, key=f"{key}-instructions")
        consent = st.text_area("Consent", start.consent, key=f"{key}-consent")
    return {
        "confidence": confidence,
        "cue": cue,
        "practice": int(practice),
        "practice_feedback": feedback,
        "repeats_share": float(repeats),
        "rest_break_every": int(rest),
        "time_cap_s": float(cap) or None,
        "seed": int(seed),
        "instructions": instructions,
        "consent": consent,
    }


def _classes() -> list[str]:
    """Disease classes of all cohorts here."""
    return sorted({str(label) for data in resources.cohorts().values() for label in data.scans["class"].dropna()})
