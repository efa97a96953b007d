"""The precision that a study will reach, shown while it is designed."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.screens.study.planning.paired_planner import paired_planner
from brainlab.counted import counted
from brainlab.reading.protocol.design import Protocol
from brainlab.reading.protocol.questions import VERDICT
from brainlab.reading.statistics.planner import plan, share_width
from brainlab.reading.statistics.questions.planning import POWER, plan_choices, ranking_power


def planner(protocol: Protocol, key: str) -> None:
    """Show how wide the intervals will be for an expected accuracy and agreement."""
    st.subheader("Expected precision", anchor=False)
    if protocol.questions[0].options != VERDICT.options:
        (_choices if protocol.questions[0].kind in ("pair", "alternatives") else _shares)(protocol, key)
        return
    figures, guesses = st.columns([2, 1], gap="medium")
    with guesses, st.expander("Expected readers"):
        sensitivity = st.slider(
            "Real cases called real",
            0.0,
            1.0,
            0.8,
            0.05,
            key=f"{key}-sensitivity",
            help="The share of real cases that you expect one reader to recognise (sensitivity).",
        )
        specificity = st.slider(
            "Fake cases called fake",
            0.0,
            1.0,
            0.6,
            0.05,
            key=f"{key}-specificity",
            help="The share of generated cases that you expect one reader to recognise (specificity).",
        )
        kappa = st.slider(
            "Kappa of two readers",
            0.0,
            1.0,
            0.5,
            0.05,
            key=f"{key}-kappa",
            help="Agreement beyond chance: 0 is none, 1 is complete.",
        )
    expected = _plan(protocol.to_json(), sensitivity, specificity, kappa)
    with figures:
        row = st.container(horizontal=True, gap="small")
        _cases(row, "Cases", protocol)
        if expected.kappa is not None and expected.kappa_width is not None:
            about = f"around {expected.kappa:.2f}"
            kappa_half = f"± {expected.kappa_width / 2:.2f}"
            row.metric("Kappa, 95% interval", kappa_half, about, "off", delta_arrow="off", width="content")
        half = f"± {expected.accuracy_width / 2:.0%}"
        row.metric("Accuracy, 95% interval", half, "of one reader", "off", delta_arrow="off", width="content")
        together = []
        if expected.fleiss_width is not None:
            together.append(f"Fleiss' kappa ± {expected.fleiss_width / 2:.2f}")
        if expected.mean_accuracy_width is not None:
            together.append(f"mean accuracy ± {expected.mean_accuracy_width / 2:.0%}")
        if together:
            who = "Both" if len(protocol.readers) == 2 else f"All {len(protocol.readers)}"
            st.caption(f"{who} readers together, on new cases: {', '.join(together)}.")
        if expected.repeat_kappa_width is not None:
            st.caption(
                f"Intra-reader agreement over {counted(protocol.repeats, 'hidden repeat')}: "
                f"kappa ± {expected.repeat_kappa_width / 2:.2f} around {expected.repeat_kappa:.2f}."
            )
        if expected.kappa_width is not None and expected.kappa_width > 0.5:
            st.caption("With so few cases kappa will be imprecise. Fifty cases per source give about ± 0.1.")
    paired_planner(protocol, key)


@st.cache_data(max_entries=64, show_spinner=False)
def _plan(protocol_json: str, sensitivity: float, specificity: float, kappa: float):  # type: ignore[no-untyped-def]
    """Widths of a protocol; simulated once."""
    protocol = Protocol.from_json(protocol_json)
    return plan(protocol, sensitivity=sensitivity, specificity=specificity, kappa=kappa, repetitions=100)


def _cases(row: DeltaGenerator, name: str, protocol: Protocol) -> None:
    """Show how many cases a reader reads."""
    repeated = f"+ {protocol.repeats} repeated"
    if protocol.allocation:
        name, repeated = f"{name} per reader", f"of {protocol.cases}, {repeated}"
    row.metric(name, protocol.cases_each, repeated, "off", delta_arrow="off", width="content")


def _shares(protocol: Protocol, key: str) -> None:
    """Show the width of one reader's share of any one answer, or of images ranked above those of another source."""
    what = "Proportion ranked higher" if protocol.grouped else "Proportion of an answer"
    usual = 0.65 if protocol.grouped else 0.5
    share = st.slider(f"{what}, expected", 0.0, 1.0, usual, 0.05, key=f"{key}-share")
    row = st.container(horizontal=True, gap="small")
    _cases(row, "Cases", protocol)
    half = f"± {share_width(share, protocol.cases_each) / 2:.0%}"
    row.metric(f"{what}, 95% interval", half, "of one reader", "off", delta_arrow="off", width="content")
    if protocol.grouped:
        power = f"{ranking_power(share, protocol.cases_each):.0%}"
        row.metric("Power", power, "chance: 50%", "off", delta_arrow="off", width="content")


def _choices(protocol: Protocol, key: str) -> None:
    """Show how precise a forced choice will be, and how likely it is to be told from chance."""
    m = len(protocol.questions[0].places)
    expected = min(1.0, round((1 / m + 0.25) * 20) / 20)
    share = st.slider("Correct choices, expected", 0.0, 1.0, expected, 0.05, key=f"{key}-share")
    found = plan_choices(share, m, protocol.cases_each)
    row = st.container(horizontal=True, gap="small")
    _cases(row, "Pairs" if m == 2 else f"Cases of {m} images", protocol)
    half = f"± {found.half_width:.0%}"
    row.metric("Correct choices, 95% interval", half, "of one reader", "off", delta_arrow="off", width="content")
    row.metric("Power", f"{found.power:.0%}", f"chance: {1 / m:.0%}", "off", delta_arrow="off", width="content")
    if found.power < POWER:
        needed = f"{found.needed:,} cases are needed" if found.needed else "no number of cases that we looked at has it"
        st.caption(f"To tell {share:.0%} from chance with a power of {POWER:.0%} in one reader, {needed}.")
